from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings import bulk
from embeddings.bulk import embed_many
from embeddings.embedding_store import MemoryStore, embed
from embeddings.sentence import SENTENCE_NETWORKS
from embeddings.whitening import Floats
from tests.homes import ROOT


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


def test_the_networks_give_the_same_in_other_processes() -> None:
    texts = [f"Packaging films of polymer {number}" for number in range(40)]
    store = MemoryStore()
    assert embed_many([SENTENCE_NETWORKS], texts, store) == 40
    here = SENTENCE_NETWORKS.encode_raw(texts[:3])
    assert embed(SENTENCE_NETWORKS, texts[:3], store) == pytest.approx(here, abs=1e-3)


def run(code: str) -> subprocess.Popen[str]:
    """Run Python code in a process of its own, from the root of the project."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_forked_process_may_start_them_though_faiss_had_threads() -> None:
    process = run(
        """
        import os, faiss, numpy as np
        from embeddings import bulk
        from embeddings.embedding_store import MemoryStore
        from tests.embeddings.test_bulk import ProcessNetwork
        faiss.omp_set_num_threads(2)
        index = faiss.IndexFlatIP(8)
        index.add(np.ones((10_000, 8), dtype=np.float32))
        index.search(np.ones((100, 8), dtype=np.float32), 5)
        child = os.fork()
        if not child:
            bulk.MIN_TEXTS, bulk._CHUNK_TEXTS, store = 1, 10, MemoryStore()
            bulk.embed_many([ProcessNetwork()], [f"text {n}" for n in range(40)], store)
            os._exit(7 if len(store) == 40 else 1)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    process.communicate(timeout=60)
    assert process.returncode == 7


def test_the_processes_end_with_the_one_that_started_them() -> None:
    process = run(
        """
        import os, signal
        from embeddings import bulk
        from embeddings.embedding_store import MemoryStore
        from tests.embeddings.test_bulk import ProcessNetwork

        def report(done, total):
            import multiprocessing
            print(*[child.pid for child in multiprocessing.active_children()], flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        bulk.MIN_TEXTS, bulk._CHUNK_TEXTS = 1, 10
        texts = [f"text {n}" for n in range(40)]
        bulk.embed_many([ProcessNetwork()], texts, MemoryStore(), report)
        """
    )
    output, _ = process.communicate(timeout=60)
    children = [int(child) for child in output.split()]
    assert children
    until = time.monotonic() + 30
    while any(map(is_running, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_running, children))


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
