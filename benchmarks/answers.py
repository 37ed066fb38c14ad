"""How long a cold answer takes, and each step's share: python -m benchmarks.answers [CORDIS].

CORDIS is a folder in the layout of the CORDIS bulk files (default: SCHAKEL_BENCH_DATA); without
one the demo data is used. Every question is one of the corpus's own project texts, with two of its
participants as members in every second one; nothing comes from the cache.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from matcher.cache import MemoryCache
from matcher.corpus.snapshot import CorpusProvider
from matcher.demo import load as demo
from matcher.domain import Question
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.matching.service import Recommender, Stopwatch
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.facets import load_facets

QUESTIONS = 200


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SCHAKEL_BENCH_DATA", "")
    with tempfile.TemporaryDirectory() as home:
        settings = read_settings({"SCHAKEL_HOME": home})
        store = Store(settings.database_url)
        store.upgrade()
        start = time.perf_counter()
        if where:
            store_batch(store, read_cordis(Path(where)))
        else:
            demo.load(store)
        stored = time.perf_counter()
        build_index(store, settings)
        built = time.perf_counter()
        build_index(store, settings)
        again = time.perf_counter()
        print(
            f"import {stored - start:.2f} s, index build {built - stored:.2f} s, "
            f"again with the same texts {again - built:.2f} s"
        )
        measure(Recommender(CorpusProvider(store, settings), MemoryCache()))
        store.dispose()


def measure(recommender: Recommender) -> None:
    snapshot = recommender.corpus_provider.snapshot()
    corpus = snapshot.corpus
    every = max(1, len(corpus.facets) // QUESTIONS)
    with recommender.corpus_provider.store.reading() as session:
        facets = load_facets(session, corpus.facet_ids[::every].tolist())
    times = []
    watch = Stopwatch()
    for number, (facet_id, facet) in enumerate(facets.items()):
        row = int(corpus.facet_rows(corpus.facet_ids[corpus.facet_ids == facet_id])[0])
        owners = corpus.owner_rows[corpus.owner_start[row] : corpus.owner_start[row + 1]][:2]
        members = tuple(corpus.organisations[owner].id for owner in owners)
        question = Question(facet.embedded_text, members=members if number % 2 else ())
        start = time.perf_counter()
        recommender.corpus_provider.snapshot()
        recommender.compute(snapshot, question, watch)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(
        f"{len(corpus)} organisations, {len(corpus.facets)} facets, {len(times)} cold answers: "
        f"median {statistics.median(times):.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms"
    )
    whole = sum(times) / 1000
    for step, seconds in watch.seconds.items():
        print(f"  {step:8} {seconds / len(times) * 1000:6.2f} ms  {seconds / whole:5.0%}")
    known = sum(watch.seconds.values())
    print(f"  {'other':8} {(whole - known) / len(times) * 1000:6.2f} ms  {1 - known / whole:5.0%}")


if __name__ == "__main__":
    main()
