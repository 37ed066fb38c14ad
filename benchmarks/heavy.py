"""Eight of the heaviest questions at once: python -m benchmarks.heavy.

All the while /health/live is called and a plain question asked four times a second, first beside
the plain app with nothing else to do. The questions are those of benchmarks.heaviest_questions, as
large as the service lets them be.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, repeat
from pathlib import Path

from benchmarks import heaviest_questions
from benchmarks.asking import LIVE, PROBE_HEADS, Probes, Request, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, questions
from benchmarks.homes import homes_for, options
from benchmarks.serving import Server, plain_app, service, service_environment
from matcher.container import Services
from matcher.settings import read_settings

AT_ONCE = 8
EVERY = 0.25
"""Seconds between two plain questions."""
QUIET = 5.0
"""Seconds without a heavy question, for comparison."""
LONG_TEXTS = ("we need x, ", "invented words", "invented sentences")
"""Of benchmarks.heaviest_questions.texts."""
Heavy = tuple[str, Request]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    texts = questions(corpus, plain=True, seed=26)
    with homes_for(asked) as homes:
        home, folder = homes.service(corpus), homes.plain_app(corpus)
        with service(home, **homes.environ) as server:
            print(f"{corpus.size:,} organisations; nothing heavy")
            with plain_app(folder) as plain:
                probes(plain, {"plain app": map(to_plain_app, texts)})
            plain_questions = {
                "/health/live": repeat(LIVE),
                "plain question": map(to_service, texts),
            }
            probes(server, plain_questions)
            print(f"{AT_ONCE} heavy questions at once, {asked.rounds} times")
            several = list(islice(heaviest(home, homes.environ, corpus), AT_ONCE * asked.rounds))
            heavy(server, plain_questions, several)


def probes(server: Server, asked: Mapping[str, Iterator[Request]]) -> None:
    """Print how long plain questions take while nothing else goes on."""
    with Probes(server.ask, EVERY, asked) as found:
        time.sleep(QUIET)
    table(PROBE_HEADS, found.rows())


def heavy(server: Server, plain: Mapping[str, Iterator[Request]], several: Sequence[Heavy]) -> None:
    """Ask heavy questions, and print how long they and the plain ones took."""
    cpu = server.cpu_seconds()
    with Probes(server.ask, EVERY, plain) as found:
        for start in range(0, len(several), AT_ONCE):
            part = several[start : start + AT_ONCE]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = list(pool.map(server.ask, [request for _, request in part]))
            for (name, _), answer in zip(part, answers, strict=True):
                print(f"  {answer.seconds:7.2f} s  {answer.status}  {name}")
    print(f"the workers used {server.cpu_seconds() - cpu:.1f} CPU s")
    table(PROBE_HEADS, found.rows())


def heaviest(home: Path, environ: Mapping[str, str], corpus: GeneratedCorpus) -> Iterator[Heavy]:
    """Yield heavy questions by name, no two alike."""
    services = Services(read_settings(service_environment(home, **environ)))
    ids = [corpus.id_of(number) for number in range(corpus.size)]
    bodies = list(heaviest_questions.questions(services, ids))
    long = dict(heaviest_questions.texts(services.settings.question_characters))
    bodies += [(f"text of {name!r}", {"text": long[name]}) for name in LONG_TEXTS]
    services.store.dispose()
    for number, (name, body) in enumerate(cycle(bodies), start=1):
        # Somebody else is left out each time, so that no answer comes from the cache.
        asked = {**body, "exclude": [ids[-number]]}
        yield name, Request("/api/v1/recommendations", json.dumps(asked).encode())


if __name__ == "__main__":
    main()
