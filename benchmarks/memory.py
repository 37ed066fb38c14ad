"""Memory of a worker after 200 questions, beside the plain app: python -m benchmarks.memory.

Over the demo data, and over 100,000 generated organisations. Resident memory counts all pages that
a process maps; proportional counts a page that n processes map 1/n; private are those that nobody
else maps. What a worker costs is its share: all private pages, and shared ones once for all.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import islice

from benchmarks.asking import Request, table, to_plain_app, to_service
from benchmarks.generated import GeneratedCorpus, questions
from benchmarks.homes import homes_for, options
from benchmarks.serving import Memory, Server, plain_app, service

ASKERS = 4


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    size = f"{asked.organisations:,} organisations"
    whole = list(islice(questions(corpus, plain=False), asked.questions))
    texts = list(islice(questions(corpus, plain=True), asked.questions))
    rows = []
    with homes_for(asked) as homes:
        if not asked.database:  # which holds one corpus
            with service(homes.demo(), **homes.environ) as server:
                found = asked_memory(server, [to_service(one) for one in texts])
                rows.append(shown("service, demo data", found))
        with service(homes.service(corpus), **homes.environ) as server:
            found = asked_memory(server, [to_service(one) for one in whole])
            rows.append(shown(f"service, {size}", found))
        with plain_app(homes.plain_app(corpus)) as server:
            found = asked_memory(server, [to_plain_app(one) for one in texts])
            rows.append(shown(f"plain app, {size}", found))
    heads = ("MB a worker", "workers", "resident", "proportional", "private", "share of a worker")
    table(heads, rows)


def asked_memory(server: Server, requests: Sequence[Request]) -> list[Memory]:
    """Return the memory of each worker after it answered questions."""
    server.block(requests, ASKERS)
    return server.memory()


def shown(name: str, workers: Sequence[Memory]) -> tuple[str, ...]:
    """Return a line with means over the workers."""
    resident = statistics.mean(one.resident for one in workers)
    proportional = statistics.mean(one.proportional for one in workers)
    private = statistics.mean(one.private for one in workers)
    # Pages that all workers map are counted once, and divided among them.
    share = private + (resident - private) / len(workers)
    figures = (resident, proportional, private, share)
    return (name, str(len(workers)), *(f"{figure:,.0f}" for figure in figures))


if __name__ == "__main__":
    main()
