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
    """Records the texts it encodes; raises after `patience` texts."""

    def __init__(self, patience: int = 10_000) -> None:
        self.asked: list[str] = []
        self.patience = patience

    def encode(self, texts: Sequence[str]) -> Floats:
        if len(self.asked) + len(texts) > self.patience:
            raise KeyboardInterrupt
        self.asked += texts
        rows = [[len(text), len(text) / 3, sum(map(ord, text))] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), DIM)


def rows(path: Path | None, network: Network, texts: list[str], encoder_id: str = "a") -> Floats:
    return EmbeddingStore(path).rows(encoder_id, texts, DIM, network.encode)


def test_no_text_is_encoded_twice_and_stored_rows_are_equal(tmp_path: Path) -> None:
    path, first, second = tmp_path / "e.sqlite3", Network(), Network()
    expected = Network().encode(TEXTS)
    assert (rows(path, first, TEXTS) == expected).all()
    again = rows(path, second, [*TEXTS, "vier"])
    assert second.asked == ["vier"]
    assert (again[:-1] == expected).all() and again.dtype == np.float32
    assert rows(path, second, []).shape == (0, DIM)


def test_without_a_file_every_text_is_encoded() -> None:
    network = Network()
    embedding_store = EmbeddingStore()
    for _ in range(2):
        embedding_store.rows("a", TEXTS, DIM, network.encode)
    embedding_store.delete_unused()
    assert network.asked == TEXTS * 2


def test_encoders_and_dimensions_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite3"
    rows(path, Network(), ["one"], "a")
    other = Network()
    rows(path, other, ["one"], "b")
    assert other.asked == ["one"]
    longer = EmbeddingStore(path).rows("a", ["one"], 4, lambda texts: np.ones((1, 4), np.float32))
    assert longer.tolist() == [[1, 1, 1, 1]]


def test_an_interrupted_run_continues_where_it_stopped(tmp_path: Path) -> None:
    path, texts = tmp_path / "e.sqlite3", [f"text {number}" for number in range(700)]
    with pytest.raises(KeyboardInterrupt):
        rows(path, Network(600), texts)
    rest = Network()
    assert (rows(path, rest, texts) == Network().encode(texts)).all()
    assert rest.asked == texts[512:]


def test_unused_rows_are_deleted(tmp_path: Path) -> None:
    path, network = tmp_path / "e.sqlite3", Network()
    rows(path, Network(), ["stays", "goes"])
    embedding_store = EmbeddingStore(path)
    embedding_store.rows("a", ["stays", "new"], DIM, network.encode)
    embedding_store.delete_unused()
    assert network.asked == ["new"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM embedding").fetchone() == (2,)
    rows(path, network, ["stays", "goes", "new"])
    assert network.asked == ["new", "goes"]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite3"
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    for _ in range(2):  # the first finds the damage
        assert (rows(path, Network(), TEXTS) == Network().encode(TEXTS)).all()
    third = Network()
    rows(path, third, TEXTS)
    assert third.asked == []


def test_where_nothing_can_be_stored_every_text_is_encoded(tmp_path: Path) -> None:
    network = Network()
    assert (rows(tmp_path / "gone" / "e.sqlite3", network, TEXTS) == Network().encode(TEXTS)).all()
    assert network.asked == TEXTS


def test_a_file_locked_by_another_process_costs_time_only(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("embeddings.embedding_store._BUSY_TIMEOUT", 0.05)
    path = tmp_path / "e.sqlite3"
    rows(path, Network(), ["one"])
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        network = Network()
        assert (rows(path, network, TEXTS) == Network().encode(TEXTS)).all()
    assert path.exists() and os.listdir(tmp_path) == ["e.sqlite3"]
