"""A gunicorn worker whose threads never wait for a client, and that always says it is alive.

gunicorn's own threaded worker lets a thread read each request: as many slow clients as there are
threads stop it. Here the main loop reads. A thread gets a request when all of it is there, so a
client that is slow to send costs memory and no thread. The main loop also answers `/health/live`
by itself, even while each thread computes and before the service has started.
"""

from __future__ import annotations

import errno
import json
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from types import FrameType
from typing import Any

from gunicorn import http
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import TConn, ThreadWorker

from matcher.serving.arrival import Arrival, Stage
from matcher.serving.handover import HANDOVER

HEAD_SECONDS = 10.0
"""For the head of a request, from its first byte; nginx and Apache allow 20 to 60."""
BODY_SECONDS = 30.0
"""For its body: the longest, 2 MiB, takes a connection of .6 Mbit/s that long."""
LINGER_SECONDS = 2.0
"""For a client to close, after the last answer: closed at once, it might not read the answer."""
SEND_SECONDS = 20
"""For a client to take any part of an answer, or to send any part of a body that is long."""
HOLD_SECONDS = 20.0
"""For the service to start; after that, requests are told that it hasn't."""
COURTESY_SECONDS = 0.05
"""In which workers that have started may take a connection before those that are starting."""
HANDOVER_SECONDS = 15.0
"""An old worker answers after a reload, if no new one has started; less than gunicorn waits for it
(`graceful_timeout`)."""
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Of all requests of a worker that aren't whole yet."""
_RECEIVE_BYTES = 64 * 1024
_EXPIRY_SECONDS = 0.2


