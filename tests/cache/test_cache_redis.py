"""Redis: one computation for many processes, and what becomes of answers when it fails."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from matcher.cache import RedisCache, make_cache
from matcher.cache.redis_client import RedisClient
from tests.servers import HOST, RedisServer, free_port, redis_server

LIVENESS = 20.0  # seconds after which something hangs


def never() -> Any:
    raise AssertionError("computed, although the value was there")


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + LIVENESS
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def note(path: Path) -> None:
    """Add a line with this process's id; several processes may do so at once."""
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")


# --- one computation ---------------------------------------------------------------------------


def _ask_from_a_process(cache: RedisCache | str, begin: Any, runs: Path, answers: Any) -> None:
    asked = RedisCache(cache) if isinstance(cache, str) else cache

    def compute() -> Any:
        note(runs)
        time.sleep(0.6)
        return {"answer": 42}

    def ask(_: int) -> tuple[Any, bool]:
        begin.wait(LIVENESS)
        return asked.get_or_compute("k", compute, 60)

    with ThreadPoolExecutor(8) as pool:
        answers.put(list(pool.map(ask, range(8))))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_one_computation_for_4_processes_of_8_threads(
    server: RedisServer, tmp_path: Path, method: str
) -> None:
    """With "fork", the cache was made and used before the fork, as gunicorn --preload would."""
    context = multiprocessing.get_context(method)
    cache = RedisCache(server.url)
    cache.get_or_compute("before", lambda: 1, 60)
    begin, answers = context.Barrier(4 * 8), context.Queue()
    given = cache if method == "fork" else server.url
    processes = [
        context.Process(target=_ask_from_a_process, args=(given, begin, tmp_path / "runs", answers))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    got = [pair for _ in processes for pair in answers.get(timeout=2 * LIVENESS)]
    for process in processes:
        process.join(LIVENESS)
        assert process.exitcode == 0
        process.close()
    answers.close()
    assert len((tmp_path / "runs").read_text().split()) == 1
    assert [value for value, _ in got] == [{"answer": 42}] * 32
    assert sorted(from_cache for _, from_cache in got) == [False] + [True] * 31
    assert cache.get_or_compute("before", never, 60) == (1, True)


def test_what_one_worker_stored_the_other_finds(server: RedisServer) -> None:
    one, other = RedisCache(server.url), RedisCache(server.url)
    assert one.get_or_compute("k", lambda: [1], 60) == ([1], False)
    assert other.get_or_compute("k", never, 60) == ([1], True)
    with server.client() as client:
        names = client.keys()
        assert names == [b"schakel:{k}"]  # and no lock is left
        assert client.get(names[0]) == b"[1]"
        assert 58 <= client.ttl(names[0]) <= 60


def test_what_is_stored_between_look_and_lock_is_not_computed_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process computes, stores and releases its lock just before this one locks."""
    lock = RedisClient.lock
    others: list[tuple[Any, bool]] = []

    def stop_then_lock(client: RedisClient, key: str, seconds: float) -> str | None:
        monkeypatch.setattr(RedisClient, "lock", lock)
        other = RedisCache(server.url)
        others.append(other.get_or_compute("k", lambda: "by the other", 60))
        return lock(client, key, seconds)

    monkeypatch.setattr(RedisClient, "lock", stop_then_lock)
    assert RedisCache(server.url).get_or_compute("k", never, 60) == ("by the other", True)
    assert others == [("by the other", False)]
    with server.client() as client:
        assert client.keys() == [b"schakel:{k}"]  # the lock was released


def test_failing_computation_releases_the_lock(server: RedisServer) -> None:
    def fail() -> Any:
        raise LookupError("no index yet")

    with pytest.raises(LookupError, match="no index yet"):
        RedisCache(server.url).get_or_compute("k", fail, 60)
    with server.client() as client:
        assert client.keys() == []
    assert RedisCache(server.url).get_or_compute("k", lambda: 1, 60) == (1, False)


def test_computation_longer_than_the_lock_keeps_the_lock(server: RedisServer) -> None:
    holder = RedisCache(server.url, lock_ttl=0.6)
    waiter = RedisCache(server.url, lock_ttl=0.6)
    begun = threading.Event()

    def slow() -> str:
        begun.set()
        time.sleep(2.0)
        return "by the holder"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(holder.get_or_compute, "k", slow, 60)
        assert begun.wait(LIVENESS)
        assert waiter.get_or_compute("k", never, 60) == ("by the holder", True)
        assert first.result(LIVENESS) == ("by the holder", False)


def test_lost_patience_computes(server: RedisServer) -> None:
    holder, waiter = RedisCache(server.url), RedisCache(server.url, wait_limit=0.2)
    begun, finish = threading.Event(), threading.Event()

    def stuck() -> str:
        begun.set()
        assert finish.wait(LIVENESS)
        return "late"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(holder.get_or_compute, "k", stuck, 60)
        assert begun.wait(LIVENESS)
        assert waiter.get_or_compute("k", lambda: "own", 60) == ("own", False)
        with server.client() as client:
            assert client.exists("schakel:{k}:lock")  # the holder's lock isn't ours to release
        finish.set()
        assert first.result(LIVENESS) == ("late", False)


def test_lock_that_went_to_another_is_not_released(server: RedisServer) -> None:
    cache = RedisCache(server.url, lock_ttl=0.3)
    with server.client() as client:

        def compute() -> int:
            client.set("schakel:{k}:lock", "somebody else's token", px=60_000)
            time.sleep(0.5)  # and it isn't extended either
            assert 50_000 < client.pttl("schakel:{k}:lock") < 59_600
            return 1

        assert cache.get_or_compute("k", compute, 60) == (1, False)
        assert client.get("schakel:{k}:lock") == b"somebody else's token"


def _compute_for_ever(url: str, runs: Path) -> None:
    def for_ever() -> Any:
        note(runs)
        time.sleep(600)

    RedisCache(url, lock_ttl=1.0).get_or_compute("k", for_ever, 60)


def test_killed_lock_holder(server: RedisServer, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    process = multiprocessing.get_context("spawn").Process(
        target=_compute_for_ever, args=(server.url, runs)
    )
    process.start()
    try:
        wait_for(runs.exists)
        cache = RedisCache(server.url, lock_ttl=1.0)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(cache.get_or_compute, "k", lambda: "by the heir", 60)
            time.sleep(1.5)
            assert not asked.done()  # the holder lives, so its lock does
            process.kill()
            assert asked.result(LIVENESS) == ("by the heir", False)
    finally:
        process.kill()
        process.join(LIVENESS)
        process.close()


# --- Redis fails -------------------------------------------------------------------------------


def test_killed_in_the_middle_of_200_gets(own_server: RedisServer) -> None:
    cache = RedisCache(own_server.url)
    asked = threading.Semaphore(0)

    def ask(number: int) -> tuple[Any, float]:
        asked.release()
        begin = time.monotonic()
        value, _ = cache.get_or_compute(f"k{number % 40}", lambda: {"n": number % 40}, 60)
        time.sleep(0.005)
        return value, time.monotonic() - begin

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ask, number) for number in range(200)]
        for _ in range(60):
            assert asked.acquire(timeout=LIVENESS)
        own_server.kill()
        results = [future.result(LIVENESS) for future in futures]
    assert [value for value, _ in results] == [{"n": number % 40} for number in range(200)]
    assert max(seconds for _, seconds in results) < 3
    state = cache.state()
    assert state["reachable"] is False
    assert state["errors"] >= 1


def test_killed_while_others_wait_for_a_lock(own_server: RedisServer) -> None:
    holder, waiter = RedisCache(own_server.url), RedisCache(own_server.url)
    begun, finish = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert finish.wait(LIVENESS)
        return "by the holder"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(holder.get_or_compute, "k", slow, 60)
        assert begun.wait(LIVENESS)
        second = pool.submit(waiter.get_or_compute, "k", lambda: "by the waiter", 60)
        time.sleep(0.1)
        own_server.kill()
        assert second.result(LIVENESS) == ("by the waiter", False)
        finish.set()
        assert first.result(LIVENESS) == ("by the holder", False)
    assert holder.get_or_compute("k", never, 60) == ("by the holder", True)  # kept in process


def test_hanging_redis_costs_one_time_out(own_server: RedisServer) -> None:
    cache = RedisCache(own_server.url)
    cache.get_or_compute("before", lambda: "stored", 60)
    own_server.freeze()
    begin = time.monotonic()
    assert cache.get_or_compute("first", lambda: 1, 60) == (1, False)
    first = time.monotonic() - begin
    for number in range(50):
        assert cache.get_or_compute(f"k{number}", lambda n=number: n, 60) == (number, False)
    rest = time.monotonic() - begin - first
    assert first < 2
    assert rest < 6  # 50 time-outs would take 20 seconds
    assert cache.state()["reachable"] is False
    own_server.thaw()
    wait_for(lambda: cache.state()["reachable"])
    assert cache.get_or_compute("before", never, 60) == ("stored", True)


def test_hangs_during_a_computation(own_server: RedisServer) -> None:
    cache = RedisCache(own_server.url)

    def compute() -> str:
        own_server.freeze()
        return "computed"

    begin = time.monotonic()
    assert cache.get_or_compute("k", compute, 60) == ("computed", False)
    assert time.monotonic() - begin < 3
    assert cache.get_or_compute("k", never, 60) == ("computed", True)


def test_comes_back_by_itself_on_the_same_port(own_server: RedisServer) -> None:
    cache = RedisCache(own_server.url, retry_after=0.2)
    cache.get_or_compute("k", lambda: "old", 60)
    own_server.kill()
    with capture_logs() as logs:
        for _ in range(30):
            assert cache.get_or_compute("k", lambda: "in process", 60)[0] == "in process"
        assert cache.state()["reachable"] is False
        own_server.start()
        wait_for(lambda: cache.state()["reachable"])
        # Redis lost its memory; what this process kept meanwhile isn't taken for Redis's.
        assert cache.get_or_compute("k", lambda: "new", 60) == ("new", False)
    assert [entry["event"] for entry in logs] == ["cache_redis_away", "cache_redis_back"]
    assert RedisCache(own_server.url).get_or_compute("k", never, 60) == ("new", True)


def test_restart_between_two_questions_goes_unnoticed(own_server: RedisServer) -> None:
    cache = RedisCache(own_server.url)
    cache.get_or_compute("k", lambda: 1, 60)
    own_server.kill()
    own_server.start()
    assert cache.get_or_compute("k", lambda: 2, 60) == (2, False)
    assert cache.state()["errors"] == 0


def test_what_is_kept_in_process_is_kept_for_a_short_time(own_server: RedisServer) -> None:
    own_server.kill()
    cache = RedisCache(own_server.url, fallback_ttl=0.3)
    assert cache.get_or_compute("k", lambda: 1, 60) == (1, False)
    assert cache.get_or_compute("k", never, 60) == (1, True)
    time.sleep(0.4)
    assert cache.get_or_compute("k", lambda: 2, 60) == (2, False)


@pytest.mark.parametrize(
    ("refuse", "accept", "error"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OutOfMemoryError"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "ReadOnlyError"),
    ],
)
def test_refused_writes(own_server: RedisServer, refuse: str, accept: str, error: str) -> None:
    cache = RedisCache(own_server.url, retry_after=0.5)
    cache.get_or_compute("before", lambda: "stored", 60)
    with own_server.client() as client, capture_logs() as logs:
        client.execute_command(*refuse.split())
        assert cache.get_or_compute("k", lambda: "in process", 60) == ("in process", False)
        assert cache.get_or_compute("k", never, 60) == ("in process", True)
        assert cache.get_or_compute("before", never, 60) == ("stored", True)
        cache.clear()  # doesn't raise, whether or not the server lets it
        state = cache.state()
        assert state["reachable"] is True
        assert state["errors"] >= 1
        client.execute_command(*accept.split())

        def stored_again() -> bool:
            cache.clear()  # or the answer kept in process would be given
            cache.get_or_compute("later", lambda: 1, 60)
            return bool(client.exists("schakel:{later}"))

        wait_for(stored_again)
    assert logs[0] == {"event": "cache_redis_refuses", "error": error, "log_level": "warning"}
    assert {"event": "cache_redis_writable_again", "log_level": "info"} in logs


@pytest.mark.parametrize("refuse", ["CONFIG SET maxmemory 1", "REPLICAOF 127.0.0.1 1"])
def test_refuses_the_value_after_the_lock(own_server: RedisServer, refuse: str) -> None:
    """Nobody may have to wait for the end of the lock, which a replica doesn't release."""
    cache = RedisCache(own_server.url, lock_ttl=60.0, wait_limit=60.0)
    with own_server.client() as client:

        def compute() -> str:
            client.execute_command(*refuse.split())
            return "in process"

        begin = time.monotonic()
        assert cache.get_or_compute("k", compute, 60) == ("in process", False)
        assert cache.get_or_compute("k", never, 60) == ("in process", True)
        assert time.monotonic() - begin < LIVENESS
        if "maxmemory" in refuse:
            assert client.keys() == []


@contextmanager
def strange_server(reply: bytes | None) -> Iterator[str]:
    """Answers whatever is asked with `reply`; None: it hangs up at once. Yields its URL."""
    connections: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener or the connection was shut
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                if reply is None:
                    connection.shutdown(socket.SHUT_RDWR)
                while connection.recv(65536):
                    connection.sendall(reply or b"")

    with socket.create_server((HOST, 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(serve, listener)
        try:
            yield f"redis://{HOST}:{listener.getsockname()[1]}/0"
        finally:
            for opened in (listener, *connections):
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)
            pool.shutdown()
            for connection in connections:
                connection.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-NOPERM this user has no permissions\r\n",
        b"-CLUSTERDOWN Hash slot not served\r\n",
        b"-MOVED 1 10.0.0.1:6379\r\n",
        b"-MOVED\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-ERR max number of clients reached\r\n",
        b"-\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$9999999999\r\n",
        b"$x\r\n",
        b"*x\r\n",
        b":x\r\n",
        b"+OK\r\n",
        b"*1\r\n$-1\r\n",
        b"*2\r\n:5\r\n$-1\r\n",
        b"\xff\xfe\x00",
        b"\r\n",
        None,
    ],
)
def test_strange_server_fails_no_answer(reply: bytes | None) -> None:
    with strange_server(reply) as url, capture_logs():
        cache = RedisCache(url)
        assert cache.get_or_compute("k", lambda: {"a": 1}, 60) == ({"a": 1}, False)
        assert cache.get_or_compute("k", never, 60) == ({"a": 1}, True)
        assert cache.state()["errors"] >= 1
        cache.clear()


