"""The counters that a cache shows in its state."""

from __future__ import annotations

import threading


class Counters:
    """The counters of `CacheState`; thread safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again at zero, also with a lock that a fork left locked."""
        self._lock = threading.Lock()
        self._hits = self._misses = self._computed = self._errors = 0

    def count_lookup(self, found: bool) -> None:
        """Count one lookup, whose value was there (`found`) or not."""
        with self._lock:
            if found:
                self._hits += 1
            else:
                self._misses += 1

    def count_computation(self) -> None:
        """Count one computation."""
        with self._lock:
            self._computed += 1

    def count_error(self) -> None:
        """Count one failure of the cache itself."""
        with self._lock:
            self._errors += 1

    def read(self) -> tuple[int, int, int, int]:
        """Return hits, misses, computed and errors, taken at one moment."""
        with self._lock:
            return self._hits, self._misses, self._computed, self._errors