@dataclass(slots=True)
class _Waiting:
    """A connection that waits in the main loop: for its next request, or to be closed."""

    arrival: Arrival
    deadline: float
    size: int = 0
    closing: bool = False


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, with the reading of requests in its main loop.

    Connections with TLS are left to gunicorn's own ways.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[TConn, _Waiting] = {}
        self._waiting_bytes = 0
        self._next_expiry = 0.0
        self._held: list[tuple[TConn, bytes]] = []
        self._hold_until = 0.0
        self._started = True
        self._failed = False
        self._reload = HANDOVER.number
        self._made = time.monotonic()
        self._leave_at: float | None = None

    def start_up(self, prepare: Callable[[], None]) -> None:
        """Call `prepare` in a thread of its own, and hold requests until it returns.

        The worker, and gunicorn with it, ends where `prepare` raises, which must say why itself.
        """
        self._started = False
        self._hold_until = time.monotonic() + HOLD_SECONDS

        def run() -> None:
            try:
                prepare()
            except BaseException:
                self._failed = True
            else:
                self.method_queue.defer(self._end_hold, True)

        threading.Thread(target=run, name="start", daemon=True).start()

    # What gunicorn's loop calls

    def run(self) -> None:
        """Serve until it is told to end."""
        if self._started:
            HANDOVER.started(self._reload, self.age)
        super().run()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; after a reload, as soon as new workers have started."""
        reloaded = HANDOVER.number > self._reload
        if not self.alive or not reloaded or HANDOVER.is_done(self.cfg.workers):
            super().handle_exit(sig, frame)
        elif self._leave_at is None:
            self._leave_at = time.monotonic() + HANDOVER_SECONDS

    def notify(self) -> None:
        """Tell gunicorn that the loop runs; end where the service couldn't start."""
        if self._failed:
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR)
        if self._leave_at is not None and self.alive:
            if HANDOVER.is_done(self.cfg.workers) or time.monotonic() > self._leave_at:
                super().handle_exit(signal.SIGTERM, None)
        super().notify()

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection; other workers first, while this one starts."""
        if not self._started:
            time.sleep(COURTESY_SECONDS)
            if self._former_answer():
                return
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self.log.error("No connection taken: %s", error)
            time.sleep(COURTESY_SECONDS)

    def _former_answer(self) -> bool:
        """Whether workers of before a reload answer until this one has started."""
        new = HANDOVER.number == self._reload > 0
        soon = time.monotonic() < self._made + HANDOVER_SECONDS
        return new and soon and not HANDOVER.is_done(self.cfg.workers)

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for the first request of a new connection."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        conn.body_is_long = False
        limit = struct.pack("ll", SEND_SECONDS, 0)
        try:
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                conn.sock.setsockopt(socket.SOL_SOCKET, option, limit)
        except OSError:  # the client is gone
            self._drop(conn)
            return
        self._wait(conn, HEAD_SECONDS)

    def finish_request(self, conn: TConn, done: Future[bool]) -> None:
        """Wait for the next request after an answer, or for the client to close."""
        if self.cfg.is_ssl:
            super().finish_request(conn, done)
        elif not done.cancelled() and done.exception() is None and done.result():
            sent_already = conn.parser.unreader.take_buffered()
            self._wait(conn, HEAD_SECONDS if sent_already else self.cfg.keepalive, sent_already)
        else:
            self._linger(conn)

    def murder_pending(self) -> None:
        """Give up clients that are too slow, and requests that were held too long."""
        super().murder_pending()
        now = time.monotonic()
        if now < self._next_expiry:
            return
        self._next_expiry = now + _EXPIRY_SECONDS
        for conn, waiting in list(self._waiting.items()):
            if waiting.deadline > now:
                continue
            if waiting.size and not waiting.closing:
                self._answer(conn, 408, "The request didn't come in time.")
            else:
                self._close(conn)
        if self._held and now >= self._hold_until:
            self._end_hold(self._started)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for waiting in self._waiting.values():
            if not waiting.size:
                waiting.deadline = min(waiting.deadline, deadline)

    # What a request thread calls

    def handle_request(self, request: Any, conn: TConn) -> bool:
        """Answer a request. A client that doesn't read its answer is as good as gone."""
        try:
            return bool(super().handle_request(request, conn))
        except BlockingIOError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client doesn't read") from error

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Whether to wait for another request; the rest of a long body isn't read for it."""
        awaited = keepalive and not getattr(conn, "body_is_long", False)
        return bool(super()._keepalive_after(conn, awaited))

    # The life of a connection in the main loop

    def _wait(self, conn: TConn, seconds: float, data: bytes = b"") -> None:
        """Wait for a request, of which `data` has come already."""
        conn.sock.setblocking(False)
        self._waiting[conn] = _Waiting(Arrival(), time.monotonic() + seconds)
        self.poller.register(conn.sock, EVENT_READ, partial(self._readable, conn))
        if data:
            self._take(conn, self._waiting[conn], data)

    def _readable(self, conn: TConn, sock: socket.socket) -> None:
        waiting = self._waiting[conn]
        try:
            data = sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._close(conn)
        elif not waiting.closing:
            self._take(conn, waiting, data)

    def _take(self, conn: TConn, waiting: _Waiting, data: bytes) -> None:
        """Take what a client sent, and do what comes next."""
        if not waiting.size:
            waiting.deadline = time.monotonic() + HEAD_SECONDS
        body_before = waiting.arrival.stage() is Stage.BODY
        waiting.arrival.add(data)
        waiting.size += len(data)
        self._waiting_bytes += len(data)
        stage = waiting.arrival.stage()
        if stage is Stage.REFUSED:
            self._answer(conn, 400, "The request can't be read, or its head is too long.")
        elif stage in (Stage.WHOLE, Stage.LONG):
            self._dispatch(conn, waiting.arrival, body_is_long=stage is Stage.LONG)
        elif self._waiting_bytes > MAX_WAITING_BYTES:
            self._answer(conn, 503, "Too many requests are under way.")
        elif stage is Stage.BODY and not body_before:
            waiting.deadline = time.monotonic() + BODY_SECONDS
            if waiting.arrival.take_expectation():
                self._send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _dispatch(self, conn: TConn, arrival: Arrival, *, body_is_long: bool) -> None:
        """Answer a request that is there, hold it, or give it to a thread."""
        method, _, path = arrival.target.partition(b" ")
        asks = method in (b"GET", b"HEAD")
        if asks and path == b"/health/live":
            self._answer(conn, 200, with_body=method == b"GET")
        elif asks and path == b"/health/ready" and not self._started:
            self._answer(conn, 503, "The service is starting.", with_body=method == b"GET")
        else:
            conn.body_is_long = body_is_long
            data = bytes(arrival.data)
            self._forget(conn)
            if not self._started and time.monotonic() < self._hold_until:
                self._held.append((conn, data))
            else:
                self._hand_over(conn, data)

    def _hand_over(self, conn: TConn, data: bytes) -> None:
        """Let a thread answer a request."""
        conn.sock.setblocking(True)
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(data)
        conn.data_ready = True
        super().enqueue_req(conn)

    def _end_hold(self, started: bool) -> None:
        self._started = started
        if started:
            HANDOVER.started(self._reload, self.age)
        held, self._held = self._held, []
        for conn, data in held:
            self._hand_over(conn, data)

    def _answer(
        self, conn: TConn, status: int, detail: str = "", *, with_body: bool = True
    ) -> None:
        """Answer from the main loop, and close."""
        title = HTTPStatus(status).phrase
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        body = json.dumps(problem if detail else {"status": "ok"}).encode()
        kind = "application/problem+json" if detail else "application/json"
        wait = "Retry-After: 5\r\n" if status == 503 else ""
        head = (
            f"HTTP/1.1 {status} {title}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n{wait}Connection: close\r\n\r\n"
        )
        self._send(conn, head.encode() + (body if with_body else b""))
        self._forget(conn)
        self._linger(conn)

    def _send(self, conn: TConn, data: bytes) -> None:
        """Send a few bytes without waiting; a client that takes none doesn't get them."""
        try:
            conn.sock.send(data)
        except OSError as error:
            self.log.debug("Not sent: %s", error)

    def _linger(self, conn: TConn) -> None:
        """Close when the client does, or a moment later."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        self._wait(conn, LINGER_SECONDS)
        self._waiting[conn].closing = True

    def _close(self, conn: TConn) -> None:
        self._forget(conn)
        self._drop(conn)

    def _forget(self, conn: TConn) -> None:
        """Wait no longer for anything on this connection."""
        self._waiting_bytes -= self._waiting.pop(conn).size
        self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()
