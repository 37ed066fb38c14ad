"""How good matches are on real records; the whole report is `schakel evaluate`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matcher.container import Services
from matcher.evaluation.evaluate import figures_of, with_shipped_weights
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.models.fitted import QueryMode
from tests.conftest import settings_for

pytestmark = pytest.mark.slow

LEAST = {
    ("cordis-fp7", "shipped"): {"ndcg_10": (0.175, 0.17), "recall_50": (0.28, 0.38)},
    ("anr-pia", "fitted"): {"ndcg_10": (0.22, 0.35), "recall_50": (0.48, 0.69)},
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
    snapshot = services.corpus_provider.snapshot()
    report = snapshot.models.report
    if weights == "fitted":
        assert report is not None and report.installed
    else:
        snapshot = with_shipped_weights(snapshot)
    projects = read_cordis(Path(folder) / name / "dev").projects
    for mode in QueryMode:
        figures = figures_of(services.recommender, snapshot, projects, mode, seed=1)
        for figure, least in LEAST[name, weights].items():
            assert getattr(figures, figure) >= least[mode is not QueryMode.TEXT_ONLY], (
                mode,
                figures,
            )
    services.store.dispose()
