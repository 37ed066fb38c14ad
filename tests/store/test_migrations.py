"""What earlier versions stored is readable after the migrations that rename a part of it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from matcher.match_lists.matches import ListedMatch, matches_from_json, matches_to_json
from matcher.store import Store
from matcher.store.account_tables import (
    IntroductionRow,
    IntroductionStepRow,
    MatchListRow,
    MatchListVersionRow,
)
from matcher.store.database import MIGRATIONS

NOW = datetime(2026, 11, 2, tzinfo=UTC)
MATCH = ListedMatch(1, "x:a", "A", "company", "Gent", "BE", 1.5, 0.25, None, ())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    yield made
    made.dispose()


def migrate(store: Store, to: str, migration: Callable[[Config, str], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        migration(config, to)


def test_processes_that_open_a_new_database_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    made = Store(f"sqlite:///{path}")
    with ThreadPoolExecutor() as threads:
        with Path(f"{path}.upgrade-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            upgraded = threads.submit(made.upgrade)
            with pytest.raises(TimeoutError):
                upgraded.result(timeout=0.2)
            assert not path.exists()
        upgraded.result()
    with made.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    made.dispose()


def test_chances_of_listed_matches_become_probabilities(store: Store) -> None:
    def stored(connection: Connection) -> str:
        return str(connection.scalar(text("SELECT results FROM match_list_version")))

    with store.keeping() as session:
        row = MatchListRow(id="l", name="L", question={}, created=NOW, changed=NOW)
        version = MatchListVersionRow(list_id="l", number=1, corpus_version=1, created=NOW)
        version.results = matches_to_json([MATCH])
        session.add_all([row, version])
    migrate(store, "0005", command.downgrade)
    with store.engine.connect() as connection:
        assert '"chance": 0.25' in stored(connection)
        assert "probability" not in stored(connection)
    migrate(store, "head", command.upgrade)
    with store.reading() as session:
        results = session.get_one(MatchListVersionRow, ("l", 1)).results
    assert matches_from_json(results) == (MATCH,)


def test_sides_of_introductions_become_requester_and_recipient(store: Store) -> None:
    contact = {"requester": {"email": "a@example.org"}, "recipient": {"name": "B"}}
    with store.keeping() as session:
        row = IntroductionRow(
            id="i",
            to_organisation="x:b",
            message="",
            contact=contact,
            state="accepted",
            created=NOW,
            changed=NOW,
        )
        session.add(row)
        session.flush()
        for side in contact:
            session.add(IntroductionStepRow(introduction_id="i", at=NOW, by=side, step="asked"))
    migrate(store, "0006", command.downgrade)
    with store.engine.connect() as connection:
        old = connection.scalar(text("SELECT contact FROM introduction"))
        sides = connection.scalars(text("SELECT by FROM introduction_step ORDER BY id")).all()
    assert '"asker": {"email": "a@example.org"}' in str(old)
    assert sides == ["asker", "asked"]
    migrate(store, "head", command.upgrade)
    with store.reading() as session:
        assert session.get_one(IntroductionRow, "i").contact == contact
        rows = session.query(IntroductionStepRow).order_by(IntroductionStepRow.id)
        assert [step.by for step in rows] == ["requester", "recipient"]
