from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.default import DefaultEncoder
from matcher.corpus.corpus import Corpus
from matcher.corpus.generation import (
    GenerationError,
    GenerationFormatError,
    GenerationWriteError,
    build_generation,
    build_lock,
    current_name,
    new_index,
    open_generation,
    prune,
    publish_with_models,
)
from matcher.corpus.records import FacetRecord
from matcher.corpus.tables import CorpusTables
from matcher.domain import FacetKind
from matcher.index.exact import ExactIndex
from matcher.models.fitted import (
    Comparison,
    FitReport,
    FittedModels,
    Quality,
    QueryMode,
    models_from,
)
from matcher.models.score_calibration import ScoreCalibration
from matcher.models.vote_calibration import VoteCurves
from matcher.models.weights import Weights
from tests.corpus.corpora import facets_of, organisations_of, record_of
from tests.curves import need_offer_model
from tests.servers import ROOT

MODELS = FittedModels(need_offer_model(-4.0, 8.0, (1.5, -2.0, -5.0)))
"""Those of a corpus without any history."""
FITTED = FittedModels(
    need_offer=need_offer_model(-3.5, 7.25, (1.0, -1.0, -2.0)),
    weights=Weights(mention=0.7, sentence=2.0),
    calibration={QueryMode.HALF_GIVEN: ScoreCalibration(1.5, 0.5, -2.0, (-1.0, 0.5), (0.01, 0.4))},
    report=FitReport(
        queries=48,
        fitted=Weights(mention=0.7, sentence=2.0),
        installed=True,
        comparisons=(
            Comparison(
                QueryMode.TEXT_ONLY, 16, Quality(0.25, 0.5, 0.125), Quality(0.5, 0.75, 0.25)
            ),
        ),
    ),
)
CURVES = VoteCurves((0.5, 1.5), np.array([4, 8]), np.array([[0.25, 1.25], [0.75, 1.0]]))
TABLES = CorpusTables.build(
    [record_of(1, "Waterlab", "Gent", "BE"), record_of(2, "北京", "", "CN")],
    [
        FacetRecord(number, FacetKind.OFFER, None, None, None, ("/water/salt",), (owner, 99))
        for number, owner in ((4, 1), (8, 2), (15, 1))
    ],
    [["x:001", "x:002"]],
)
TEXTS = ["plastic recycling", "hydrogen electrolysis", "wound dressing with sensors"]


def build(root: Path, version: int = 1) -> str:
    encoder = DefaultEncoder.fit(TEXTS)
    vectors = encoder.encode(TEXTS)
    profiles = ExactIndex(encoder.dim, np.array([1, 2]), vectors[:2])
    index = new_index("faiss", encoder)
    index.add(np.array([4, 8, 15]), vectors)
    return build_generation(
        root,
        encoder,
        TABLES,
        index,
        profiles,
        MODELS,
        corpus_version=version,
        mark="",
    )


def test_what_was_built_is_opened(tmp_path: Path) -> None:
    assert current_name(tmp_path) is None
    name = build(tmp_path)
    assert current_name(tmp_path) == name
    opened = open_generation(tmp_path, name)
    assert (opened.corpus_version, len(opened.index)) == (1, 3)
    assert opened.models == MODELS
    _, found = opened.index.search(opened.encoder.encode([TEXTS[1]]), 1)
    assert found.tolist() == [[8]]


def test_the_columns_are_read_as_they_were_built(tmp_path: Path) -> None:
    opened = Corpus(1, open_generation(tmp_path, build(tmp_path)).tables)
    built = Corpus(1, TABLES)
    assert organisations_of(opened) == organisations_of(built)
    assert opened.organisation(1) == record_of(2, "北京", "", "CN")
    assert facets_of(opened) == facets_of(built)
    assert facets_of(opened)[8].owners == (2,)
    assert opened.variants_of(0) == [1]
    assert opened.row_of_id == {"x:001": 0, "x:002": 1}


def test_columns_that_do_not_belong_together_are_damage(tmp_path: Path) -> None:
    name = build(tmp_path)
    np.save(tmp_path / name / "columns" / "kind.npy", np.zeros(2, np.int8))
    with pytest.raises(GenerationError, match="index build"):
        open_generation(tmp_path, name)


def test_a_build_that_is_killed_is_never_seen(tmp_path: Path) -> None:
    name = build(tmp_path)
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "import matcher.corpus.generation as generation\n"
        "generation._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from tests.corpus.test_generation import build\n"
        f"build(Path({str(tmp_path)!r}), 2)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert current_name(tmp_path) == name
    assert len(list(tmp_path.glob("building-*"))) == 1
    assert len(open_generation(tmp_path, name).index) == 3
    with build_lock(tmp_path):
        pass
    assert list(tmp_path.glob("building-*")) == []


