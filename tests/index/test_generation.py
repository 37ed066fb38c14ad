from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.lsa import LsaEncoder
from matcher.index.generation import (
    GenerationError,
    Unwritable,
    build_generation,
    build_lock,
    current_name,
    newest_name,
    open_generation,
    prune,
    read_learned,
    with_ranking,
)
from tests.servers import ROOT

TEXTS = ["plastic recycling", "hydrogen electrolysis", "wound dressing with sensors"]


def build(root: Path, version: int = 1) -> str:
    encoder = LsaEncoder.fit(TEXTS)
    ids = np.array([4, 8, 15], dtype=np.int64)
    return build_generation(root, encoder, ids, encoder.encode(TEXTS), version, "faiss")


def test_what_was_built_is_opened(tmp_path: Path) -> None:
    assert current_name(tmp_path) is None
    name = build(tmp_path)
    assert current_name(tmp_path) == name
    opened = open_generation(tmp_path, name)
    assert (opened.corpus_version, len(opened.index)) == (1, 3)
    _, found = opened.index.search(opened.encoder.encode([TEXTS[1]]), 1)
    assert found.tolist() == [[8]]


def test_a_build_that_is_killed_is_never_seen(tmp_path: Path) -> None:
    name = build(tmp_path)
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "import matcher.index.generation as generation\n"
        "generation._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from tests.index.test_generation import build\n"
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

    monkeypatch.setattr(LsaEncoder, "save", full)
    with pytest.raises(Unwritable, match="former one stays: Not enough free space"):
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


@pytest.mark.parametrize("victim", ["manifest.json", "encoder/words.json", "index/ids.npy"])
@pytest.mark.parametrize("content", ["broken", ""])
def test_damage_is_told_with_the_remedy(tmp_path: Path, victim: str, content: str) -> None:
    name = build(tmp_path)
    (tmp_path / name / victim).write_text(content)
    with pytest.raises(GenerationError, match="index build"):
        open_generation(tmp_path, name)


SHAPES = ("[]", "3", "null", '"kind"')
FILES = ("manifest", "ranking", "findings", "index/faiss", "encoder/encoder", "encoder/words")


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


def test_what_was_learned_is_read_beside_what_is_damaged(tmp_path: Path) -> None:
    build(tmp_path)
    name = with_ranking(tmp_path, {"weights": {"named": 0.7}})
    for victim in ("manifest.json", "encoder/words.json", "index/ids.npy", "findings.json"):
        (tmp_path / name / victim).unlink()
        (tmp_path / name / victim).write_text("broken")
    assert read_learned(tmp_path, name) == ({"weights": {"named": 0.7}}, "lsa")
    (tmp_path / name / "manifest.json").write_text('{"format": 5}')
    with pytest.raises(GenerationError, match="another version"):
        read_learned(tmp_path, name)


def test_a_pointer_that_is_damaged_points_nowhere(tmp_path: Path) -> None:
    name = build(tmp_path)
    for content in (b"", b"\xff"):
        (tmp_path / "CURRENT").write_bytes(content)
        assert (current_name(tmp_path), newest_name(tmp_path)) == (None, name)


def test_a_child_process_searches_after_a_fork(tmp_path: Path) -> None:
    name = build(tmp_path)
    child = os.fork()
    if child == 0:
        opened = open_generation(tmp_path, name)
        found = opened.index.search(opened.encoder.encode([TEXTS[0]]), 1)[1]
        os._exit(0 if found.tolist() == [[4]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
