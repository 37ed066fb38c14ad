"""Eight of the heaviest questions at once: python -m benchmarks.heavy.

All the while /health/live is called and a plain question asked four times a second, first beside
the plain app with nothing else to do. The questions are as large as the service lets them be.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, repeat

from benchmarks.asking import LIVE, PROBE_HEADS, Probes, Request, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, questions
from benchmarks.homes import homes_for, options
from benchmarks.serving import Server, plain_app, service

AT_ONCE = 8
EVERY = 0.25
"""Seconds between two plain questions."""
QUIET = 5.0
"""Seconds without a heavy question, for comparison."""


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
            heavy(server, plain_questions, corpus, asked.rounds)


def probes(server: Server, asked: Mapping[str, Iterator[Request]]) -> None:
    """Print how long plain questions take while nothing else goes on."""
    with Probes(server.ask, EVERY, asked) as found:
        time.sleep(QUIET)
    table(PROBE_HEADS, found.rows())


def heavy(
    server: Server, plain: Mapping[str, Iterator[Request]], corpus: GeneratedCorpus, rounds: int
) -> None:
    """Ask heavy questions, and print how long they and the plain ones took."""
    several = list(islice(heaviest(corpus), AT_ONCE * rounds))
    cpu = server.cpu_seconds()
    with Probes(server.ask, EVERY, plain) as found:
        for number in range(rounds):
            part = several[number * AT_ONCE : (number + 1) * AT_ONCE]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = list(pool.map(server.ask, [request for _, request in part]))
            for (name, _), answer in zip(part, answers, strict=True):
                print(f"  {answer.seconds:7.2f} s  {answer.status}  {name}")
    print(f"the workers used {server.cpu_seconds() - cpu:.1f} CPU s")
    table(PROBE_HEADS, found.rows())


def heaviest(corpus: GeneratedCorpus) -> Iterator[tuple[str, Request]]:
    """Yield heavy questions by name, no two alike."""
    texts = questions(corpus, plain=True, seed=27)
    members = [corpus.id_of(number) for number in range(min(150, corpus.size))]
    for number in cycle(range(4)):
        start = f"{next(texts).text}. "
        needs = [{"text": one.text.ljust(300, "x")[:300]} for one in islice(texts, 50)]
        yield (
            ("20,000 characters of 'x, '", _asked(text=(start + "x, " * 7_000)[:20_000])),
            ("50 needs of 300 characters", _asked(needs=needs)),
            ("50 needs of 300 characters, 150 members", _asked(needs=needs, members=members)),
            ("20,000 characters of sentences", _asked(text=" ".join([start] * 400)[:20_000])),
        )[number]


def _asked(**body: object) -> Request:
    return Request("/api/v1/recommendations", json.dumps(body).encode())


if __name__ == "__main__":
    main()
