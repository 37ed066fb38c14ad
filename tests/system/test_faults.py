"""A service of real processes goes on through damage, reloads and restarts."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from matcher.corpus.generation import current_name, publish
from tests.servers import HOST, Service
from tests.system.test_workers import BODY, ask

pytestmark = pytest.mark.slow


def ready(service: Service) -> dict[str, object]:
    answer = requests.get(f"{service.address}/health/ready", timeout=5)
    body: dict[str, object] = answer.json()
    return body


def with_former(home: Path) -> tuple[Path, str]:
    """The folder of the indexes and the name of the current one; a former one is beside it."""
    root = home / "index"
    name = str(current_name(root))
    shutil.copytree(root / name, root / "gen-0-former")
    publish(root, "gen-0-former")
    publish(root, name)
    return root, name


def test_a_service_with_a_damaged_index_starts_and_mends_it(home: Path) -> None:
    root, damaged = with_former(home)
    vectors = root / damaged / "columns" / "keys.npy"
    os.truncate(vectors, vectors.stat().st_size // 2)
    with Service(home, workers=2, SCHAKEL_JOBS="inside") as service:
        assert ask(service, "houtbouw")["results"]
        deadline = time.monotonic() + 120
        while current_name(root) == "gen-0-former" and time.monotonic() < deadline:
            assert ask(service, "houtbouw")["results"]
            time.sleep(0.5)
        assert current_name(root) not in ("gen-0-former", damaged)
        deadline = time.monotonic() + 30
        while ready(service)["generation"] != current_name(root) and time.monotonic() < deadline:
            ask(service, "houtbouw")
        assert ready(service)["damaged"] == []
        assert not (root / damaged).exists()


def test_files_that_are_cut_under_a_running_service_dont_end_it(home: Path) -> None:
    root, damaged = with_former(home)
    with Service(home, workers=1, SCHAKEL_JOBS="worker") as service:
        assert ask(service, "houtbouw")["results"]
        for path in (root / damaged).rglob("*.npy"):
            if not path.name.startswith("components"):  # the tests' own, linked to other homes
                os.truncate(path, 0)
        deadline = time.monotonic() + 60
        answered = 0
        while answered < 5 and time.monotonic() < deadline:
            try:
                assert ask(service, f"houtbouw {time.monotonic()}")["results"]
                answered += 1
            except (requests.ConnectionError, requests.Timeout):  # its worker is replaced
                answered = 0
        assert answered == 5
        assert ready(service)["generation"] in ("gen-0-former", damaged)


class Asking:
    """Clients that ask one question after the other, each over a connection of its own."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.seconds: list[float] = []
        self.failures: list[object] = []

    def go_on(self, ended: threading.Event) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            begun = time.monotonic()
            try:
                answer = requests.post(
                    f"{self.service.address}/api/v1/recommendations",
                    json={"text": f"houtbouw {number}"},
                    timeout=60,
                )
                if answer.status_code != 200:
                    self.failures.append(answer.text)
            except requests.RequestException as error:
                self.failures.append(error)
            self.seconds.append(time.monotonic() - begun)


