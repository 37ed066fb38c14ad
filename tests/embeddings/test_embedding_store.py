from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.embedding_store import EmbeddingStore
from embeddings.whitening import Floats

DIM = 3
TEXTS = ["one", "two", "one", "", "drie"]


class Network:
    """Counts what it is asked; after `patience` texts it stops."""

    def __init__(self, patience: int = 10_000) -> None:
        self.asked: list[str] = []
        self.patience = patience

    def read(self, texts: Sequence[str]) -> Floats:
        if len(self.asked) + len(texts) > self.patience:
            raise KeyboardInterrupt
        self.asked += texts
        rows = [[len(text), len(text) / 3, sum(map(ord, text))] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), DIM)


def rows(path: Path | None, network: Network, texts: list[str], reader: str = "a") -> Floats:
    return EmbeddingStore(path).rows(reader, texts, DIM, network.read)


def test_nothing_is_read_twice_and_what_is_kept_is_the_same(tmp_path: Path) -> None:
    path, first, second = tmp_path / "r.sqlite3", Network(), Network()
    expected = Network().read(TEXTS)
    assert (rows(path, first, TEXTS) == expected).all()
    again = rows(path, second, [*TEXTS, "vier"])
    assert second.asked == ["vier"]
    assert (again[:-1] == expected).all() and again.dtype == np.float32
    assert rows(path, second, []).shape == (0, DIM)


def test_without_a_file_everything_is_read() -> None:
    network = Network()
    embedding_store = EmbeddingStore()
    for _ in range(2):
        embedding_store.rows("a", TEXTS, DIM, network.read)
    embedding_store.forget_others()
    assert network.asked == TEXTS * 2


def test_readers_and_lengths_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    rows(path, Network(), ["one"], "a")
    other = Network()
    rows(path, other, ["one"], "b")
    assert other.asked == ["one"]
    longer = EmbeddingStore(path).rows("a", ["one"], 4, lambda texts: np.ones((1, 4), np.float32))
    assert longer.tolist() == [[1, 1, 1, 1]]


def test_one_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    path, texts = tmp_path / "r.sqlite3", [f"text {number}" for number in range(700)]
    with pytest.raises(KeyboardInterrupt):
        rows(path, Network(600), texts)
    rest = Network()
    assert (rows(path, rest, texts) == Network().read(texts)).all()
    assert rest.asked == texts[512:]


def test_what_was_not_asked_for_is_forgotten(tmp_path: Path) -> None:
    path, network = tmp_path / "r.sqlite3", Network()
    rows(path, Network(), ["stays", "goes"])
    embedding_store = EmbeddingStore(path)
    embedding_store.rows("a", ["stays", "new"], DIM, network.read)
    embedding_store.forget_others()
    assert network.asked == ["new"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (2,)
    rows(path, network, ["stays", "goes", "new"])
    assert network.asked == ["new", "goes"]


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    for _ in range(2):  # the first finds the damage
        assert (rows(path, Network(), TEXTS) == Network().read(TEXTS)).all()
    third = Network()
    rows(path, third, TEXTS)
    assert third.asked == []


def test_where_nothing_can_be_kept_all_is_read(tmp_path: Path) -> None:
    network = Network()
    assert (rows(tmp_path / "gone" / "r.sqlite3", network, TEXTS) == Network().read(TEXTS)).all()
    assert network.asked == TEXTS


def test_a_file_that_another_process_holds_costs_time_only(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("embeddings.embedding_store._PATIENCE", 0.05)
    path = tmp_path / "r.sqlite3"
    rows(path, Network(), ["one"])
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        network = Network()
        assert (rows(path, network, TEXTS) == Network().read(TEXTS)).all()
    assert path.exists() and os.listdir(tmp_path) == ["r.sqlite3"]