def test_a_build_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = build(tmp_path)

    def full(*_: object) -> None:
        raise OSError("Not enough free space to write 34238400 bytes after offset 128")

    monkeypatch.setattr(DefaultEncoder, "save", full)
    with pytest.raises(GenerationWriteError, match="former one stays: Not enough free space"):
        build(tmp_path, 2)
    assert list(tmp_path.glob("building-*")) == []
    assert current_name(tmp_path) == name
    assert len(open_generation(tmp_path, name).index) == 3


def test_prune_keeps_the_current_and_one_more(tmp_path: Path) -> None:
    names = [build(tmp_path, version) for version in range(1, 5)]
    prune(tmp_path, keep=2)
    left = {path.name for path in tmp_path.glob("gen-*")}
    assert names[-1] in left
    assert len(left) == 2


@pytest.mark.parametrize(
    "victim", ["manifest.json", "encoder/vocabulary.json", "index/ids.npy", "columns/keys.npy"]
)
@pytest.mark.parametrize("content", ["broken", ""])
def test_damage_is_told_with_the_remedy(tmp_path: Path, victim: str, content: str) -> None:
    name = build(tmp_path)
    (tmp_path / name / victim).write_text(content)
    with pytest.raises(GenerationError, match="index build"):
        open_generation(tmp_path, name)


SHAPES = ("[]", "3", "null", '"kind"')
FILES = (
    "manifest",
    "models",
    "index/faiss",
    "encoder/encoder",
    "encoder/vocabulary",
    "encoder/word-vectors",
)


def test_what_has_another_shape_is_damage_too(tmp_path: Path) -> None:
    name = build(tmp_path)
    manifest = json.loads((tmp_path / name / "manifest.json").read_text())
    damages = [(file, shape) for file in FILES for shape in SHAPES]
    for field in ("corpus_version", "model", "kind"):
        damages += [("manifest", json.dumps({**manifest, field: one})) for one in ([], None, "x")]
    for file, content in damages:
        path = tmp_path / name / f"{file}.json"
        whole = path.read_text()
        path.write_text(content)
        with pytest.raises(GenerationError, match="index build"):
            open_generation(tmp_path, name)
        path.write_text(whole)
    assert len(open_generation(tmp_path, name).index) == 3


def test_models_are_read_as_they_were_written() -> None:
    written = json.loads(json.dumps(FITTED.as_json()))
    assert models_from(written) == FITTED
    assert models_from(json.loads(json.dumps(MODELS.as_json()))) == MODELS
    assert written["weights"]["mention"] == 0.7
    for field, value in (
        ("weights", {"text": "much"}),
        ("need_offer", None),
        ("calibration", {"by ear": written["calibration"][QueryMode.HALF_GIVEN.value]}),
    ):
        with pytest.raises(ValueError, match=field):
            models_from({**written, field: value})


def test_other_models_are_published_in_a_twin(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match="no index yet.*index build"):
        publish_with_models(tmp_path, FITTED)
    base = build(tmp_path, 7)
    twin = publish_with_models(tmp_path, replace(FITTED, votes=CURVES))
    assert current_name(tmp_path) == twin != base
    opened, former = open_generation(tmp_path, twin), open_generation(tmp_path, base)
    votes = opened.models.votes
    assert (replace(opened.models, votes=None), former.models) == (FITTED, MODELS)
    assert votes is not None and votes.common == CURVES.common
    assert votes.for_keys(np.array([8, 5])).own.tolist() == [[0.75, 1.0], [0.5, 1.5]]
    again = publish_with_models(tmp_path, FITTED)
    assert open_generation(tmp_path, again).models.votes is None
    assert open_generation(tmp_path, twin).models.votes is not None
    assert (opened.corpus_version, opened.model) == (7, former.model)
    assert opened.index.ids().tolist() == [4, 8, 15]
    for file in ("index/ids.npy", "encoder/vocabulary.json"):  # large files are shared
        assert (tmp_path / twin / file).samefile(tmp_path / base / file)
    assert not (tmp_path / twin / "models.json").samefile(tmp_path / base / "models.json")


@pytest.mark.parametrize("former", [9, 10, 12, None])
def test_an_index_of_another_version_is_outdated(tmp_path: Path, former: int | None) -> None:
    name = build(tmp_path)
    path = tmp_path / name / "manifest.json"
    assert json.loads(path.read_text())["format"] == 13
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": former}))
    with pytest.raises(GenerationFormatError, match="another version.*index build"):
        open_generation(tmp_path, name)


def test_a_pointer_that_is_damaged_points_nowhere(tmp_path: Path) -> None:
    build(tmp_path)
    for content in (b"", b"\xff"):
        (tmp_path / "CURRENT").write_bytes(content)
        assert current_name(tmp_path) is None


def test_a_child_process_searches_after_a_fork(tmp_path: Path) -> None:
    name = build(tmp_path)
    child = os.fork()
    if child == 0:
        opened = open_generation(tmp_path, name)
        found = opened.index.search(opened.encoder.encode([TEXTS[0]]), 1)[1]
        os._exit(0 if found.tolist() == [[4]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
