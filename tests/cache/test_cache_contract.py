"""What holds for every cache: in process, with Redis, and with Redis away."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.cache import Cache
from matcher.cache.port import MAX_KEY_LENGTH

LIVENESS = 20.0  # seconds after which something hangs


class Counting:
    """A computation that counts its runs and takes a while."""

    def __init__(self, value: Any, seconds: float = 0.0) -> None:
        self.value = value
        self.seconds = seconds
        self.runs = 0
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        with self._lock:
            self.runs += 1
        time.sleep(self.seconds)
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


def ask_together(count: int, ask: Callable[[], Any]) -> list[Any]:
    """Answers, or the exceptions, of `count` threads that ask at the same moment."""
    barrier = threading.Barrier(count)

    def one() -> Any:
        barrier.wait(LIVENESS)
        try:
            return ask()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [future.result(LIVENESS) for future in [pool.submit(one) for _ in range(count)]]


def never() -> Any:
    raise AssertionError("computed, although the value was there")


@pytest.mark.parametrize(
    "value",
    [
        None,
        False,
        0,
        "",
        [],
        {},
        1.5,
        -(2**70),
        "één café, 部品, \ud800",
        [1, [2, {"a": None}]],
        {"matches": [{"organisation": 7, "score": 0.25}], "gaps": []},
    ],
)
def test_value_comes_back(cache: Cache, value: Any) -> None:
    assert cache.get_or_compute("k", lambda: value, 60) == (value, False)
    answer, from_cache = cache.get_or_compute("k", never, 60)
    assert (answer, from_cache) == (value, True)
    assert type(answer) is type(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # surrogates too: a form can hold half a pair
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=st.text(min_size=1, max_size=MAX_KEY_LENGTH), value=json_values)
def test_any_key_and_value(cache: Cache, key: str, value: Any) -> None:
    cache.clear()
    try:
        key.encode()
    except UnicodeEncodeError:
        with pytest.raises(ValueError):
            cache.get_or_compute(key, never, 60)
        return
    assert cache.get_or_compute(key, lambda: value, 60) == (value, False)
    assert cache.get_or_compute(key, never, 60) == (value, True)


def test_value_is_what_json_makes_of_it_for_the_first_asker_too(cache: Cache) -> None:
    first, _ = cache.get_or_compute("k", lambda: {"pair": (1, 2), 3: "three"}, 60)
    second, _ = cache.get_or_compute("k", never, 60)
    assert first == second == {"pair": [1, 2], "3": "three"}


def test_askers_may_change_what_they_get(cache: Cache) -> None:
    computed = {"matches": [1, 2]}
    first, _ = cache.get_or_compute("k", lambda: computed, 60)
    first["matches"].append("changed by the first")
    computed["matches"].append("changed by the computer")
    second, _ = cache.get_or_compute("k", never, 60)
    assert second == {"matches": [1, 2]}
    second["matches"].clear()
    assert cache.get_or_compute("k", never, 60) == ({"matches": [1, 2]}, True)


def test_those_who_waited_together_get_separate_values(cache: Cache) -> None:
    compute = Counting({"matches": [1]}, seconds=0.3)
    answers = ask_together(8, lambda: cache.get_or_compute("k", compute, 60)[0])
    assert compute.runs == 1
    assert len({id(answer["matches"]) for answer in answers}) == 8


def test_keys_are_apart(cache: Cache) -> None:
    keys = ["a", "A", "a ", "a*", "a}", "{a}", "a:lock", "{a}:lock", "a\n", "a\0", "é"]
    for number, key in enumerate(keys):
        assert cache.get_or_compute(key, lambda n=number: n, 60) == (number, False)
    for number, key in enumerate(keys):
        assert cache.get_or_compute(key, never, 60) == (number, True)


def test_value_ends_with_its_time(cache: Cache) -> None:
    cache.get_or_compute("short", lambda: "old", 1)
    cache.get_or_compute("long", lambda: "kept", 60)
    time.sleep(1.2)
    assert cache.get_or_compute("short", lambda: "new", 60) == ("new", False)
    assert cache.get_or_compute("long", never, 60) == ("kept", True)


@pytest.mark.parametrize("key", ["", "k" * (MAX_KEY_LENGTH + 1), "half a pair \ud800"])
def test_unusable_key(cache: Cache, key: str) -> None:
    with pytest.raises(ValueError):
        cache.get_or_compute(key, never, 60)


@pytest.mark.parametrize("ttl", [0, -1])
def test_unusable_ttl(cache: Cache, ttl: int) -> None:
    with pytest.raises(ValueError, match="1 second"):
        cache.get_or_compute("k", never, ttl)


def test_longest_key(cache: Cache) -> None:
    key = "€" * MAX_KEY_LENGTH
    assert cache.get_or_compute(key, lambda: 1, 60) == (1, False)
    assert cache.get_or_compute(key, never, 60) == (1, True)


def test_one_computation_for_32_threads(cache: Cache) -> None:
    compute = Counting({"answer": 42}, seconds=0.5)
    answers = ask_together(32, lambda: cache.get_or_compute("k", compute, 60))
    assert compute.runs == 1
    assert [answer for answer, _ in answers] == [{"answer": 42}] * 32
    assert sorted(from_cache for _, from_cache in answers) == [False] + [True] * 31
    state = cache.state()
    assert state["computed"] == 1
    assert state["hits"] + state["misses"] == 32


def test_other_keys_dont_wait(cache: Cache) -> None:
    begun, finish = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert finish.wait(LIVENESS)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        slow_answer = pool.submit(cache.get_or_compute, "slow", slow, 60)
        assert begun.wait(LIVENESS)
        assert cache.get_or_compute("quick", lambda: "quick", 60) == ("quick", False)
        assert not slow_answer.done()
        finish.set()
        assert slow_answer.result(LIVENESS) == ("slow", False)


def test_failing_computation_reaches_all_who_wait_and_is_not_kept(cache: Cache) -> None:
    compute = Counting(LookupError("no index yet"), seconds=0.5)
    answers = ask_together(16, lambda: cache.get_or_compute("k", compute, 60))
    assert [type(answer) for answer in answers] == [LookupError] * 16
    assert {str(answer) for answer in answers} == {"no index yet"}
    assert compute.runs == 1
    assert cache.get_or_compute("k", lambda: "well again", 60) == ("well again", False)
    assert cache.get_or_compute("k", never, 60) == ("well again", True)


def test_stopped_worker_stops_nobody_else(cache: Cache) -> None:
    """Gunicorn ends a worker by SystemExit in whatever thread; who waits must not exit too."""
    begun, finish = threading.Event(), threading.Event()

    def stopped() -> Any:
        begun.set()
        assert finish.wait(LIVENESS)
        raise SystemExit(1)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get_or_compute, "k", stopped, 60)
        assert begun.wait(LIVENESS)
        second = pool.submit(cache.get_or_compute, "k", lambda: "computed anew", 60)
        time.sleep(0.1)
        finish.set()
        assert second.result(LIVENESS) == ("computed anew", False)
        with pytest.raises(SystemExit):
            first.result(LIVENESS)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes"])
def test_what_is_not_json_is_refused_and_not_kept(cache: Cache, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        cache.get_or_compute("k", lambda: value, 60)
    assert cache.get_or_compute("k", lambda: 1, 60) == (1, False)


def test_computation_may_ask_for_another_key(cache: Cache) -> None:
    def outer() -> Any:
        inner, _ = cache.get_or_compute("inner", lambda: [1], 60)
        return {"outer": inner}

    assert cache.get_or_compute("outer", outer, 60) == ({"outer": [1]}, False)
    assert cache.get_or_compute("inner", never, 60) == ([1], True)


def test_computation_that_asks_for_its_own_key_is_told_so(cache: Cache) -> None:
    with pytest.raises(RuntimeError, match="its own key"):
        cache.get_or_compute("k", lambda: cache.get_or_compute("k", never, 60), 60)
    assert cache.get_or_compute("k", lambda: 1, 60) == (1, False)


def test_clear(cache: Cache) -> None:
    for key in ("a", "b"):
        cache.get_or_compute(key, lambda: "old", 60)
    cache.clear()
    for key in ("a", "b"):
        assert cache.get_or_compute(key, lambda: "new", 60) == ("new", False)


def test_counters(cache: Cache) -> None:
    cache.get_or_compute("a", lambda: 1, 60)
    cache.get_or_compute("a", never, 60)
    cache.get_or_compute("a", never, 60)
    cache.get_or_compute("b", lambda: 1, 60)
    with pytest.raises(LookupError):
        cache.get_or_compute("c", Counting(LookupError()), 60)
    state = cache.state()
    assert (state["hits"], state["misses"], state["computed"]) == (2, 3, 3)
    assert json.loads(json.dumps(state)) == state


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_answers_although_its_parent_was_computing(cache: Cache) -> None:
    """The child has the parent's flights and locks, but not the thread that would end them."""
    begun, finish = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert finish.wait(LIVENESS)
        return "by the parent"

    cache.get_or_compute("seen", lambda: "before the fork", 60)
    with ThreadPoolExecutor(1) as pool:
        parents = pool.submit(cache.get_or_compute, "k", slow, 60)
        assert begun.wait(LIVENESS)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # no pytest in here: _exit, whatever happens
            try:
                counters = cache.state()
                other = cache.get_or_compute("other", lambda: "by the child", 60)
                os.write(write, json.dumps([counters["computed"], other]).encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        finish.set()
        assert parents.result(LIVENESS) == ("by the parent", False)
    assert json.loads(told) == [0, ["by the child", False]]
    assert cache.get_or_compute("seen", never, 60) == ("before the fork", True)


def test_a_look_computes_nothing(cache: Cache) -> None:
    assert cache.peek("k") == (None, False)
    before = cache.state()
    cache.get_or_compute("k", lambda: {"pair": [1]}, 60)
    assert cache.peek("k") == ({"pair": [1]}, True)
    cache.get_or_compute("nothing", lambda: None, 60)
    assert cache.peek("nothing") == (None, True)
    assert (before["misses"], cache.state()["misses"], cache.state()["hits"]) == (0, 2, 0)
    cache.clear()
    assert cache.peek("k") == (None, False)


def test_a_look_does_not_wait(cache: Cache) -> None:
    begun, end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert end.wait(LIVENESS)
        return "done"

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cache.get_or_compute, "k", slow, 60)
        assert begun.wait(LIVENESS)
        assert cache.peek("k") == (None, False)
        end.set()
        assert asked.result(LIVENESS) == ("done", False)
    assert cache.peek("k") == ("done", True)
