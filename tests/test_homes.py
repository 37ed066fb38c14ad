from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embeddings import sentence, sentence_encoders
from tests import homes
from tests.homes import NETWORKS, built_once, key_of


def test_what_several_ask_for_is_built_by_one(tmp_path: Path) -> None:
    begin, runs = threading.Barrier(4), []

    def build(folder: Path) -> None:
        runs.append(folder)
        folder.mkdir()
        (folder / "file").write_text("built")

    def ask(_number: int) -> str:
        begin.wait(10)
        return (built_once(tmp_path, "home", "key", build) / "file").read_text()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == ["built"] * 4
    assert len(runs) == 1
    built_once(tmp_path, "home", "another key", build)
    assert len(runs) == 2


def test_a_changed_or_new_file_makes_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "ROOT", tmp_path)
    monkeypatch.setattr(homes, "__file__", str(tmp_path / "homes.py"))
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "one.py").write_text("1")
    first = key_of(folder)
    assert key_of(folder) == first
    (folder / "one.py").write_text("2")
    second = key_of(folder)
    (folder / "two.py").write_text("")
    assert len({first, second, key_of(folder)}) == 3


def test_stored_embeddings_are_those_of_the_networks() -> None:
    """Whether this test run or an earlier one stored them."""
    texts = ["Compounding of biodegradable films", "Waterzuivering met membranen"]
    assert sentence._encode is not NETWORKS
    for _ in range(2):
        rows = sentence._encode(texts)
        assert rows.shape == (2, sentence_encoders.DIM)
        assert rows == pytest.approx(NETWORKS(texts), abs=1e-3)
