"""What each part of the ranking is worth: python -m benchmarks.ablation TRAIN TEST.

TRAIN and TEST are folders in the layout of the CORDIS bulk files. The index is built once, on
TRAIN. Each line leaves one part out; where that is a weight, the others are fitted anew on TRAIN
with that one fixed at 0. Printed are means over the projects of TEST, by text only and with half of
the members given. `schakel evaluate` prints the whole beside the baselines.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Project
from matcher.evaluation import fitting, weight_search
from matcher.evaluation.evaluate import figures_of, temporary_settings
from matcher.evaluation.fitting import fit_weights
from matcher.evaluation.weight_search import FitQuery
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.matching import retrieve
from matcher.matching.service import Recommender
from matcher.models.fitted import FittedModels, QueryMode
from matcher.models.weights import Weights
from matcher.parameters import MAX_CANDIDATES
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.projects import load_projects

SEED = 1
FEWER_CANDIDATES = 500
LEFT_OUT = {
    "mention": ("mention",),
    "collaboration": ("collaboration",),
    "affiliation": ("affiliation",),
    "likely partners": ("likely_partners",),
    "reciprocity": ("reciprocity",),
    "words": ("words",),
    "sentence": ("sentence",),
}
"""What the line says, and the weights that are 0 there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="folder that profiles are made of")
    parser.add_argument("test", type=Path, help="folder of the projects to ask about")
    asked = parser.parse_args()
    projects = read_cordis(asked.test).projects
    print("| | text only: nDCG@10 | R@50 | rare R@100 | half given: nDCG@10 | R@50 | rare R@100 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        settings = temporary_settings(read_settings({"SCHAKEL_HOME": folder}), Path(folder))
        store = Store(settings.database_url)
        store.upgrade()
        store_batch(store, read_cordis(asked.train))
        build_index(store, settings)
        provider = provide_corpus(store, settings)
        compare(provider, projects, settings.long_tail)
        store.dispose()


def compare(provider: CorpusProvider, projects: Sequence[Project], long_tail: float) -> None:
    snapshot = provider.snapshot()
    models = snapshot.models

    def line(name: str, models: FittedModels = models, share: float = long_tail) -> None:
        _line(name, provider, _with_models(snapshot, models), projects, share)

    line("as it is")
    line("shipped weights", replace(models, weights=Weights()))
    search = _searches(provider)
    for name, zero in LEFT_OUT.items():
        line(f"no {name}", replace(models, weights=search(zero)))
    line("no vote calibration", replace(models, votes=None))
    line("no long-tail quota", share=0.0)
    with patch.object(retrieve, "MAX_CANDIDATES", FEWER_CANDIDATES):
        line(f"{FEWER_CANDIDATES} candidates instead of {MAX_CANDIDATES:,}")


def _line(
    name: str,
    provider: CorpusProvider,
    snapshot: Snapshot,
    projects: Sequence[Project],
    share: float,
) -> None:
    recommender = Recommender(provider, AnswerCache(MemoryCache(), 0), share)
    cells = []
    for mode in QueryMode:
        figures = figures_of(recommender, snapshot, projects, mode, SEED)
        cells += [figures.ndcg_10, figures.recall_50, figures.rare_recall_100]
    print(f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |", flush=True)


def _with_models(snapshot: Snapshot, models: FittedModels) -> Snapshot:
    generation = replace(snapshot.generation, models=models)
    return replace(snapshot, generation=generation)


def _searches(provider: CorpusProvider) -> Callable[[Sequence[str]], Weights]:
    """Return what fits the weights with some of them fixed at 0, on queries asked once.

    Where there is too little history, or the fitted weights were not installed, the shipped ones
    with those at 0.
    """
    snapshot = provider.snapshot()
    report = snapshot.models.report
    if report is None or not report.installed:
        return lambda zero: replace(Weights(), **dict.fromkeys(zero, 0.0))
    modes: list[list[FitQuery]] = []
    with _queries_taken(modes), provider.store.reading() as session:
        fit_weights(snapshot, load_projects(session), lambda stage, done, total: None)

    def search(zero: Sequence[str]) -> Weights:
        grid = {name: values for name, values in weight_search.GRID.items() if name not in zero}
        start = replace(Weights(), **dict.fromkeys(zero, 0.0))
        with patch.object(weight_search, "GRID", grid):
            return weight_search.search_weights(modes, start)

    return search


@contextmanager
def _queries_taken(modes: list[list[FitQuery]]) -> Iterator[None]:
    """Take the queries of all folds that a fit would search weights on; nothing is searched."""

    def take(lists: Sequence[Sequence[FitQuery]], start: Weights) -> Weights:
        modes[:] = [list(queries) for queries in lists]
        return start

    with patch.object(fitting, "search_weights", take):
        yield


if __name__ == "__main__":
    main()
