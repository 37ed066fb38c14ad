from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from matcher.accounts import attempts
from matcher.accounts.attempts import (
    LOCK_DURATION,
    MAX_FAILURES,
    MAX_FAILURES_ANYWHERE,
    MAX_FAILURES_OF_KNOWN_DEVICE,
    Source,
    network_key,
)
from matcher.store import Store
from matcher.store.account_tables import SignInFailureRow

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    yield made
    made.dispose()


def fail(store: Store, account: int, source: Source, now: datetime = NOW) -> bool:
    with store.keeping() as session:
        return attempts.count_failure(session, key(account), source.limits(account), now)


def locked(store: Store, account: int, source: Source, now: datetime = NOW) -> bool:
    with store.reading() as session:
        return attempts.is_locked(session, key(account), source.limits(account), now)


def key(account: int) -> str:
    return attempts.address_key(f"{account}@example.org")


def test_a_network_is_locked_for_one_account_and_a_while(store: Store) -> None:
    jan, mia = 1, 2
    here, there = Source("here"), Source("there")
    said = [fail(store, jan, here) for _ in range(MAX_FAILURES)]
    assert said == [False] * (MAX_FAILURES - 1) + [True]
    assert locked(store, jan, here)
    assert not locked(store, jan, there) and not locked(store, mia, here)
    later = NOW + LOCK_DURATION
    assert locked(store, jan, here, later - timedelta(seconds=1))
    assert not locked(store, jan, here, later)
    assert not fail(store, jan, here, later)
    assert not locked(store, jan, here, later)


def test_a_known_device_is_locked_by_nobody_else(store: Store) -> None:
    jan = 1
    known = Source("here", "d1", frozenset({jan}))
    for number in range(MAX_FAILURES_ANYWHERE):
        fail(store, jan, Source(f"network{number}"))
    assert locked(store, jan, Source("new")) and locked(store, jan, Source("new", "d2"))
    assert not locked(store, jan, known)
    for _ in range(MAX_FAILURES_OF_KNOWN_DEVICE):
        assert not locked(store, jan, known)
        fail(store, jan, known)
    assert locked(store, jan, known)


def test_the_right_password_forgets_the_failures_of_its_source(store: Store) -> None:
    jan = 1
    for source in (Source("here"), Source("there")):
        for _ in range(MAX_FAILURES):
            fail(store, jan, source)
    with store.keeping() as session:
        attempts.forget(session, key(jan), Source("here").limits(jan))
    assert not locked(store, jan, Source("here")) and locked(store, jan, Source("there"))
    with store.keeping() as session:
        attempts.forget(session, key(jan))
    assert not locked(store, jan, Source("there"))


def test_guesses_in_parallel_count(store: Store) -> None:
    jan = 1
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda _: fail(store, jan, Source("here")), range(12)))
    assert said.count(True) == 1
    with store.reading() as session:
        rows = {row.source: row.failures for row in session.scalars(select(SignInFailureRow))}
    assert rows == {"network:here": 12, "anywhere": 12}


def test_networks_have_names_that_tell_nobody_which_they_are() -> None:
    def name(address: str, secret: str = "s") -> str:
        return network_key(secret, address)

    assert name("192.0.2.7") != name("192.0.2.8")
    assert name("192.0.2.7") == name("::ffff:192.0.2.7") != name("192.0.2.7", "t")
    assert name("2001:db8:1:2::1") == name("2001:db8:1:2:ffff::9") != name("2001:db8:1:3::1")
    assert len(name("")) == 32
    assert attempts.address_key(" Jan@Example.org") == attempts.address_key("jan@example.org")
