"""What the settings keep no longer is deleted, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.indexing.build import build_index
from matcher.jobs import rows
from matcher.jobs.job import JobContext
from matcher.jobs.runner import DAY, JobRunner
from matcher.operations import retention
from matcher.operations.retention import Deleted, delete_old
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    ImportRow,
    IntroductionRow,
    IntroductionStepRow,
    JobRow,
    ProfileRow,
    TokenRow,
)
from tests.conftest import settings_for

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    made.upgrade()
    yield made
    made.dispose()


def add_all(session: Session, name: str, at: datetime) -> None:
    """Everything that is deleted by time, last touched at a moment."""
    job: dict[str, Any] = {"kind": "rebuild", "arguments": {}, "created": at}
    run = {"filename": "f.csv", "format": "csv", "created": at, "changed": at}
    profile = {"contact_for": "nobody", "note": "", "created": at, "changed": at}
    introduction = {"to_organisation": "x:1", "created": at, "changed": at}
    contact = {"requester": {"email": "mia@example.org"}}
    session.add_all(
        [
            AuditRow(at=at, actor=name, action="a.b", subject="s", detail={}),
            JobRow(id=f"{name}-done", state="done", finished=at, **job),
            JobRow(id=f"{name}-waits", state="waiting", **job),
            ImportRow(id=f"{name}-done", state="imported", **run),
            ImportRow(id=f"{name}-busy", state="importing", **run),
            TokenRow(digest=f"{name}-old", purpose="p", subject="s", created=at, expires=at),
            TokenRow(
                digest=f"{name}-valid", purpose="p", subject="s", created=at, expires=NOW + DAY
            ),
            ProfileRow(organisation_id=f"own:{name}-draft", email="a", state="draft", **profile),
            ProfileRow(organisation_id=f"own:{name}", email="a", state="published", **profile),
            IntroductionRow(
                id=name, message="Dear Mia", contact=contact, state="accepted", **introduction
            ),
        ]
    )
    session.flush()
    session.add(IntroductionStepRow(introduction_id=name, at=at, by="r", step="s", note="Mia"))


def ids(store: Store, column: Any) -> set[str]:
    with store.reading() as session:
        return set(session.scalars(select(column)))


def test_what_is_old_goes_and_the_rest_stays(store: Store, tmp_path: Path) -> None:
    with store.keeping() as session:
        add_all(session, "old", NOW - timedelta(days=3000))
        add_all(session, "new", NOW - timedelta(days=1))
    settings = settings_for(tmp_path)
    deleted = delete_old(store, settings, actor="command", now=NOW)
    assert deleted == Deleted(audit=1, jobs=1, imports=1, links=1, drafts=1, introductions=1)
    assert {"new"} == ids(store, AuditRow.actor) - {"command", "service"}
    assert ids(store, JobRow.id) == {"old-waits", "new-done", "new-waits"}
    assert ids(store, ImportRow.id) == {"old-busy", "new-done", "new-busy"}
    assert ids(store, TokenRow.digest) == {"old-valid", "new-old", "new-valid"}
    assert ids(store, ProfileRow.organisation_id) == {"own:old", "own:new-draft", "own:new"}
    with store.reading() as session:
        forgotten, kept = (session.get_one(IntroductionRow, name) for name in ("old", "new"))
        assert (forgotten.message, forgotten.contact, forgotten.state) == ("", {}, "accepted")
        assert (kept.message, kept.contact["requester"]["email"]) == ("Dear Mia", "mia@example.org")
        notes = dict(
            (row.introduction_id, row.note) for row in session.scalars(select(IntroductionStepRow))
        )
    assert notes == {"old": "", "new": "Mia"}
    with store.reading() as session:
        line = session.scalars(select(AuditRow).where(AuditRow.action == "retention.done")).one()
    assert line.detail["links"] == 1
    again = delete_old(store, settings, actor="command", now=NOW)
    assert again == Deleted(0, 0, 0, 0, 0, 0)


def test_zero_keeps_for_ever(store: Store, tmp_path: Path) -> None:
    with store.keeping() as session:
        add_all(session, "old", NOW - timedelta(days=3000))
    kept = ("AUDIT", "JOBS", "LINKS", "DRAFTS", "INTRODUCTIONS")
    settings = settings_for(tmp_path, **{f"SCHAKEL_KEEP_{name}": "0" for name in kept})
    deleted = delete_old(store, settings, actor="command", now=NOW)
    assert deleted == Deleted(0, 0, 0, 0, 0, 0)


def test_a_job_does_so_once_a_day(store: Store, tmp_path: Path) -> None:
    context = JobContext(store, settings_for(tmp_path), build_index)
    runner = JobRunner(context, retention.KINDS)
    runner.start_daily()
    runner.start_daily()
    assert len(ids(store, JobRow.id)) == 1
    with store.keeping() as session:
        add_all(session, "old", NOW - timedelta(days=3000))
        for row in session.scalars(select(JobRow).where(JobRow.kind == "rebuild")):
            session.delete(row)
    assert runner.run_waiting() == 1
    assert ids(store, TokenRow.digest) == {"old-valid"}
    runner.start_daily()
    assert len(ids(store, JobRow.id)) == 1
    with store.keeping() as session:
        for row in session.scalars(select(JobRow)):
            row.created -= timedelta(days=1, minutes=1)
    assert not rows.started_since(store, "retention", datetime.now(UTC) - DAY)
    runner.start_daily()
    assert len(ids(store, JobRow.id)) == 2
