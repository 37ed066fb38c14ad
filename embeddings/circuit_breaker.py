"""A circuit breaker: a service that has just failed isn't called again at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed: all calls are allowed. Open: none for `retry_after` seconds, then one probe.

    (M. Nygard, Release It!, 2007.) Thread safe. Unlike those of the library pybreaker, callers of
    a closed breaker don't wait for each other. If a probe never reports its outcome, another one is
    allowed after `retry_after` seconds, so a breaker can't stay open for ever.
    """

    def __init__(self, retry_after: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._retry_after = retry_after
        self._timer = timer
        self.reset()

    def reset(self) -> None:
        """Close, with a new lock. For a forked child, whose copy of the lock may be locked."""
        self._lock = threading.Lock()
        self._open = False
        self._retry_at = 0.0

    def allows(self) -> bool:
        """Return whether the caller may call now; on True it must record success or failure."""
        with self._lock:
            if not self._open:
                return True
            now = self._timer()
            if now < self._retry_at:
                return False
            self._retry_at = now + self._retry_after
            return True

    def is_open(self) -> bool:
        """Return whether calls are not allowed yet. Unlike `allows`, it takes no probe."""
        with self._lock:
            return self._open and self._timer() < self._retry_at

    def record_success(self) -> bool:
        """Close; return whether it was open."""
        with self._lock:
            was_open, self._open = self._open, False
            return was_open

    def record_failure(self) -> bool:
        """Open for another `retry_after` seconds; return whether it was closed."""
        with self._lock:
            was_open, self._open = self._open, True
            self._retry_at = self._timer() + self._retry_after
            return not was_open
