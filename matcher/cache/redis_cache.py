"""The cache in Redis, shared by all workers on all machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import structlog

from matcher.cache.after_fork import reset_after_fork
from matcher.cache.counters import Counters
from matcher.cache.memory import MEBIBYTE, TTLStore
from matcher.cache.port import JSON, CacheState
from matcher.cache.redis_client import RedisAwayError, RedisClient
from matcher.cache.single_flight import Outcome, SingleFlight
from matcher.cache.values import check_key_and_ttl, decode, encode

logger = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.005
_MAX_PAUSE_LENGTH = 0.05


class _Turn(NamedTuple):
    """What came of asking Redis: a value, the lock's token, or neither after a long wait."""

    data: bytes | None = None
    token: str | None = None


class RedisCache:
    """A `Cache` in Redis: one computation for all askers of all processes.

    Within a process askers share a future, between processes a lock in Redis. The lock lasts
    `lock_ttl` seconds and is extended while the computation runs, so that when its holder is
    killed another takes over within `lock_ttl`. Who has waited `wait_limit` seconds for another
    process computes for itself.

    Redis is never needed for an answer. When it can't be reached, doesn't answer in time or
    refuses to write, values are computed and kept in this process for up to `fallback_ttl` seconds,
    one computation for all askers of the process, and Redis is left alone for `retry_after` seconds
    before one asker tries it again. An unreadable value is computed again and overwritten.

    All times are in seconds. Never connects before the first question; thread safe; may be made
    before a fork. Raises ValueError, without the URL, when the URL can't be used.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "schakel:",
        *,
        connect_timeout: float = 0.25,
        read_timeout: float = 0.4,
        lock_ttl: float = 5.0,
        wait_limit: float = 15.0,
        retry_after: float = 2.0,
        fallback_ttl: float = 30.0,
    ) -> None:
        self._lock_ttl = lock_ttl
        self._wait_limit = wait_limit
        self._fallback_ttl = fallback_ttl
        self._counters = Counters()
        self._flights = SingleFlight()
        self._fallback = TTLStore(maxsize=256, max_bytes=16 * MEBIBYTE)
        self._client = RedisClient(
            url,
            prefix,
            self._counters,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retry_after=retry_after,
        )
        reset_after_fork(self._counters)
        reset_after_fork(self._flights)

    def get_or_compute(self, key: str, compute: Callable[[], JSON], ttl: int) -> tuple[JSON, bool]:
        """Return the value of `key` and whether it came from the cache; see `Cache`."""
        check_key_and_ttl(key, ttl)
        try:
            outcome, led = self._flights.run(key, lambda: self._produce(key, compute, ttl))
        except BaseException:
            self._counters.count_lookup(found=False)
            raise
        self._counters.count_lookup(outcome.found)
        return decode(outcome.data), outcome.found or not led

    def peek(self, key: str) -> tuple[JSON, bool]:
        """Return the value of `key` and whether it is there; see `Cache`."""
        try:
            data, _held = self._read(key)
        except RedisAwayError:
            data = self._fallback.get(key)
        return (None, False) if data is None else (decode(data), True)

    def clear(self) -> None:
        """Forget the values in Redis and those kept in this process; see `Cache`."""
        self._fallback.clear()
        try:
            self._client.clear()
        except RedisAwayError:
            logger.warning("cache_not_cleared")

    def state(self) -> CacheState:
        """Return the counters and whether Redis answers now; asks it at most once."""
        try:
            self._client.ping()
            reachable = True
        except RedisAwayError:
            reachable = False
        hits, misses, computed, errors = self._counters.read()
        return CacheState(
            kind="redis",
            reachable=reachable,
            hits=hits,
            misses=misses,
            computed=computed,
            errors=errors,
        )

    def _produce(self, key: str, compute: Callable[[], JSON], ttl: int) -> Outcome:
        try:
            turn = self._await_turn(key)
        except RedisAwayError:
            return self._produce_here(key, compute, ttl)
        if turn.data is not None:
            return Outcome(turn.data, found=True)
        with self._holding(key, turn.token):
            data = self._compute(compute)
            try:
                self._client.store(key, data, ttl)
            except RedisAwayError:
                self._fallback.put(key, data, min(ttl, self._fallback_ttl))
        return Outcome(data, found=False)

    def _produce_here(self, key: str, compute: Callable[[], JSON], ttl: int) -> Outcome:
        data = self._fallback.get(key)
        if data is not None:
            return Outcome(data, found=True)
        data = self._compute(compute)
        self._fallback.put(key, data, min(ttl, self._fallback_ttl))
        return Outcome(data, found=False)

    def _compute(self, compute: Callable[[], JSON]) -> bytes:
        self._counters.count_computation()
        return encode(compute())

    def _await_turn(self, key: str) -> _Turn:
        give_up = time.monotonic() + self._wait_limit
        pause = _FIRST_PAUSE
        while True:
            data, held = self._read(key)
            if data is not None:
                return _Turn(data=data)
            if self._client.refuses():
                raise RedisAwayError  # whoever holds the lock couldn't store either
            token = None if held else self._client.lock(key, self._lock_ttl)
            if token is not None:
                # Between our look and our lock somebody may have stored and released.
                data, _ = self._read(key)
                if data is None:
                    return _Turn(token=token)
                self._client.release(key, token)
                return _Turn(data=data)
            if time.monotonic() >= give_up:
                logger.warning("cache_wait_over", key=key)
                return _Turn()
            time.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_LENGTH)

    def _read(self, key: str) -> tuple[bytes | None, bool]:
        """Read as `RedisClient.read` does, but take a value that can't be read for none."""
        data, held = self._client.read(key)
        if data is not None:
            try:
                decode(data)
            except ValueError:
                self._counters.count_error()
                logger.warning("cache_value_unreadable", key=key)
                return None, held
        return data, held

    @contextmanager
    def _holding(self, key: str, token: str | None) -> Iterator[None]:
        """Keep the lock while the body runs and release it afterwards; no token, no lock."""
        if token is None:
            yield
            return
        done = threading.Event()
        threading.Thread(
            target=self._extend_until, args=(done, key, token), name="cache-lock", daemon=True
        ).start()
        try:
            yield
        finally:
            done.set()
            with suppress(RedisAwayError):  # then it ends by itself
                self._client.release(key, token)

    def _extend_until(self, done: threading.Event, key: str, token: str) -> None:
        while not done.wait(self._lock_ttl / 3):
            try:
                if not self._client.extend(key, token, self._lock_ttl):
                    return
            except RedisAwayError:
                continue  # it may be back before the lock ends
