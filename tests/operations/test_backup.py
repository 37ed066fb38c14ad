"""A backup holds all of the store, and restored it is all that the store holds."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, text

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountRole
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType
from matcher.operations import postgres_dump, sqlite_copy
from matcher.operations.backup import RESTORED, BackupError, backup, restore
from matcher.organisations import actions
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.account_tables import ImportRow, JobRow
from tests.conftest import settings_for
from tests.servers import postgres_server

NOW = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path}/schakel.sqlite3"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    made = Store(url)
    if request.param == "postgresql":
        with made.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    made.upgrade()
    yield made
    made.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def write(store: Store, number: int) -> None:
    offers = (Facet(FacetKind.OFFER, f"Films of polymer {number}, « fines »\n\t\\.\n"),)
    name = f"X {number} 北京 | \\N"
    actions.create(
        store, Organisation(f"x:{number}", name, OrganisationType.COMPANY, offers=offers)
    )


def content(store: Store) -> dict[str, list[Any]]:
    """All rows of all tables, in order."""
    metadata = MetaData()
    metadata.reflect(store.engine)
    found = {}
    with store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(map(str, row)) for row in rows]
    return found


def test_restored_it_is_as_it_was(store: Store, settings: Settings, tmp_path: Path) -> None:
    for number in range(3):
        write(store, number)
    accounts.create(
        store,
        email="mia@example.org",
        name="",
        role=AccountRole.MEMBER,
        password="een lang wachtwoord",
        actor="command",
    )
    store.embed_many(["films"])
    before, revision = content(store), store.revision()
    backup(store, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    write(store, 9)
    actions.remove(store, "x:1")
    lost = store.revision()
    assert content(store) != before
    restore(store, settings, tmp_path / "copy", actor="command")
    after = content(store)
    assert after.pop("audit")[:-1] == before.pop("audit")
    assert after == before
    assert store.revision() == revision and not store.has_revision(*lost)
    write(store, 10)  # numbers go on behind the largest
    assert store.corpus_version() == revision.version + 1
    assert list(tmp_path.glob("restore-*")) == list(tmp_path.glob(".backup-*")) == []


def test_one_of_an_older_version_is_upgraded(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    write(store, 1)
    store.migrate("0009")
    backup(store, tmp_path / "copy")
    store.upgrade()
    write(store, 2)
    restore(store, settings, tmp_path / "copy", actor="command")
    assert store.is_upgraded()
    assert [row[1] for row in content(store)["organisation"]] == ["x:1"]


def test_what_was_under_way_then_ends(store: Store, settings: Settings, tmp_path: Path) -> None:
    with store.keeping() as session:
        common = {"arguments": {}, "account_id": None, "created": NOW}
        session.add(JobRow(id="a", kind="rebuild", state="running", **common))
        session.add(JobRow(id="b", kind="rebuild", state="done", **common))
        session.add(
            ImportRow(
                id="i", filename="f", format="csv", state="importing", created=NOW, changed=NOW
            )
        )
    backup(store, tmp_path / "copy")
    restore(store, settings, tmp_path / "copy", actor="command")
    with store.reading() as session:
        jobs = {row.id: (row.state, row.error) for row in session.scalars(select(JobRow))}
        assert jobs == {"a": ("failed", RESTORED), "b": ("done", None)}
        assert session.get_one(ImportRow, "i").state == "failed"


def test_others_write_and_read_meanwhile(store: Store, settings: Settings, tmp_path: Path) -> None:
    for number in range(5):
        write(store, number)
    ended, failures = threading.Event(), []

    def go_on() -> None:
        number = 100
        while not ended.is_set():
            try:
                write(store, number)
                assert store.corpus_version() >= 5
            except Exception as error:
                failures.append(error)
                return
            number += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    for number in range(3):
        backup(store, tmp_path / f"copy{number}")
        restore(store, settings, tmp_path / f"copy{number}", actor="command")
    ended.set()
    thread.join(60)
    assert failures == []
    with store.engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM organisation")).scalar_one()
        facets = connection.execute(text("SELECT count(*) FROM facet")).scalar_one()
    assert rows == facets == store.corpus_version() >= 5


def test_what_cant_be_restored_changes_nothing(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    write(store, 1)
    backup(store, tmp_path / "copy")
    before = content(store)
    whole = (tmp_path / "copy").read_bytes()
    half, torn = tmp_path / "half", tmp_path / "torn"
    half.write_bytes(whole[: len(whole) // 2])
    torn.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    (tmp_path / "text").write_text("no backup")
    for name in ("half", "torn", "text"):
        with pytest.raises(BackupError, match=name):
            restore(store, settings, tmp_path / name, actor="command")
    assert content(store) == before


def test_a_file_that_is_there_isnt_written_over(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(BackupError, match="there already"):
        backup(store, tmp_path / "copy")
    with pytest.raises(BackupError, match="can't be written"):
        backup(store, tmp_path / "nowhere" / "copy")
    assert (tmp_path / "copy").read_text() == "mine"


def test_the_kinds_are_told_apart(store: Store, tmp_path: Path) -> None:
    backup(store, tmp_path / "copy")
    is_sqlite = store.engine.dialect.name == "sqlite"
    assert sqlite_copy.is_database(tmp_path / "copy") is is_sqlite
    if not is_sqlite:
        assert "alembic_version" not in postgres_dump._tables(store)
