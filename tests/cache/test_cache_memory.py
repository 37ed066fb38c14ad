"""Bounds of the in-process cache, by a clock that the test moves."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from embeddings.circuit_breaker import CircuitBreaker
from matcher.cache import MemoryCache, make_cache
from matcher.cache.memory import TTLStore


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def never() -> Any:
    raise AssertionError("computed, although the value was there")


def test_empty_url_makes_a_memory_cache() -> None:
    assert make_cache("").state() == {
        "kind": "memory",
        "reachable": True,
        "hits": 0,
        "misses": 0,
        "computed": 0,
        "errors": 0,
    }


def test_each_entry_has_its_own_time() -> None:
    clock = Clock()
    cache = MemoryCache(timer=clock)
    cache.get_or_compute("short", lambda: 1, 10)
    cache.get_or_compute("long", lambda: 2, 20)
    clock.now += 9.9
    assert cache.get_or_compute("short", never, 10) == (1, True)
    clock.now += 0.1
    assert cache.get_or_compute("short", lambda: 3, 10) == (3, False)
    assert cache.get_or_compute("long", never, 20) == (2, True)
    clock.now += 10
    assert cache.get_or_compute("long", lambda: 4, 20) == (4, False)


def test_what_is_stored_after_the_first_look_is_not_computed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another asker begins and ends just between the look of the first and its computation."""
    cache, look = MemoryCache(), TTLStore.get
    others: list[tuple[Any, bool]] = []

    def look_then_stop(store: TTLStore, key: str) -> bytes | None:
        data = look(store, key)
        monkeypatch.setattr(TTLStore, "get", look)
        others.append(cache.get_or_compute("k", lambda: "by the other", 60))
        return data

    monkeypatch.setattr(TTLStore, "get", look_then_stop)
    assert cache.get_or_compute("k", never, 60) == ("by the other", True)
    assert others == [("by the other", False)]
    assert cache.state()["computed"] == 1


def test_least_recently_used_goes_first_at_maxsize() -> None:
    store = TTLStore(maxsize=2, max_bytes=1000)
    store.put("a", b"1", 60)
    store.put("b", b"2", 60)
    assert store.get("a") == b"1"
    store.put("c", b"3", 60)
    assert [store.get(key) for key in "abc"] == [b"1", None, b"3"]


def test_bytes_are_bounded() -> None:
    store = TTLStore(maxsize=100, max_bytes=10)
    store.put("a", b"1" * 6, 60)
    store.put("b", b"2" * 4, 60)
    assert (store.get("a"), store.get("b")) == (b"1" * 6, b"2" * 4)
    store.put("c", b"3" * 5, 60)
    assert [store.get(key) for key in "abc"] == [None, b"2" * 4, b"3" * 5]


def test_too_large_is_served_but_not_kept_and_drives_nothing_out() -> None:
    cache = MemoryCache(max_bytes=20)
    cache.get_or_compute("small", lambda: "s", 60)
    assert cache.get_or_compute("large", lambda: "x" * 100, 60) == ("x" * 100, False)
    assert cache.get_or_compute("large", lambda: "y" * 100, 60) == ("y" * 100, False)
    assert cache.get_or_compute("small", never, 60) == ("s", True)


def test_put_replaces_also_when_the_new_data_is_too_large() -> None:
    store = TTLStore(maxsize=10, max_bytes=10)
    store.put("a", b"old", 60)
    store.put("a", b"new", 60)
    assert store.get("a") == b"new"
    store.put("a", b"x" * 11, 60)
    assert store.get("a") is None


@pytest.mark.parametrize(("maxsize", "max_bytes"), [(0, 1), (1, 0)])
def test_bounds_that_hold_nothing_are_refused(maxsize: int, max_bytes: int) -> None:
    with pytest.raises(ValueError):
        TTLStore(maxsize, max_bytes)


def test_store_under_many_threads() -> None:
    """Short lives, few places and many threads: every value read belongs to its key."""
    store = TTLStore(maxsize=8, max_bytes=1000)
    wrong: list[object] = []
    until = time.monotonic() + 0.5

    def work(seed: int) -> None:
        try:
            number = seed
            while time.monotonic() < until:
                number = (number * 31 + 7) % 23
                key = str(number)
                data = store.get(key)
                if data not in (None, key.encode()):
                    wrong.append((key, data))
                store.put(key, key.encode(), 0.0005)
                if number == 0:
                    store.clear()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert wrong == []


def test_breaker_rests_then_lets_one_probe() -> None:
    clock = Clock()
    breaker = CircuitBreaker(2.0, clock)
    assert breaker.allows() and breaker.allows()
    assert breaker.record_failure() is True
    assert breaker.record_failure() is False
    assert not breaker.allows()
    clock.now += 1.9
    assert not breaker.allows()
    assert breaker.is_open()
    clock.now += 0.1
    assert not breaker.is_open()
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    assert breaker.record_failure() is False
    clock.now += 2.0
    assert breaker.allows()
    assert breaker.record_success() is True
    assert breaker.record_success() is False
    assert breaker.allows() and breaker.allows()


def test_breaker_whose_probe_never_reports_lets_another() -> None:
    clock = Clock()
    breaker = CircuitBreaker(2.0, clock)
    breaker.record_failure()
    clock.now += 2.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    clock.now += 2.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
