from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings import bulk
from embeddings.bulk import embed_many
from embeddings.embedding_store import MemoryStore, embed
from embeddings.sentence import SENTENCE_NETWORKS
from embeddings.whitening import Floats


class ProcessNetwork:
    """Tells of each text in which process it was encoded, and how nice that is."""

    fingerprint, dim = "process-1", 3

    def __init__(self, is_local: bool = True, fatal: str = "") -> None:
        self.is_local = is_local
        self.fatal = fatal
        self.home = os.getpid()

    def encode_raw(self, texts: Sequence[str]) -> Floats:
        if self.fatal in texts and os.getpid() != self.home:
            os._exit(1)
        elsewhere, nice = os.getpid() != self.home, os.nice(0)
        rows = [[len(text), elsewhere, nice] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 3)


@pytest.fixture(autouse=True)
def _from_forty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MIN_TEXTS", 40)
    monkeypatch.setattr(bulk, "_CHUNK_TEXTS", 10)


def test_many_texts_are_encoded_in_other_processes_that_give_way() -> None:
    texts = [f"text {number}" * (number % 7 + 1) for number in range(60)]
    store, network, reports = MemoryStore(), ProcessNetwork(), []
    count = embed_many([network], [*texts, *texts], store, lambda *done: reports.append(done))
    assert count == 60
    assert reports == [(number, 60) for number in (10, 20, 30, 40, 50, 60)]
    rows = embed(network, texts, store)
    assert rows[:, 0].tolist() == [len(text) for text in texts]
    assert rows[:, 1].all()
    assert (rows[:, 2] == min(os.nice(0) + 10, 19)).all()
    assert embed_many([network], texts, store) == 0


def test_few_texts_and_those_of_another_machine_are_encoded_here() -> None:
    for count, is_local in ((39, True), (60, False)):
        store, network = MemoryStore(), ProcessNetwork(is_local)
        texts = [f"text {number}" for number in range(count)]
        assert embed_many([network], texts, store) == count
        assert not embed(network, texts, store)[:, 1].any()


def test_where_a_process_is_killed_the_rest_is_encoded_here() -> None:
    texts = [f"text {number}" for number in range(60)]
    store = MemoryStore()
    assert embed_many([ProcessNetwork(fatal="text 33")], texts, store) == 60
    assert len(store) == 60


def test_work_that_is_stopped_keeps_what_was_done() -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    texts, store = [f"text {number}" for number in range(60)], MemoryStore()
    with pytest.raises(Stopped):
        embed_many([ProcessNetwork()], texts, store, stop)
    assert len(store) == 10
    assert embed_many([ProcessNetwork()], texts, store) == 50


def test_the_networks_give_the_same_in_other_processes(tmp_path: Path) -> None:
    texts = [f"Packaging films of polymer {number}" for number in range(40)]
    store = MemoryStore()
    assert embed_many([SENTENCE_NETWORKS], texts, store) == 40
    here = SENTENCE_NETWORKS.encode_raw(texts[:3])
    assert embed(SENTENCE_NETWORKS, texts[:3], store) == pytest.approx(here, abs=1e-3)
