"""The queue of background jobs: huey over SQLite or Redis, and the threads that empty it.

It also carries what a running job says of itself and whether it should stop: while an import holds
SQLite's one write lock, the store can't be told.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import structlog
from huey import Huey, RedisHuey, SqliteHuey
from huey.constants import EmptyData
from huey.consumer import Consumer, Scheduler
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool, RedisError

from matcher.settings import Settings

RECOVER_SECONDS = 30.0
POLL_SECONDS = 1.0
STOP_SECONDS = 20.0
QUEUE_ERRORS = (RedisError, sqlite3.Error, OSError)
log = structlog.get_logger()


class Queue:
    """The queue of one process. Nothing is opened before it is used, so it may be made anywhere.

    A process that was forked opens its own.
    """

    def __init__(
        self, settings: Settings, run: Callable[[str], None], recover: Callable[[], object]
    ) -> None:
        self._settings = settings
        self._run = run
        self._recover = recover
        self._lock = threading.Lock()
        self._huey: Huey | None = None
        self._send: Any = None
        self._consumer: Consumer | None = None
        self._process = 0

    @property
    def stopping(self) -> bool:
        """Whether this process is about to end, so that its job should be given back."""
        return self._consumer is not None and self._consumer.stop_flag.is_set()

    def send(self, job_id: str) -> None:
        """Queue a job. When the queue is away, the job waits until a worker looks for it."""
        try:
            self._opened()
            self._send(job_id)
        except QUEUE_ERRORS as error:
            log.error("job not queued", job=job_id, exc_info=error)

    def waiting(self) -> list[str]:
        """Return the ids of the jobs that are queued, the next one first."""
        huey = self._opened()
        found = []
        for data in huey.storage.enqueued_items():
            message = huey.serializer.deserialize(bytes(data))
            found.append(str(message.args[0]))
        return found

    def run_next(self) -> bool:
        """Run the next job in this thread; whether there was one."""
        huey = self._opened()
        if isinstance(huey, RedisHuey) and not huey.storage.queue_size():
            return False  # dequeue would wait for one
        task = huey.dequeue()
        if task is None:
            return False
        huey.execute(task)
        return True

    def tell(self, key: str, value: dict[str, Any]) -> None:
        """Keep what is said about a job, for all processes."""
        try:
            self._opened().storage.put_data(key, json.dumps(value).encode())
        except QUEUE_ERRORS as error:
            log.warning("job state not told", key=key, exc_info=error)

    def told(self, key: str) -> dict[str, Any] | None:
        """Return what was said about a job."""
        try:
            data = self._opened().storage.peek_data(key)
        except QUEUE_ERRORS as error:
            log.warning("job state not read", key=key, exc_info=error)
            return None
        found: dict[str, Any] | None = None if data is EmptyData else json.loads(bytes(data))
        return found

    def forget(self, *keys: str) -> None:
        """Take back what was said about a job."""
        try:
            for key in keys:
                self._opened().storage.delete_data(key)
        except QUEUE_ERRORS as error:
            log.warning("job state not forgotten", exc_info=error)

    def start_inside(self) -> None:
        """Run jobs in a daemon thread of this process from now on."""
        huey = self._opened()
        with self._lock:
            if self._consumer is None:
                self._consumer = _consumer(huey, signals=False)
                self._consumer.start()

    def serve(self) -> None:
        """Run jobs until SIGTERM or SIGINT; the job at hand is given back to the queue."""
        huey = self._opened()
        self._consumer = _consumer(huey, signals=True)
        self._consumer.run()

    def stop(self) -> None:
        """End the thread that runs jobs, whose job is given back to the queue, and close it."""
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
        with self._lock:
            if self._huey is not None and self._process == os.getpid():
                self._huey.storage.close()
                pool = getattr(self._huey.storage, "pool", None)
                if pool is not None:
                    pool.disconnect()
            self._consumer = self._huey = None

    def _opened(self) -> Huey:
        with self._lock:
            if self._huey is None or self._process != os.getpid():
                self._consumer, self._process = None, os.getpid()
                self._huey = _opened(self._settings)
                self._huey.recover = self._recover
                self._send = self._huey.task(name="job")(self._run)
            return self._huey


class _Plain(Serializer):  # type: ignore[misc]
    """Messages as JSON: who can write to the queue can't make a worker run code."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps({"id": data.id, "name": data.name, "job": data.args[0]}).encode()

    def _deserialize(self, data: bytes) -> Message:
        found = json.loads(data)
        return Message(
            id=str(found["id"]),
            name=str(found["name"]),
            retries=0,
            retry_delay=0,
            args=(str(found["job"]),),
            kwargs={},
        )


class _Keeper(Scheduler):  # type: ignore[misc]
    """In the stead of huey's scheduler: takes up again what a worker that died had begun."""

    def loop(self, now: Any = None) -> None:
        try:
            self.huey.recover()
        except Exception as error:  # the store or the queue is away; they may come back
            log.error("jobs not recovered", exc_info=error)
        self.stop_flag.wait(RECOVER_SECONDS)


class _Consumer(Consumer):  # type: ignore[misc]
    scheduler_class = _Keeper
    signals = True

    def _set_signal_handlers(self) -> None:
        if self.signals:
            super()._set_signal_handlers()


def _consumer(huey: Huey, *, signals: bool) -> Consumer:
    made = _Consumer(
        huey,
        workers=1,
        periodic=False,
        initial_delay=0.1,
        max_delay=POLL_SECONDS,
        graceful_signal="TERM",
        shutdown_timeout=STOP_SECONDS,
    )
    made.signals = signals
    made._signal_actions = dict.fromkeys((signal.SIGTERM, signal.SIGINT), (False, True))
    return made


def _opened(settings: Settings) -> Huey:
    """Open the queue; services with another store never see its jobs."""
    mark = hashlib.sha256(settings.database_url.encode()).hexdigest()[:12]
    common: dict[str, Any] = {"results": False, "serializer": _Plain()}
    if settings.redis_url:
        pool = ConnectionPool.from_url(
            settings.redis_url, socket_connect_timeout=1.0, socket_timeout=5.0
        )
        return RedisHuey(f"schakel{mark}", connection_pool=pool, read_timeout=1, **common)
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "jobs.sqlite3"
    return SqliteHuey(f"schakel{mark}", filename=str(path), timeout=10, **common)
