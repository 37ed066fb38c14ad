from __future__ import annotations

from collections.abc import Iterator

import pytest

from matcher.cache import Cache, MemoryCache, RedisCache
from tests.servers import RedisServer, free_port, redis_server


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A running server that is empty; not to be killed."""
    with shared_server.client() as client:
        client.flushall()
    return shared_server


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A running server that this test may kill or freeze."""
    with redis_server() as server:
        yield server


@pytest.fixture(params=["memory", "redis", "redis-away"])
def cache(request: pytest.FixtureRequest) -> Cache:
    """One of each: what the contract says must hold for all."""
    if request.param == "memory":
        return MemoryCache()
    if request.param == "redis-away":
        return RedisCache(f"redis://127.0.0.1:{free_port()}/0")
    server: RedisServer = request.getfixturevalue("server")
    return RedisCache(server.url)
