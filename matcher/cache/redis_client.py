"""What the cache asks of Redis, and what becomes of it when Redis doesn't answer."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from embeddings.circuit_breaker import CircuitBreaker
from matcher.cache.after_fork import reset_after_fork
from matcher.cache.counters import Counters
from matcher.redis_url import make_connection_pool

logger = structlog.get_logger(__name__)

_EXTEND = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
_CLEAR_BATCH = 500
_MAX_CONNECTIONS = 1024  # one for each thread that asks at this moment; never a limit in practice


class RedisAwayError(Exception):
    """Redis didn't do what was asked, or wasn't asked because it failed just now."""


class RedisClient:
    """Values and locks in Redis. What fails is a RedisAwayError and nothing else.

    Thread safe; connects at the first question; a forked child gets connections of its own. Times
    are in seconds. No method takes longer than `connect_timeout` + `read_timeout`, but for the
    time that looking up a host name takes and for `clear`, which asks several questions.

    After a failure nothing is asked for `retry_after` seconds. A server that answers but refuses to
    write (out of memory, read-only replica, disk full) goes on being read. Raises ValueError,
    without the URL, when the URL can't be used.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        counters: Counters,
        *,
        connect_timeout: float,
        read_timeout: float,
        retry_after: float,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._counters = counters
        self._timeouts = (connect_timeout, read_timeout)
        self._reach = CircuitBreaker(retry_after)
        self._writes = CircuitBreaker(retry_after)
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Drop the connections, and what was learnt with them; only for a forked child."""
        self._client = _make_client(self._url, *self._timeouts)
        self._reach.reset()
        self._writes.reset()

    def read(self, key: str) -> tuple[bytes | None, bool]:
        """Return the value of `key`, None when there is none, and whether its lock is held."""

        def look(client: redis.Redis) -> tuple[bytes | None, bool]:
            data, lock = client.mget(self._value_name(key), self._lock_name(key))
            if data is not None and not isinstance(data, bytes):
                raise TypeError("a value is bytes")
            return data, lock is not None

        value_and_lock: tuple[bytes | None, bool] = self._ask(look)
        return value_and_lock

    def store(self, key: str, data: bytes, ttl: int) -> None:
        """Keep `data` for `ttl` seconds, in place of whatever was there."""
        self._ask(lambda client: client.set(self._value_name(key), data, ex=ttl), writes=True)

    def lock(self, key: str, ttl: float) -> str | None:
        """Take the lock of `key` for `ttl` seconds; return its token, None when it is held."""
        token = secrets.token_hex(16)
        taken = self._ask(
            lambda client: client.set(self._lock_name(key), token, nx=True, px=_milliseconds(ttl)),
            writes=True,
        )
        return token if taken else None

    def extend(self, key: str, token: str, ttl: float) -> bool:
        """Hold the lock for `ttl` seconds from now; return False when it is no longer ours."""
        return bool(
            self._ask(
                lambda client: client.eval(
                    _EXTEND, 1, self._lock_name(key), token, _milliseconds(ttl)
                ),
                writes=True,
            )
        )

    def release(self, key: str, token: str) -> None:
        """Give the lock back if it is still ours.

        Asked of a server that refuses writes too: one without memory does delete, and a lock that
        stays makes others wait. Whether it worked says nothing about other writes.
        """

        def give_back(client: redis.Redis) -> None:
            with suppress(ResponseError):
                client.eval(_RELEASE, 1, self._lock_name(key), token)

        self._ask(give_back)

    def refuses(self) -> bool:
        """Return whether the server refused to write just now and isn't to be asked yet."""
        return self._writes.is_open()

    def ping(self) -> None:
        """Return when Redis answers."""
        self._ask(lambda client: client.ping())

    def clear(self) -> None:
        """Delete all values, leave the locks. Walks through all keys of the database."""
        pattern = re.sub(r"([*?\[\]^\\-])", r"\\\1", self._prefix) + "{*}"

        def sweep(client: redis.Redis) -> None:
            cursor = 0
            while True:
                cursor, names = client.scan(cursor, match=pattern, count=_CLEAR_BATCH)
                if names:
                    client.unlink(*names)
                if cursor == 0:
                    return

        self._ask(sweep, writes=True)

    def _value_name(self, key: str) -> str:
        return f"{self._prefix}{{{key}}}"  # {key}: both names in one slot of a Redis cluster

    def _lock_name(self, key: str) -> str:
        return f"{self._prefix}{{{key}}}:lock"

    def _ask(self, command: Callable[[redis.Redis], Any], writes: bool = False) -> Any:
        if not self._reach.allows() or (writes and not self._writes.allows()):
            raise RedisAwayError
        try:
            answer = command(self._client)
        except Exception as error:
            # All of them: a garbled reply makes the driver raise ValueError, IndexError and more.
            refused = writes and isinstance(error, ResponseError)
            self._failed(error, self._writes if refused else self._reach)
            raise RedisAwayError from None  # the driver's message may hold address and user
        if self._reach.record_success():
            logger.info("cache_redis_back")
        if writes and self._writes.record_success():
            logger.info("cache_redis_writable_again")
        return answer

    def _failed(self, error: BaseException, breaker: CircuitBreaker) -> None:
        self._counters.count_error()
        if breaker is self._writes:
            self._reach.record_success()  # a refusal is an answer
        if breaker.record_failure():
            event = "cache_redis_refuses" if breaker is self._writes else "cache_redis_away"
            logger.warning(event, error=type(error).__name__)


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


def _make_client(url: str, connect_timeout: float, read_timeout: float) -> redis.Redis:
    pool = make_connection_pool(
        url,
        socket_connect_timeout=connect_timeout,
        socket_timeout=read_timeout,
        retry=Retry(NoBackoff(), 0),  # the default tries and waits for seconds
        protocol=2,  # with driver_info: no question on connecting that we don't need
        driver_info=None,
        max_connections=_MAX_CONNECTIONS,
    )
    pool.connection_kwargs["decode_responses"] = False  # even when the URL says otherwise
    return redis.Redis.from_pool(pool)
