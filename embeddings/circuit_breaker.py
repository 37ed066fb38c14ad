"""A circuit breaker: what failed just now isn't asked again at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed: everybody may ask. Open: nobody for `retry_after` seconds, then one who probes.

    (M. Nygard, Release It!, 2007.) Thread safe; of the library pybreaker it differs in that callers
    of a closed breaker don't wait for one another. A probe that never reports back costs another
    `retry_after` seconds, then there is a new one; so a breaker can't stay open for ever.
    """

    def __init__(self, retry_after: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._retry_after = retry_after
        self._timer = timer
        self.reset()

    def reset(self) -> None:
        """Close, also with a lock that a fork left locked; only for a forked child."""
        self._lock = threading.Lock()
        self._open = False
        self._retry_at = 0.0

    def allows(self) -> bool:
        """Return whether the caller may ask now; on True it must report how that went."""
        with self._lock:
            if not self._open:
                return True
            now = self._timer()
            if now < self._retry_at:
                return False
            self._retry_at = now + self._retry_after
            return True

    def is_open(self) -> bool:
        """Return whether nobody may ask yet; unlike `allows`, it leaves the probe to others."""
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
