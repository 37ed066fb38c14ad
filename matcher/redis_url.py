"""The address of a Redis server, checked without connecting to it."""

from __future__ import annotations

from typing import Any

from redis import ConnectionPool
from redis.exceptions import RedisError


def make_connection_pool(url: str, **options: Any) -> ConnectionPool:
    """Return a pool of connections to `url`; connects to nothing.

    Raises ValueError, without the URL, which may hold a password, when the URL can't be used.
    """
    try:
        pool = ConnectionPool.from_url(url, **options)
        pool.connection_class(**pool.connection_kwargs)  # refuses an unknown option in the URL
    except (ValueError, TypeError, AttributeError, RedisError):
        raise ValueError(
            "the Redis URL can't be used; write redis://[[user]:password@]host:port/database, "
            "rediss://... or unix://..., with % escapes in the password"
        ) from None
    return pool
