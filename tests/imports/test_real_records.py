"""How good matches are on real records; the whole report is `flask --app app evaluate`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matcher.cache import MemoryCache
from matcher.container import Services
from matcher.evaluation.evaluate import figures_of
from matcher.evaluation.fitting import install, train
from matcher.evaluation.queries import MODES, TEXT_ONLY
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.matching.service import Recommender
from tests.conftest import settings_for

pytestmark = pytest.mark.slow

LEAST = {
    ("cordis-fp7", "shipped"): {"ndcg@10": (0.175, 0.17), "recall@50": (0.285, 0.38)},
    ("anr-pia", "learned"): {"ndcg@10": (0.23, 0.36), "recall@50": (0.48, 0.69)},
}
"""Of real records, with which weights: what no change may fall below, without and with members."""


@pytest.mark.parametrize(("name", "weights"), LEAST)
def test_real_records_reach_what_was_promised(tmp_path: Path, name: str, weights: str) -> None:
    folder = os.environ.get("SCHAKEL_TEST_DATA")
    if not folder:
        pytest.skip("SCHAKEL_TEST_DATA names no folder with real records")
    services = Services(settings_for(tmp_path))
    store_batch(services.store, read_cordis(Path(folder) / name / "train"))
    build_index(services.store, services.settings)
    if weights == "learned":
        training = train(services.corpus_provider, services.settings)
        assert training.gained
        install(services.settings, training, services.corpus_provider.snapshot().version)
    snapshot = services.corpus_provider.snapshot()
    recommender = Recommender(services.corpus_provider, MemoryCache())
    projects = read_cordis(Path(folder) / name / "dev").projects
    for mode in MODES:
        figures = figures_of(recommender, snapshot, projects, mode, seed=1)
        for figure, least in LEAST[name, weights].items():
            assert figures[figure] >= least[mode != TEXT_ONLY], (mode, figures)
    services.store.dispose()