@pytest.mark.parametrize(
    "corrupt", [b"", b"{", b"\xff\xfe", b"\x80\x04K\x01.", b"[" * 200_000, ["a", "list"]]
)
def test_unreadable_value_is_computed_again_and_overwritten(
    server: RedisServer, corrupt: Any
) -> None:
    cache = RedisCache(server.url)
    with server.client() as client, capture_logs():
        if isinstance(corrupt, list):
            client.rpush("schakel:{k}", *corrupt)
        else:
            client.set("schakel:{k}", corrupt)
        assert cache.get_or_compute("k", lambda: {"a": 1}, 60) == ({"a": 1}, False)
        assert client.get("schakel:{k}") == b'{"a":1}'
    assert RedisCache(server.url).get_or_compute("k", never, 60) == ({"a": 1}, True)
    assert cache.state()["reachable"] is True


# --- clear, secrets, settings ------------------------------------------------------------------


def test_clear_takes_only_its_own_prefix(server: RedisServer) -> None:
    cache = RedisCache(server.url, prefix="a[b]*:")
    other = RedisCache(server.url, prefix="ab:")
    other.get_or_compute("k", lambda: "other's", 60)
    with server.client() as client:
        client.set("LIMITS:127.0.0.1", 1)
        client.set("a[b]*:{busy}:lock", "somebody computes")
        client.mset({f"a[b]*:{{{number}}}": "1" for number in range(1200)})
        cache.clear()
        assert sorted(client.keys()) == [
            b"LIMITS:127.0.0.1",
            b"a[b]*:{busy}:lock",
            b"ab:{k}",
        ]