@contextmanager
def asking(service: Service, clients: int = 3) -> Iterator[Asking]:
    found, ended = Asking(service), threading.Event()
    threads = [threading.Thread(target=found.go_on, args=(ended,)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(one) for one in listed.split()]


def test_a_reload_leaves_no_gap(home: Path) -> None:
    with Service(home, workers=2, SCHAKEL_JOBS="worker") as service, asking(service) as asked:
        until(lambda: len(asked.seconds) > 20)
        before = set(service.workers())
        os.kill(service.pid, signal.SIGHUP)
        until(lambda: len(service.workers()) == 2 and not before & set(service.workers()))
        count = len(asked.seconds)
        until(lambda: len(asked.seconds) > count + 20)
    assert asked.failures == []
    assert max(asked.seconds) < 3  # a start takes longer than that


def test_a_new_master_takes_over_without_a_gap(home: Path) -> None:
    with Service(home, workers=2, SCHAKEL_JOBS="worker") as service:
        workers = set(service.workers())
        with asking(service) as asked:
            until(lambda: len(asked.seconds) > 20)
            os.kill(service.pid, signal.SIGUSR2)
            until(lambda: len(set(service.workers()) - workers) == 1)
            (master,) = set(service.workers()) - workers
            until(lambda: len(children(master)) == 2)
            # No request is held by a worker that starts, as soon as one has started.
            until(lambda: all(started(worker) for worker in children(master)))
            os.kill(service.pid, signal.SIGTERM)
            assert service.wait(30) == 0
            count = len(asked.seconds)
            until(lambda: len(asked.seconds) > count + 20)
        os.kill(master, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{master}").exists() or zombie(master))
    assert asked.failures == []


def started(worker: int) -> bool:
    """Whether a worker has loaded its models: it has threads that answer."""
    return len(list(Path(f"/proc/{worker}/task").iterdir())) > 2


def zombie(process: int) -> bool:
    return ") Z " in Path(f"/proc/{process}/stat").read_text()


def test_what_was_accepted_is_answered_before_the_end(home: Path) -> None:
    heavy = {"text": "We need partners for drying, " * 300, "limit": 50}
    with Service(home, workers=1, SCHAKEL_JOBS="worker") as service:
        with ThreadPoolExecutor(12) as pool:
            url = f"{service.address}/api/v1"
            asked = [
                pool.submit(requests.post, f"{url}/recommendations", json=heavy, timeout=60)
                for _ in range(4)
            ]
            puts = [
                pool.submit(
                    requests.put, f"{url}/organisations/org:zwaluw{number}", json=BODY, timeout=60
                )
                for number in range(8)
            ]
            time.sleep(0.5)  # all are sent, few are answered
            os.kill(service.pid, signal.SIGTERM)
            statuses = {one.result().status_code for one in asked + puts}
        assert statuses <= {200, 201, 503}
        stored = [n for n, put in enumerate(puts) if put.result().status_code == 201]
        assert service.wait(30) == 0
    with Service(home, workers=1, SCHAKEL_JOBS="worker") as service:
        for number in stored:
            url = f"{service.address}/api/v1/organisations/org:zwaluw{number}"
            assert requests.get(url, timeout=30).status_code == 200


def test_slow_clients_and_heavy_questions_stop_nobody(home: Path) -> None:
    heavy = [{"text": ("x, " * 3300)[:9900], "limit": 100 + number} for number in range(4)] + [
        {"needs": [{"text": f"we need w{n} and v{n}, " * 8} for n in range(50)], "limit": 90 + k}
        for k in range(4)
    ]
    ended = threading.Event()

    def insist(body: dict[str, Any]) -> set[int]:
        found = set()
        while not ended.is_set():
            url = f"{service.address}/api/v1/recommendations"
            found.add(requests.post(url, json=body, timeout=120).status_code)
        return found

    with (
        Service(home, workers=2, SCHAKEL_JOBS="worker") as service,
        ThreadPoolExecutor(8) as pool,
    ):
        slow = [socket.create_connection((HOST, service.port), 10) for _ in range(100)]
        for number, connection in enumerate(slow):
            head = b"POST /api/v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            length = b"Content-Length: 1000\r\n\r\n{" if number % 2 else b""
            connection.sendall(head + length)
        busy = [pool.submit(insist, body) for body in heavy]
        try:
            time.sleep(1)
            for number in range(8):
                begun = time.monotonic()
                assert requests.get(f"{service.address}/health/live", timeout=5).ok
                assert time.monotonic() - begun < 1
                begun = time.monotonic()
                assert ask(service, f"vrachtfiets {number}")["results"]
                assert time.monotonic() - begun < 5
        finally:
            ended.set()
        assert set().union(*(one.result() for one in busy)) <= {200, 503}
        for connection in slow:
            connection.close()


def test_figures_are_those_of_all_workers(home: Path) -> None:
    with Service(home, workers=2, SCHAKEL_JOBS="worker") as service:
        for number in range(20):
            ask(service, f"houtbouw {number}")
        counted = set()
        for _ in range(6):
            text = requests.get(f"{service.address}/metrics", timeout=5).text
            (row,) = [
                line
                for line in text.splitlines()
                if line.startswith("schakel_requests_total{") and "recommendations" in line
            ]
            counted.add(float(row.rpartition(" ")[2]))
        assert counted == {20.0}
        os.kill(service.workers()[0], signal.SIGKILL)
        until(lambda: requests.get(f"{service.address}/health/ready", timeout=5).ok)
        text = requests.get(f"{service.address}/metrics", timeout=5).text
        assert 'status="200"} 20.0' in text  # what a worker counted outlives it
