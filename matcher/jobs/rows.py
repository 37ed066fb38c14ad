"""The rows of jobs: each step from waiting to ended is one conditional UPDATE.

Of several processes that try the same step, one succeeds.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.jobs.job import JobState
from matcher.store import Store
from matcher.store.account_tables import AccountRow, JobRow


def insert(session: Session, kind: str, arguments: dict[str, Any], account_id: int | None) -> str:
    """Write a job that waits, in the caller's transaction; returns its id."""
    account = session.get(AccountRow, account_id) if account_id is not None else None
    job_id = secrets.token_hex(16)
    session.add(
        JobRow(
            id=job_id,
            kind=kind,
            arguments=arguments,
            account_id=account_id,
            state=JobState.WAITING.value,
            created=datetime.now(UTC),
        )
    )
    actor = f"account:{account.email}" if account else "command"
    audit.record(session, actor, "job.started", f"job:{job_id}", kind=kind)
    session.flush()
    return job_id


def is_open(session: Session, kind: str) -> bool:
    """Return whether a job of a kind waits or runs."""
    states = [state.value for state in JobState if state.open]
    query = select(JobRow.id).where(JobRow.kind == kind, JobRow.state.in_(states)).limit(1)
    return session.scalar(query) is not None


def started_since(store: Store, kind: str, moment: datetime) -> bool:
    """Return whether a job of a kind was started after a moment."""
    query = select(JobRow.id).where(JobRow.kind == kind, JobRow.created > moment).limit(1)
    with store.reading() as session:
        return session.scalar(query) is not None


def waiting_ids(store: Store) -> list[str]:
    """Return the ids of the jobs that wait, the oldest first."""
    query = select(JobRow.id).where(JobRow.state == JobState.WAITING.value)
    with store.reading() as session:
        return list(session.scalars(query.order_by(JobRow.created, JobRow.id)))


def running(store: Store) -> list[JobRow]:
    """Return the jobs that run, or whose worker died."""
    with store.reading() as session:
        return list(session.scalars(select(JobRow).where(JobRow.state == JobState.RUNNING.value)))


def claim(store: Store, job_id: str, wait_ms: int) -> JobRow | None:
    """Take a job that waits; None where it doesn't wait any more.

    Raises OperationalError when another writer holds SQLite for `wait_ms`.
    """
    waiting = (JobRow.id == job_id) & (JobRow.state == JobState.WAITING.value)
    now = datetime.now(UTC)
    claimed = {"state": JobState.RUNNING.value, "started": now, "step": "", "done": 0, "total": 0}
    with short_transaction(store, wait_ms) as session:
        if not _changed(session, update(JobRow).where(waiting).values(**claimed)):
            return None
        row = session.get_one(JobRow, job_id, populate_existing=True)
        session.expunge(row)
        return row


def release(store: Store, run: JobRow) -> bool:
    """Let another worker run the job; whether `run` still had it."""
    with store.keeping() as session:
        waiting = _of_run(run).values(state=JobState.WAITING.value, started=None)
        return _changed(session, waiting)


def finish(session: Session, run: JobRow, state: JobState, **values: Any) -> bool:
    """End the job; whether `run` still had it."""
    now = datetime.now(UTC)
    return _changed(session, _of_run(run).values(state=state.value, finished=now, **values))


def cancel_waiting(session: Session, job_id: str) -> bool:
    """End a job that waits as cancelled; whether it still waited."""
    waiting = (JobRow.id == job_id) & (JobRow.state == JobState.WAITING.value)
    ended = {"state": JobState.CANCELLED.value, "finished": datetime.now(UTC)}
    return _changed(session, update(JobRow).where(waiting).values(**ended))


def is_current(store: Store, run: JobRow) -> bool:
    """Whether no other worker took up the job of `run`."""
    query = select(JobRow.state, JobRow.started).where(JobRow.id == run.id)
    with store.reading() as session:
        row = session.execute(query).one_or_none()
    return row is not None and row == (JobState.RUNNING.value, run.started)


@contextmanager
def short_transaction(store: Store, wait_ms: int) -> Iterator[Session]:
    """Give a transaction that waits at most `wait_ms` for another writer of SQLite.

    Raises OperationalError where that takes longer.
    """
    sqlite = store.engine.dialect.name == "sqlite"
    with store.engine.connect() as connection:
        if sqlite:
            usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}")
            connection.commit()
        try:
            with Session(connection) as session, session.begin():
                yield session
        finally:
            if sqlite:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")


def _of_run(run: JobRow) -> Update:
    """Return an update that does nothing once another worker took up the job of `run`."""
    state = JobState.RUNNING.value
    return update(JobRow).where(
        JobRow.id == run.id, JobRow.state == state, JobRow.started == run.started
    )


def _changed(session: Session, statement: Update) -> bool:
    return bool(session.execute(statement).rowcount == 1)  # type: ignore[attr-defined]
