"""Cold answers by size of the corpus, beside the plain app: python -m benchmarks.latency.

One asker, and no question twice; blocks alternate between all servers, which run at the same time.
Then, in this process and over the largest corpus, how many of the first twenty are those of
exhaustive scoring: neighbours from the exact index, and no limit to the number of candidates.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from benchmarks.asking import percentile, spread, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, GeneratedQuestion, questions
from benchmarks.homes import Homes, homes_for, options
from benchmarks.serving import Block, ask_in_turns, plain_app, service, service_environment
from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Need, Question
from matcher.index.exact import ExactIndex
from matcher.index.layered import LayeredIndex
from matcher.indexing.provider import provide_corpus
from matcher.matching import retrieve
from matcher.matching.service import Recommender
from matcher.settings import read_settings
from matcher.store import Store

FIRST = 20


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--block", type=int, default=100, help="questions in a block")
    parser.add_argument("--overlap", type=int, default=100, help="questions of the last figure")
    asked = parser.parse_args()
    sizes = sorted(asked.organisations)
    if asked.database and len(sizes) > 1:
        parser.error("one database holds one corpus: give one size with --database")
    with homes_for(asked) as homes:
        found = measured(homes, sizes, asked.block, asked.blocks)
        print(f"{asked.blocks} blocks of {asked.block} questions, one asker")
        show(found)
        medians = [statistics.median(latencies(blocks)) for _, blocks in found]
        for number, name in enumerate(("service", "plain app")):
            first, last = medians[number], medians[2 * (len(sizes) - 1) + number]
            print(f"{name}: median at {sizes[-1]:,} / at {sizes[0]:,}: {last / first:.2f}")
        corpus = GeneratedCorpus(sizes[-1])
        several = list(islice(questions(corpus, plain=False, seed=24), asked.overlap))
        shares = overlaps(homes.service(corpus), homes.environ, several)
    print(
        f"of the first {FIRST} of exhaustive scoring, found at {sizes[-1]:,} organisations: "
        f"{statistics.mean(shares):.1%} (worst question {min(shares):.0%})"
    )


def measured(
    homes: Homes, sizes: list[int], size: int, count: int
) -> list[tuple[str, list[Block]]]:
    """Return blocks of the service and of the plain app for each size of corpus."""
    runs = []
    with ExitStack() as stack:
        for number in sizes:
            corpus = GeneratedCorpus(number)
            texts = list(islice(questions(corpus, plain=True), size * (count + 1)))
            ours = stack.enter_context(service(homes.service(corpus), **homes.environ))
            plain = stack.enter_context(plain_app(homes.plain_app(corpus)))
            runs.append((f"service, {number:,}", ours, [to_service(one) for one in texts]))
            runs.append((f"plain app, {number:,}", plain, [to_plain_app(one) for one in texts]))
        return ask_in_turns(runs, size, askers=1)


def show(found: list[tuple[str, list[Block]]]) -> None:
    rows = []
    for name, blocks in found:
        medians = [1000 * statistics.median(block.latencies) for block in blocks]
        cpu = [1000 * block.cpu_seconds / len(block.latencies) for block in blocks]
        p99 = 1000 * percentile(latencies(blocks), 0.99)
        rows.append((name, spread(medians), f"{p99:.0f}", spread(cpu)))
    table(("organisations", "median ms (blocks)", "p99 ms", "CPU ms"), rows)


def latencies(blocks: list[Block]) -> list[float]:
    """Return the seconds of all answers."""
    return [seconds for block in blocks for seconds in block.latencies]


def overlaps(home: Path, environ: dict[str, str], several: list[GeneratedQuestion]) -> list[float]:
    """Return for each question the share of the exhaustive first twenty that the service finds."""
    settings = read_settings(service_environment(home, **environ))
    store = Store(settings.database_url)
    provider = provide_corpus(store, settings)
    recommender = Recommender(provider, AnswerCache(MemoryCache(), 0), settings.long_tail)
    snapshot = provider.snapshot()
    exhaustive = exact(snapshot)
    shares = []
    for asked in several:
        needs = tuple(map(Need, asked.needs))
        question = Question(asked.text, needs=needs, members=asked.members, limit=FIRST)
        found = recommender.ranked_rows(snapshot, question)[:FIRST].tolist()
        with patch.object(retrieve, "MAX_CANDIDATES", len(snapshot.corpus)):
            wanted = recommender.ranked_rows(exhaustive, question)[:FIRST].tolist()
        if wanted:
            shares.append(len(set(found) & set(wanted)) / len(wanted))
    store.dispose()
    return shares


def exact(snapshot: Snapshot) -> Snapshot:
    """Return the same snapshot with an exact index of the same vectors."""
    ids = snapshot.index.ids()
    index = ExactIndex(snapshot.index.dim, ids, snapshot.index.rows(ids))
    return replace(snapshot, index=LayeredIndex(index))


if __name__ == "__main__":
    main()
