"""What only real processes can show: gunicorn workers, Redis that dies, imports that are killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import ROOT, Service, redis_server

pytestmark = pytest.mark.slow

BODY = {
    "name": "Zwaluwtil (voorbeeld)",
    "type": "company",
    "offers": [{"text": "Zwaluwtillen en nestkasten van gerecycleerd hout voor gemeenten"}],
}


def ask(service: Service, text: str, **more: Any) -> Any:
    """Ask over a connection of its own, so that any worker may answer."""
    response = requests.post(
        f"{service.address}/api/v1/recommendations", json={"text": text, **more}, timeout=30
    )
    assert response.status_code == 200, response.text
    return response.json()


def test_what_one_worker_stores_every_worker_finds_at_once(home: Path) -> None:
    with Service(home, workers=2) as service:
        assert len(service.workers()) == 2
        for number in range(6):
            name = f"org:zwaluw{number}"
            url = f"{service.address}/api/v1/organisations/{name}"
            assert requests.put(url, json=BODY, timeout=30).status_code == 201
            answers = [ask(service, "nestkasten van hout", limit=1 + n) for n in range(8)]
            for answer in answers:
                assert answer["results"][0]["organisation"]["id"] == name
            assert len({answer["corpus_version"] for answer in answers}) == 1
            assert requests.delete(url, timeout=30).status_code == 204
            for n in range(8):
                found = ask(service, "nestkasten van hout", limit=20 + n)["results"]
                assert name not in [one["organisation"]["id"] for one in found]


def test_every_worker_gives_the_same_answer_and_a_killed_one_is_replaced(home: Path) -> None:
    with Service(home, workers=2) as service:
        # The limit differs, so that no answer comes from a cache.
        answers = [ask(service, "waterstof en batterijen", limit=10 + n) for n in range(12)]
        heads = [answer["results"][:10] for answer in answers]
        assert all(head == heads[0] for head in heads)
        os.kill(service.workers()[0], signal.SIGKILL)
        for n in range(12):
            try:
                again = ask(service, "waterstof en batterijen", limit=30 + n)
            except requests.ConnectionError:
                continue  # the killed worker held this connection
            assert again["results"][:10] == heads[0]
        deadline = time.monotonic() + 30
        while len(service.workers()) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(service.workers()) == 2


def test_workers_go_over_to_a_new_generation(home: Path) -> None:
    with Service(home, workers=2) as service:
        before = ask(service, "houtbouw")["model"]
        url = f"{service.address}/api/v1/organisations/org:zwaluw"
        requests.put(url, json=BODY, timeout=30)
        command = [sys.executable, "-m", "flask", "--app", "app", "index", "build"]
        subprocess.run(command, env=service.environ, cwd=ROOT, check=True, capture_output=True)
        models = {before}
        deadline = time.monotonic() + 30
        while before in models and time.monotonic() < deadline:  # each opens it in a thread
            models = {ask(service, "houtbouw", limit=1 + n)["model"] for n in range(8)}
        assert len(models) == 1
        assert models != {before}
        ready = requests.get(f"{service.address}/health/ready", timeout=5).json()
        assert ready["written_since_generation"] == 0


def test_with_redis_workers_share_answers_and_a_dead_redis_costs_no_answer(home: Path) -> None:
    with redis_server() as redis, Service(home, REDIS_URL=redis.url) as service:
        first = ask(service, "textielrecyclage")
        assert first["cached"] is False
        assert all(ask(service, "textielrecyclage")["cached"] for _ in range(8))
        with ThreadPoolExecutor(16) as pool:
            same = list(pool.map(lambda _: ask(service, "zonne-energie"), range(32)))
        assert sum(not answer["cached"] for answer in same) == 1
        killed = threading.Timer(0.3, redis.kill)
        killed.start()
        with ThreadPoolExecutor(8) as pool:
            texts = [f"recyclage van materiaal {number % 10}" for number in range(150)]
            answers = list(pool.map(lambda text: ask(service, text), texts))
        killed.join()
        assert len(answers) == 150
        assert all(answer["results"] for answer in answers)
        assert ask(service, "textielrecyclage")["results"] == first["results"]
        ready = requests.get(f"{service.address}/health/ready", timeout=5).json()
        assert ready["status"] == "ready"
        redis.start()


def test_a_killed_import_leaves_the_store_as_it_was(home: Path, tmp_path: Path) -> None:
    from matcher.store import Store

    store = Store(f"sqlite:///{home / 'schakel.sqlite3'}")
    version = store.corpus_version()
    folder = tmp_path / "cordis"
    folder.mkdir()
    with (folder / "project.csv").open("w") as projects:
        projects.write('"id";"title";"startDate"\n')
        projects.writelines(f'"{n}";"Projet numéro {n}";"2010-01-01"\n' for n in range(20_000))
    with (folder / "organization.csv").open("w") as rows:
        rows.write('"projectID";"organisationID";"name";"activityType"\n')
        rows.writelines(f'"{n}";"o{n}";"Firme {n}";"PRC"\n' for n in range(20_000))
    command = [sys.executable, "-m", "flask", "--app", "app", "import", "cordis", str(folder)]
    environ = {**os.environ, "SCHAKEL_HOME": str(home)}
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    seen = b""
    while b"organisations:" not in seen:  # the bar of the step that writes
        piece = process.stderr.read1(4096)  # type: ignore[attr-defined]
        assert piece, seen
        seen += piece
    process.kill()
    process.wait(30)
    process.stderr.close()
    assert store.corpus_version() == version
    from matcher.organisations.actions import search

    assert search(store, "Firme", None, None, 1, 0)[0] == 0
    store.dispose()


def test_a_worker_computes_with_one_thread_whatever_the_environment_says(home: Path) -> None:
    """Linear algebra with more threads would keep them: they show in the process."""
    counts = []
    for number in ("1", "8"):
        environ = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), number)
        environ |= {"SCHAKEL_JOBS": "worker", "SCHAKEL_THREADS": "1"}
        with Service(home, workers=1, **environ) as service:
            ask(service, "houtbouw")
            [worker] = service.workers()
            counts.append(lasting_threads(worker))
    assert counts[0] == counts[1]


def lasting_threads(process: int) -> int:
    """How many threads a process has, without those that check the index after a start."""
    counts = []
    for _ in range(20):
        counts.append(len(list(Path(f"/proc/{process}/task").iterdir())))
        time.sleep(0.2)
    return min(counts)


def test_while_heavy_questions_are_computed_others_are_answered(home: Path) -> None:
    needs = [{"text": f"{number} " + "nestkasten van hout en kurk " * 6} for number in range(50)]
    with Service(home, workers=2) as service, ThreadPoolExecutor(8) as pool:

        def heavy(number: int) -> int:
            question = {"needs": needs, "limit": 1 + number}
            url = f"{service.address}/api/v1/recommendations"
            return requests.post(url, json=question, timeout=60).status_code

        asked = [pool.submit(heavy, number) for number in range(8)]
        text = 0
        while not all(one.done() for one in asked):
            live = requests.get(f"{service.address}/health/live", timeout=1)
            assert live.json() == {"status": "ok"}
            text += 1
            question = {"text": f"waterstof {text}"}
            url = f"{service.address}/api/v1/recommendations"
            assert requests.post(url, json=question, timeout=5).status_code == 200
        assert text > 1
        assert {one.result() for one in asked} <= {200, 503}
        assert 200 in {one.result() for one in asked}


def test_readers_dont_wait_for_a_writer(home: Path) -> None:
    with Service(home, workers=1) as service, ThreadPoolExecutor(20) as pool:
        url = f"{service.address}/api/v1/organisations/org:zwaluw"
        other = sqlite3.connect(home / "schakel.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        puts = [
            pool.submit(requests.put, f"{url}{number}", json=BODY, timeout=60)
            for number in range(20)
        ]
        for number in range(5):
            assert requests.get(f"{service.address}/health/live", timeout=1).ok
            assert requests.get(f"{service.address}/health/ready", timeout=5).ok
            ask(service, f"nestkasten {number}")
        answers = [put.result() for put in puts]
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
        other.execute("ROLLBACK")
        other.close()
        assert requests.put(url, json=BODY, timeout=30).status_code == 201


def test_the_first_start_says_what_it_does(tmp_path: Path) -> None:
    with Service(tmp_path / "new", workers=1, log=tmp_path / "log") as service:
        said = (tmp_path / "log").read_text()
    prepared, built, ready = (
        said.index(f"Preparing the tables of the store: sqlite:///{tmp_path}/new"),
        said.index("Building the index: there is none that fits the store"),
        said.index(f"Ready on {service.address}, after "),
    )
    assert prepared < built < ready
    assert "0 organisations, 0 facets" in said[ready:]


def test_workers_share_what_none_of_them_changes(home: Path) -> None:
    with Service(home, workers=2) as service:
        for number in range(8):
            ask(service, f"houtbouw {number}")
        for worker in service.workers():
            rollup = Path(f"/proc/{worker}/smaps_rollup").read_text()
            sizes = {line.split()[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
            shared = sizes["Shared_Clean:"] + sizes["Shared_Dirty:"]
            assert shared > 200_000
            assert sizes["Pss:"] < 400_000
