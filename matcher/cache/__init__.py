"""The cache port: answers kept as JSON bytes, in this process or in Redis."""

from __future__ import annotations

from matcher.cache.memory import MemoryCache
from matcher.cache.port import JSON, Cache, CacheState
from matcher.cache.redis_cache import RedisCache

__all__ = ["JSON", "Cache", "CacheState", "MemoryCache", "RedisCache", "make_cache"]


def make_cache(redis_url: str) -> Cache:
    """Make the cache that `redis_url` names; an empty URL gives an in-process cache.

    Nothing is connected here, so it works when Redis is away and before a fork. Raises ValueError
    (without the URL, which may hold a password) when the URL can't be used.
    """
    return RedisCache(redis_url) if redis_url.strip() else MemoryCache()
