from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.accounts import accounts, second_factor
from matcher.accounts.attempts import MAX_FAILURES, Source
from matcher.store import Store
from matcher.store.account_tables import AccountRow
from tests.people import make_account

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The ASCII digits 12345678901234567890 of RFC 6238, appendix B."""
KEY, HERE = "k" * 40, Source("here")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    yield made
    made.dispose()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock to a second since 1970."""

    def set_clock(seconds: int) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

        monkeypatch.setattr(second_factor, "datetime", Clock)

    return set_clock


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ],
)
def test_the_codes_are_those_of_the_rfc(
    store: Store, at: Callable[[int], None], seconds: int, code: str
) -> None:
    jan = make_account(store, "Jan")
    on = {"secret": RFC_SECRET, "key": KEY, "actor": "command"}
    at(seconds + 61)
    assert not second_factor.turn_on(store, jan.id, code=code, **on)
    at(seconds + 30)
    assert second_factor.turn_on(store, jan.id, code=f" {code[:3]} {code[3:]}", **on)
    turned_on = accounts.get(store, jan.id)
    assert turned_on is not None and turned_on.has_second_factor
    with store.reading() as session:
        assert RFC_SECRET not in str(session.get_one(AccountRow, jan.id).totp)
    second_factor.turn_off(store, jan.id, actor="command")
    assert not second_factor.verify(store, jan.id, code, key=KEY, source=HERE)


def test_no_code_is_good_twice(store: Store, at: Callable[[int], None]) -> None:
    jan = make_account(store, "Jan")
    at(1_111_111_109)
    on = {"secret": RFC_SECRET, "key": KEY, "actor": "command"}
    assert second_factor.turn_on(store, jan.id, code="081804", **on)
    assert not second_factor.verify(store, jan.id, "081804", key=KEY, source=HERE)
    at(1_111_111_111)
    assert not second_factor.verify(store, jan.id, "050471", key="other" * 9, source=HERE)
    assert second_factor.verify(store, jan.id, "050471", key=KEY, source=HERE)
    assert not second_factor.verify(store, jan.id, "050471", key=KEY, source=HERE)


def test_wrong_codes_lock(store: Store, at: Callable[[int], None]) -> None:
    jan = make_account(store, "Jan")
    at(1_111_111_109)
    on = {"secret": RFC_SECRET, "key": KEY, "actor": "command"}
    assert second_factor.turn_on(store, jan.id, code="081804", **on)
    at(1_111_111_111)
    for _ in range(MAX_FAILURES):
        assert not second_factor.verify(store, jan.id, "000000", key=KEY, source=HERE)
    assert not second_factor.verify(store, jan.id, "050471", key=KEY, source=HERE)
    assert second_factor.verify(store, jan.id, "050471", key=KEY, source=Source("there"))


def test_secrets_are_random_and_apps_read_them() -> None:
    one, other = second_factor.new_secret(), second_factor.new_secret()
    assert one != other and len(one) == 32
    address = second_factor.app_address(one, "jan+x@example.org")
    assert address == f"otpauth://totp/Schakel:jan%2Bx%40example.org?secret={one}&issuer=Schakel"
