"""gunicorn's worker under slow clients, heavy requests and a slow start; with real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.servers import HOST, free_port

pytestmark = pytest.mark.slow

APP = """
import os, time
from pathlib import Path

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/sleep/"):
        time.sleep(float(path[7:]))
    body = environ["wsgi.input"].read()
    if path == "/large":
        body = b"x" * 50_000_000
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
CONF = """
import time
from matcher.serving import worker

worker_class = "matcher.serving.worker.Worker"
threads = 2
worker.HEAD_SECONDS = 1.0
worker.BODY_SECONDS = 1.5
worker.SEND_SECONDS = 1
worker.HOLD_SECONDS = 3.0
control_socket_disable = True
"""
LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


class Server:
    """gunicorn with one worker of two threads over an application that echoes bodies."""

    def __init__(self, folder: Path, conf: str) -> None:
        (folder / "echo.py").write_text(APP)
        (folder / "gunicorn.conf.py").write_text(CONF + conf)
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        command = [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{self.port}", "echo:app"]
        root = Path(__file__).parents[2]
        environ = {**os.environ, "PYTHONPATH": str(root)}
        self.process = subprocess.Popen(command, cwd=folder, env=environ)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    return  # it may have ended before anybody could connect
                time.sleep(0.05)
        raise RuntimeError("gunicorn did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def send(self, *pieces: bytes) -> socket.socket:
        """A connection that has sent these pieces."""
        connection = socket.create_connection((HOST, self.port), 10)
        for piece in pieces:
            connection.sendall(piece)
        return connection

    def live(self) -> requests.Response:
        return requests.get(f"{self.url}/health/live", timeout=5)


def read(connection: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    connection.close()
    return received


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(tmp_path, getattr(request, "param", ""))
    yield server
    server.stop()


def test_it_answers_while_clients_are_slow(server: Server) -> None:
    post = b"POST / HTTP/1.1\r\nHost: a\r\n"
    slow = [server.send(b"GET /") for _ in range(30)]
    slow += [server.send(post + b"Content-Length: 9\r\n\r\nx") for _ in range(30)]
    slow += [server.send(post + b"Transfer-Encoding: chunked\r\n\r\n9\r\nx") for _ in range(30)]
    slow += [server.send() for _ in range(30)]
    for _ in range(5):
        assert requests.post(server.url, data=b"quick", timeout=5).content == b"quick"
        assert server.live().json() == {"status": "ok"}
    for connection in slow:
        connection.close()


def test_a_client_that_is_too_slow_is_told(server: Server) -> None:
    head = server.send(b"GET / HTTP/1.1\r\n")
    body = server.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
    silent = server.send()
    for connection in (head, body):
        answer = read(connection)
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 408
    assert read(silent) == b""


def test_a_request_in_pieces_is_answered(server: Server) -> None:
    connection = server.send(b"PO")
    for piece in (b"ST / HTTP/1.1\r\nHost: a\r\nConn", b"ection: close\r\nContent-Le"):
        time.sleep(0.1)
        connection.sendall(piece)
    time.sleep(0.1)
    connection.sendall(b"ngth: 5\r\n\r\nhel")
    time.sleep(0.1)
    connection.sendall(b"lo")
    assert read(connection).endswith(b"\r\n\r\nhello")


def test_requests_one_behind_the_other_are_answered_in_order(server: Server) -> None:
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n%s\r\n%s"
    connection = server.send(post % (b"", b"a") + post % (b"", b"b") + post[:20])
    time.sleep(0.3)
    connection.sendall(post[20:] % (b"Connection: close\r\n", b"c"))
    answers = read(connection)
    assert answers.count(b"200 OK") == 3
    assert [part[:1] for part in answers.split(b"\r\n\r\n")[1:]] == [b"a", b"b", b"c"]


def test_a_client_that_asks_first_may_send(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n"
    connection = server.send(head + b"Expect: 100-continue\r\n\r\n")
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"hello")
    answer = read(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"hello")


def test_chunks_are_read(server: Server) -> None:
    answer = requests.post(server.url, data=iter([b"one ", b"two"]), timeout=5)
    assert answer.content == b"one two"


def test_a_body_that_is_longer_than_what_is_awaited_is_read_by_a_thread(server: Server) -> None:
    body = os.urandom(3_000_000)
    assert requests.post(server.url, data=body, timeout=10).content == body


def test_it_lives_while_all_threads_work(server: Server) -> None:
    working = [server.send(b"GET /sleep/3 HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(4)]
    for _ in range(5):
        assert server.live().status_code == 200
    assert server.live().headers["Connection"] == "close"
    head = requests.head(f"{server.url}/health/live", timeout=5)
    assert head.status_code == 200 and head.content == b"" and head.headers["Content-Length"]
    for connection in working:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.close()


def test_who_doesnt_close_or_read_stops_nobody(server: Server) -> None:
    close = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    open_ = [server.send(close) for _ in range(10)]
    large = [server.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)]
    assert server.live().status_code == 200
    # Both threads send, until a client that takes nothing is given up.
    assert requests.post(server.url, data=b"quick", timeout=10).content == b"quick"
    for connection in open_ + large:
        connection.close()


SLOW_START = """
def post_worker_init(worker):
    worker.start_up(lambda: time.sleep(%s))
"""


@pytest.mark.parametrize("server", [SLOW_START % 2], indirect=True)
def test_it_lives_and_isnt_ready_while_it_starts(server: Server) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
    held = server.send(head + b"hello")
    assert server.live().json() == {"status": "ok"}
    ready = requests.get(f"{server.url}/health/ready", timeout=5)
    assert ready.status_code == 503 and ready.headers["Retry-After"] == "5"
    assert ready.json()["detail"] == "The service is starting."
    assert read(held).endswith(b"hello")
    assert requests.get(f"{server.url}/health/ready", timeout=5).status_code == 200


@pytest.mark.parametrize("server", [SLOW_START % 60], indirect=True)
def test_requests_arent_held_for_ever(server: Server) -> None:
    assert requests.post(server.url, data=b"x", timeout=10).content == b"x"


@pytest.mark.parametrize(
    "server", ["def post_worker_init(worker):\n    worker.start_up(lambda: 1 / 0)"], indirect=True
)
def test_gunicorn_ends_where_the_service_cant_start(server: Server) -> None:
    assert server.process.wait(20) == 3


def test_a_worker_that_stops_answers_what_it_has(server: Server) -> None:
    working = server.send(b"GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    idle = server.send()
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    assert read(working).startswith(b"HTTP/1.1 200 OK")
    assert read(idle) == b""
    assert server.process.wait(10) == 0
