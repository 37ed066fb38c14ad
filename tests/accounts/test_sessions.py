from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from matcher.accounts import accounts, passwords, sessions
from matcher.store import Store
from matcher.store.account_tables import SessionRow
from tests.people import make_account


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    return made


def test_a_session_is_its_accounts_until_it_ends(store: Store) -> None:
    jan = make_account(store, "Jan")
    token = sessions.start_for_account(store, jan.id, "Firefox, Linux")
    assert accounts.get_by_session(store, token) == jan
    assert sessions.profile_of(store, token) is None
    assert accounts.get_by_session(store, token[:-1]) is None
    (known,) = sessions.list_for_account(store, jan.id)
    assert (known.mark, known.device) == (sessions.mark_of(token), "Firefox, Linux")
    assert known.expires - known.started == sessions.ACCOUNT_LIFETIME
    sessions.end(store, token)
    assert accounts.get_by_session(store, token) is None
    assert sessions.list_for_account(store, jan.id) == []


def test_only_the_digest_is_stored(store: Store) -> None:
    token = sessions.start_for_account(store, make_account(store, "Jan").id, "")
    with store.reading() as session:
        row = session.scalars(select(SessionRow)).one()
    assert token not in (row.digest, row.device) and len(row.digest) == 64


def test_somebody_ends_sessions_of_one_account_only(store: Store) -> None:
    jan, mia = make_account(store, "Jan"), make_account(store, "Mia")
    first, second, third = (sessions.start_for_account(store, jan.id, "") for _ in range(3))
    others = sessions.start_for_account(store, mia.id, "")
    assert not sessions.end_marked(store, jan.id, sessions.mark_of(others))
    assert sessions.end_marked(store, jan.id, sessions.mark_of(first))
    assert accounts.get_by_session(store, first) is None
    sessions.end_others(store, jan.id, but=second)
    assert accounts.get_by_session(store, second) == jan
    assert accounts.get_by_session(store, third) is None
    assert accounts.get_by_session(store, others) == mia


def test_what_ends_all_sessions_of_an_account(store: Store) -> None:
    jan = make_account(store, "Jan")

    def open_after(change: object) -> bool:
        token = sessions.start_for_account(store, jan.id, "")
        assert accounts.get_by_session(store, token) is not None
        assert callable(change)
        change()
        accounts.change(store, jan.id, actor="command", active=True)
        return accounts.get_by_session(store, token) is not None

    new = {"email": jan.email, "password": "vijf grote appels", "actor": "command"}
    assert not open_after(lambda: passwords.set_password(store, **new))
    assert not open_after(lambda: accounts.change(store, jan.id, actor="command", active=False))
    assert open_after(lambda: accounts.change(store, jan.id, actor="command", name="Johan"))
    token = sessions.start_for_account(store, jan.id, "")
    accounts.delete(store, jan.id, actor="command")
    assert accounts.get_by_session(store, token) is None


def test_sessions_run_out_and_are_cleared_away(store: Store) -> None:
    jan = make_account(store, "Jan")
    token = sessions.start_for_account(store, jan.id, "")
    opened = sessions.start_for_profile(store, "own:jan", "")
    assert sessions.profile_of(store, opened) == "own:jan"
    past = datetime.now(UTC) - timedelta(seconds=1)
    with store.keeping() as session:
        session.execute(update(SessionRow).values(expires=past))
    assert accounts.get_by_session(store, token) is None
    assert sessions.profile_of(store, opened) is None
    sessions.start_for_account(store, jan.id, "")
    with store.reading() as session:
        assert len(list(session.scalars(select(SessionRow)))) == 1
