"""How long a cold answer takes, and each stage's share: python -m benchmarks.answers [CORDIS].

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
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from matcher.corpus.provider import CorpusProvider
from matcher.demo import load as demo
from matcher.domain import Question
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.matching.explain import explain
from matcher.matching.rerank import rerank
from matcher.matching.retrieve import retrieve
from matcher.matching.score import score
from matcher.matching.understand import understand
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.facets import load_facets

QUESTIONS = 200
Result = TypeVar("Result")


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
        measure(provide_corpus(store, settings))
        store.dispose()


def measure(provider: CorpusProvider) -> None:
    snapshot = provider.snapshot()
    corpus = snapshot.corpus
    every = max(1, corpus.facet_count // QUESTIONS)
    with provider.store.reading() as session:
        facets = load_facets(session, corpus.facet_ids.whole()[::every].tolist())
    times: list[float] = []
    seconds: defaultdict[str, float] = defaultdict(float)
    for number, (facet_id, facet) in enumerate(facets.items()):
        row = int(corpus.facet_rows(np.array([facet_id]))[0])
        owners = corpus.owners.at(row)[:2].tolist()
        members = tuple(corpus.ids[owner] for owner in owners)
        question = Question(facet.embedded_text, members=members if number % 2 else ())
        start = time.perf_counter()
        stages = _stages(provider, question)
        times.append((time.perf_counter() - start) * 1000)
        for stage, took in stages.items():
            seconds[stage] += took
    times.sort()
    print(
        f"{corpus.organisation_count} organisations, {corpus.facet_count} facets, "
        f"{len(times)} cold answers: "
        f"median {statistics.median(times):.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms"
    )
    whole = sum(times) / 1000
    seconds["other"] = whole - sum(seconds.values())
    for stage, took in seconds.items():
        print(f"  {stage:11} {took / len(times) * 1000:6.2f} ms  {took / whole:5.0%}")


def _stages(provider: CorpusProvider, question: Question) -> dict[str, float]:
    """Answer a question as the recommender does; return the seconds that each stage took."""
    seconds: dict[str, float] = {}

    def timed(stage: str, run: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = run()
        seconds[stage] = time.perf_counter() - start
        return result

    snapshot, store = provider.snapshot(), provider.store
    understood = timed("understand", lambda: understand(snapshot, store, question))
    candidates = timed("retrieve", lambda: retrieve(understood))
    scored = timed("score", lambda: score(candidates, snapshot.models))
    ranked = timed("rerank", lambda: rerank(scored, provider.settings.long_tail))
    timed("explain", lambda: explain(store, ranked))
    return seconds


if __name__ == "__main__":
    main()
