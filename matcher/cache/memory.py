"""The in-process cache, and the bounded store of JSON bytes that it is made of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from cachetools import TLRUCache

from matcher.cache.after_fork import reset_after_fork
from matcher.cache.counters import Counters
from matcher.cache.port import JSON, CacheState
from matcher.cache.single_flight import Outcome, SingleFlight
from matcher.cache.values import check_key_and_ttl, decode, encode

MEBIBYTE = 1024 * 1024


class _Entry(NamedTuple):
    data: bytes
    ttl: float


class TTLStore:
    """Bytes by key, each with its own time to live; thread safe.

    Holds at most `maxsize` entries and `max_bytes` bytes of data; beyond that the least
    recently used go first. Data that is larger than `max_bytes` by itself isn't kept. A forked
    child starts empty.
    """

    def __init__(
        self, maxsize: int, max_bytes: int, timer: Callable[[], float] = time.monotonic
    ) -> None:
        if maxsize < 1 or max_bytes < 1:
            raise ValueError("a store holds at least one entry and one byte")
        self._maxsize = maxsize
        self._max_bytes = max_bytes
        self._timer = timer
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Start empty, also with a lock that a fork left locked; only for a forked child."""
        self._lock = threading.Lock()
        self._entries: TLRUCache[str, _Entry] = TLRUCache(
            maxsize=self._max_bytes,
            ttu=lambda _, entry, now: now + entry.ttl,
            timer=self._timer,
            getsizeof=lambda entry: len(entry.data),
        )

    def get(self, key: str) -> bytes | None:
        """Return the data of `key`, or None when it isn't there or its time is over."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry.data

    def put(self, key: str, data: bytes, ttl: float) -> None:
        """Keep `data` for `ttl` seconds, in place of what `key` had."""
        with self._lock, self._entries.timer:  # its clock stands still meanwhile
            self._entries.pop(key, None)
            if len(data) > self._max_bytes:
                return
            while len(self._entries) >= self._maxsize:
                self._entries.popitem()
            self._entries[key] = _Entry(data, ttl)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()


class MemoryCache:
    """A `Cache` within this process: each gunicorn worker has its own.

    `maxsize` is a number of values, `max_bytes` the bytes of their JSON together, `timer` a
    monotonic clock in seconds. A value too large to be kept is served all the same.
    """

    def __init__(
        self,
        maxsize: int = 2048,
        max_bytes: int = 64 * MEBIBYTE,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._values = TTLStore(maxsize, max_bytes, timer)
        self._flights = SingleFlight()
        self._counters = Counters()
        reset_after_fork(self._flights)
        reset_after_fork(self._counters)

    def get_or_compute(self, key: str, compute: Callable[[], JSON], ttl: int) -> tuple[JSON, bool]:
        """Return the value of `key` and whether it came from the cache; see `Cache`."""
        check_key_and_ttl(key, ttl)
        data = self._values.get(key)
        if data is not None:
            self._counters.count_lookup(found=True)
            return decode(data), True
        try:
            outcome, led = self._flights.run(key, lambda: self._produce(key, compute, ttl))
        except BaseException:
            self._counters.count_lookup(found=False)
            raise
        self._counters.count_lookup(outcome.found)
        return decode(outcome.data), outcome.found or not led

    def _produce(self, key: str, compute: Callable[[], JSON], ttl: int) -> Outcome:
        data = self._values.get(key)  # somebody may have finished since the first look
        if data is not None:
            return Outcome(data, found=True)
        self._counters.count_computation()
        data = encode(compute())
        self._values.put(key, data, ttl)
        return Outcome(data, found=False)

    def peek(self, key: str) -> tuple[JSON, bool]:
        """Return the value of `key` and whether it is there; see `Cache`."""
        data = self._values.get(key)
        return (None, False) if data is None else (decode(data), True)

    def clear(self) -> None:
        """Forget all values of this process."""
        self._values.clear()

    def state(self) -> CacheState:
        """Return the counters; an in-process cache is always reachable."""
        hits, misses, computed, errors = self._counters.read()
        return CacheState(
            kind="memory",
            reachable=True,
            hits=hits,
            misses=misses,
            computed=computed,
            errors=errors,
        )