@pytest.mark.parametrize("right", [True, False])
def test_password_stays_secret(
    right: bool, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    password = "s3cr:et/@%?#"
    with redis_server(password=password) as server:
        url = server.url if right else server.url.replace("s3cr", "wr0ng")
        cache = make_cache(url)
        assert cache.get_or_compute("k", lambda: 1, 60) == (1, False)
        assert cache.get_or_compute("k", never, 60) == (1, True)
        state = cache.state()
        assert state["reachable"] is right
        server.kill()
        cache.get_or_compute("l", lambda: 1, 60)
        cache.clear()
    out, err = capfd.readouterr()
    said = out + err + caplog.text + json.dumps(state) + json.dumps(cache.state()) + repr(cache)
    assert "cache_redis_away" in said
    assert not [secret for secret in ("s3cr", "wr0ng", "et%2F", "et/@") if secret in said]


@pytest.mark.parametrize(
    "url",
    [
        "http://:hush@127.0.0.1:6379/0",
        "127.0.0.1:6379",
        "redis://:hush/hush@127.0.0.1:6379/0",
        "redis://:hush@127.0.0.1:port/0",
        "redis://:hush@[::1/0",
        "redis://:hush@127.0.0.1:6379/0?nonsense=1",
        "redis://:hush@127.0.0.1:6379/0?socket_timeout=hush",
        "redis://:hush@127.0.0.1:6379/0?max_connections=-1",
    ],
)
def test_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="the Redis URL can't be used") as caught:
        make_cache(url)
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "rediss://:word@localhost:6380/1",
        "redis://localhost/0?socket_timeout=1.5",
        "redis://localhost/0?decode_responses=true",
    ],
)
def test_usable_urls(url: str) -> None:
    assert make_cache(url) is not None


def test_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with redis_server(options=("--unixsocket", str(path))):
        cache = make_cache(f"unix://{path}?db=1")
        assert cache.get_or_compute("k", lambda: 1, 60) == (1, False)
        assert cache.get_or_compute("k", never, 60) == (1, True)
        assert cache.state()["errors"] == 0


def test_making_it_connects_nowhere() -> None:
    with socket.create_server((HOST, 0)) as listener:
        make_cache(f"redis://{HOST}:{listener.getsockname()[1]}/0")
        readable, _, _ = select.select([listener], [], [], 0.2)
        assert readable == []
    assert make_cache(f"redis://{HOST}:{free_port()}/0").state()["reachable"] is False


def test_driver_option_in_the_url_changes_no_values(server: RedisServer) -> None:
    cache = make_cache(f"{server.url}?decode_responses=true")
    assert cache.get_or_compute("k", lambda: "é", 60) == ("é", False)
    assert cache.get_or_compute("k", never, 60) == ("é", True)
