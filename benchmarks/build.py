"""How long a build takes, beside the plain app's encoding: python -m benchmarks.build.

The organisations are stored by `import organisations`, the past projects by `import cordis`, both
without a build; then `index build` is run on that store, and once more with nothing new. The plain
app encodes its offers, a part of the same texts, with one thread. Last, texts a second on all
cores, of the networks alone in batches, and of the service's bulk embedding into its store.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from benchmarks.generated import GeneratedCorpus
from benchmarks.generated.files import write_cordis, write_ndjson, write_offers
from benchmarks.homes import Homes, Spent, encode_plain, homes_for, options
from benchmarks.plain_app import OFFERS
from benchmarks.serving import table
from embeddings.sentence import SENTENCE_NETWORKS
from matcher.store import Store

BATCH = 256
"""Texts that the networks read in one batch, as many as in the service's bulk embedding."""


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    asked = parser.parse_args()
    corpus = GeneratedCorpus(asked.organisations)
    with homes_for(asked) as homes:
        encoding = plain_encoding(homes, corpus)
        steps = service_steps(homes, corpus)
    whole = steps[0][1] + steps[1][1] + steps[2][1]
    rows = [*steps, ("imports and build", whole), ("plain app, its offers encoded", encoding)]
    offers, facets = count(corpus)
    print(f"{corpus.size:,} organisations, {facets:,} facets of which {offers:,} offers")
    table(
        ("", "seconds", "CPU seconds", "seconds / plain", "CPU / plain"),
        [
            (
                name,
                f"{spent.seconds:.1f}",
                f"{spent.cpu_seconds:.1f}",
                f"{spent.seconds / encoding.seconds:.2f}",
                f"{spent.cpu_seconds / encoding.cpu_seconds:.2f}",
            )
            for name, spent in rows
        ],
    )
    texts = texts_of(corpus)
    alone, bulk = networks_rate(texts), bulk_rate(texts)
    print(
        f"embedding {len(texts):,} texts: {bulk:.0f} a second, networks alone {alone:.0f}, "
        f"ratio {bulk / alone:.2f}"
    )


def plain_encoding(homes: Homes, corpus: GeneratedCorpus) -> Spent:
    """Return what the plain app's encoding of its offers took."""
    folder = homes.empty("build-plain")
    write_offers(corpus, folder / OFFERS)
    return encode_plain(folder)


def service_steps(homes: Homes, corpus: GeneratedCorpus) -> list[tuple[str, Spent]]:
    """Return what the imports and the builds took."""
    home = homes.empty("build-service")
    table_file, projects = home / "organisations.ndjson", home / "cordis"
    write_ndjson(corpus, table_file)
    write_cordis(corpus, projects)
    steps = {
        "import organisations": ("import", "organisations", str(table_file), "--no-index"),
        "import cordis": ("import", "cordis", str(projects), "--no-index"),
        "index build": ("index", "build"),
        "index build, nothing new": ("index", "build"),
    }
    return [(name, homes.flask(home, *arguments)) for name, arguments in steps.items()]


def count(corpus: GeneratedCorpus) -> tuple[int, int]:
    """Return the numbers of offers and of facets."""
    organisations = [organisation for organisation, _ in corpus.organisations()]
    facets = sum(len(one.facets) for one in organisations) + corpus.project_count
    return sum(len(one.offers) for one in organisations), facets


def texts_of(corpus: GeneratedCorpus) -> list[str]:
    """Return the different texts of the corpus."""
    texts = [text.text for _, several in corpus.organisations() for text in several]
    texts += [text.text for _, text in corpus.projects()]
    return list(dict.fromkeys(texts))


def networks_rate(texts: Sequence[str]) -> float:
    """Return texts a second of the networks, in a process for each core; loading isn't counted."""
    cores = len(os.sched_getaffinity(0))
    ordered = sorted(texts, key=len)
    with ProcessPoolExecutor(cores, get_context("spawn"), _prepare) as pool:
        parts = [ordered[number::cores] for number in range(cores)]
        return sum(pool.map(_encode_part, parts))


def bulk_rate(texts: Sequence[str]) -> float:
    """Return texts a second of the service's bulk embedding, with all that belongs to it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/store.sqlite3", lambda: [SENTENCE_NETWORKS])
        store.upgrade()
        start = time.perf_counter()
        store.embed_many(texts)
        seconds = time.perf_counter() - start
        store.dispose()
    return len(texts) / seconds


def _prepare() -> None:
    """Load the networks."""
    threadpool_limits(1)
    SENTENCE_NETWORKS.encode_raw(["Ready?"])


def _encode_part(texts: Sequence[str]) -> float:
    """Return texts a second in this process, which runs beside others like it."""
    start = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        SENTENCE_NETWORKS.encode_raw(texts[first : first + BATCH])
    return len(texts) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
