"""Answers a second, beside the plain app: python -m benchmarks.throughput --organisations 10000.

Both servers run at the same time with two workers; blocks of questions that neither has seen
alternate between them. The questions are texts alone, since the plain app takes nothing else; the
last line asks the service the same number with needs and members in most of them.
"""

from __future__ import annotations

import statistics
from itertools import islice

from benchmarks.asking import spread, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, questions
from benchmarks.homes import homes_for, options
from benchmarks.serving import Block, ask_in_turns, plain_app, service


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    parser.add_argument("--askers", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--block", type=int, default=200, help="questions in a block")
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    with homes_for(asked) as homes:
        home, folder = homes.service(corpus), homes.plain_app(corpus)
        with service(home, **homes.environ) as ours, plain_app(folder) as plain:
            count = asked.block * (asked.blocks + 1)
            texts = list(islice(questions(corpus, plain=True), count))
            whole = list(islice(questions(corpus, plain=False, seed=23), count))
            runs = [
                ("service", ours, [to_service(question) for question in texts]),
                ("plain app", plain, [to_plain_app(question) for question in texts]),
                ("service, needs and members", ours, [to_service(question) for question in whole]),
            ]
            found = ask_in_turns(runs, asked.block, asked.askers)
    print(f"{asked.organisations} organisations, {asked.askers} askers, {asked.blocks} blocks")
    show(found)
    rates = [statistics.median(block.rate for block in blocks) for _, blocks in found]
    print(f"service / plain app: {rates[0] / rates[1]:.2f}")


def show(found: list[tuple[str, list[Block]]]) -> None:
    rows = [
        (
            name,
            spread([block.rate for block in blocks]),
            spread([1000 * statistics.median(block.latencies) for block in blocks]),
            spread([1000 * block.cpu_seconds / len(block.latencies) for block in blocks]),
        )
        for name, blocks in found
    ]
    table(("median (lowest–highest block)", "answers/s", "ms an answer", "CPU ms"), rows)


if __name__ == "__main__":
    main()
