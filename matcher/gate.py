"""A gate that lets so many threads in at once; the others wait in turn, for a bounded time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from matcher import metrics


class BusyError(Exception):
    """Too much is under way at the moment; worth another try in a few seconds."""


class Gate:
    """Lets `places` threads in at once, in the order in which they came. Threads share it.

    At most `max_waiting` threads wait, each for at most `seconds`.
    """

    def __init__(self, places: int, max_waiting: int, seconds: float, name: str = "") -> None:
        """`name` is that of its figures; without one, none are kept."""
        self._name = name
        self._free = places
        self._max_waiting = max_waiting
        self._seconds = seconds
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._inside = threading.local()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises BusyError where none is free in time.

        A thread that is inside already goes on at once: it never waits for itself.
        """
        if getattr(self._inside, "held", False):
            yield
            return
        begun = time.monotonic()
        try:
            self._enter()
        except BusyError:
            metrics.refused(self._name)
            raise
        metrics.waited(self._name, time.monotonic() - begun)
        self._inside.held = True
        try:
            yield
        finally:
            self._inside.held = False
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._queue) >= self._max_waiting:
                raise BusyError
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(self._seconds):
            return
        with self._lock:
            if not turn.is_set():  # the place may have come just now
                self._queue.remove(turn)
                raise BusyError

    def _leave(self) -> None:
        """Give the place to who waits longest."""
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1


OPEN = Gate(places=1_000_000, max_waiting=0, seconds=0.0)
"""A gate that lets everybody in: for commands, which have the process for themselves."""
