"""Imports that people upload: shown before they are made, and taken back when they were wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, BinaryIO

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts.accounts import Account
from matcher.imports import files as import_files
from matcher.jobs.job import JobContext
from matcher.jobs.runner import JobRunner
from matcher.store import Store
from matcher.store.account_tables import AccountRow, ImportRow

MAX_LISTED = 100


class ImportState(StrEnum):
    """How far an import is."""

    READING = "reading"
    PREVIEWED = "previewed"
    IMPORTING = "importing"
    IMPORTED = "imported"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"

    @property
    def busy(self) -> bool:
        """Whether a job is at it."""
        return self in (ImportState.READING, ImportState.IMPORTING, ImportState.UNDOING)


class ImportNotPossible(ValueError):
    """What was asked of an import can't be; `code` is `state`, `faults`, `gone` or `last`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ImportRun:
    """An import as it is shown."""

    id: str
    filename: str
    format: str
    state: ImportState
    who: str | None
    job_id: str | None
    preview: dict[str, Any] | None
    outcome: dict[str, Any] | None
    corpus_version: int | None
    created: datetime
    changed: datetime

    @property
    def faulty(self) -> bool:
        """Whether rows have to be left out to import it."""
        return bool(self.preview and self.preview["fault_count"])

    @property
    def usable(self) -> bool:
        """Whether anything of it can be imported."""
        return bool(self.preview and not self.preview["refused"])


def upload(jobs: JobRunner, stream: BinaryIO, filename: str, account: Account) -> str:
    """Take a file and start to read it; returns the import's id. Raises UploadRefused."""
    import_files.clear_old(jobs.context.settings)
    import_id, now = secrets.token_hex(16), datetime.now(UTC)
    format = import_files.receive(jobs.context.settings, import_id, stream, filename)
    shown = import_files.shown_name(filename)
    with jobs.context.store.keeping() as session:
        job_id = jobs.add(session, "import-preview", {"import_id": import_id}, account.id)
        session.add(
            ImportRow(
                id=import_id,
                account_id=account.id,
                filename=shown,
                format=format,
                state=ImportState.READING.value,
                job_id=job_id,
                created=now,
                changed=now,
            )
        )
        about = f"import:{import_id}"
        audit.record(session, account.actor, "import.uploaded", about, filename=shown)
    jobs.wake()
    return import_id


def overview(store: Store) -> list[ImportRun]:
    """Return the newest imports, without their previews' lists."""
    with store.reading() as session:
        rows = session.execute(
            select(ImportRow, AccountRow.name)
            .outerjoin(AccountRow, AccountRow.id == ImportRow.account_id)
            .order_by(ImportRow.created.desc(), ImportRow.id)
            .limit(MAX_LISTED)
        )
        return [_run(row, name) for row, name in rows]


def get(store: Store, import_id: str) -> ImportRun | None:
    """Return an import, or None."""
    with store.reading() as session:
        row = session.get(ImportRow, import_id)
        if row is None:
            return None
        account = session.get(AccountRow, row.account_id) if row.account_id else None
        return _run(row, account.name if account else None)


def confirm(jobs: JobRunner, run: ImportRun, account: Account, *, skip_invalid: bool) -> str:
    """Start to import what was shown; returns the job's id. Raises ImportNotPossible."""
    if run.state is not ImportState.PREVIEWED or not run.usable:
        raise ImportNotPossible("state")
    if run.faulty and not skip_invalid:
        raise ImportNotPossible("faults")
    if not import_files.source_of(jobs.context.settings, run.id, run.format).is_file():
        raise ImportNotPossible("gone")
    arguments = {"import_id": run.id, "skip_invalid": skip_invalid, "by": account.actor}
    return _go_on(
        jobs, run, account, "import-run", arguments, ImportState.IMPORTING, "import.confirmed"
    )


def undo(jobs: JobRunner, run: ImportRun, account: Account) -> str:
    """Start to take an import back; returns the job's id. Raises ImportNotPossible."""
    if run.state is not ImportState.IMPORTED:
        raise ImportNotPossible("state")
    with jobs.context.store.reading() as session:
        if last_imported(session) != run.id:
            raise ImportNotPossible("last")
    if not import_files.backup_of(jobs.context.settings, run.id).is_file():
        raise ImportNotPossible("gone")
    arguments = {"import_id": run.id, "by": account.actor}
    return _go_on(
        jobs, run, account, "import-undo", arguments, ImportState.UNDOING, "import.undoing"
    )


def may_undo(context: JobContext, run: ImportRun) -> bool:
    """Whether an import is the last one and its former records are kept."""
    if run.state is not ImportState.IMPORTED:
        return False
    with context.store.reading() as session:
        is_last = last_imported(session) == run.id
    return is_last and import_files.backup_of(context.settings, run.id).is_file()


def last_imported(session: Session) -> str | None:
    """Return the id of the last import that changed something and stands."""
    stands = ImportRow.state.in_((ImportState.IMPORTED.value, ImportState.UNDOING.value))
    return session.scalar(
        select(ImportRow.id)
        .where(stands, ImportRow.corpus_version.is_not(None))
        .order_by(ImportRow.corpus_version.desc())
        .limit(1)
    )


def _go_on(
    jobs: JobRunner,
    run: ImportRun,
    account: Account,
    kind: str,
    arguments: dict[str, Any],
    state: ImportState,
    action: str,
) -> str:
    """Start the next job, unless somebody else was first."""
    with jobs.context.store.keeping() as session:
        here = (ImportRow.id == run.id) & (ImportRow.state == run.state.value)
        now = datetime.now(UTC)
        taken = session.execute(
            update(ImportRow).where(here).values(state=state.value, changed=now)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            raise ImportNotPossible("state")
        job_id = jobs.add(session, kind, arguments, account.id)
        session.execute(update(ImportRow).where(ImportRow.id == run.id).values(job_id=job_id))
        audit.record(session, account.actor, action, f"import:{run.id}")
    jobs.wake()
    return job_id


def _run(row: ImportRow, who: str | None) -> ImportRun:
    return ImportRun(
        id=row.id,
        filename=row.filename,
        format=row.format,
        state=ImportState(row.state),
        who=who,
        job_id=row.job_id,
        preview=row.preview,
        outcome=row.outcome,
        corpus_version=row.corpus_version,
        created=row.created,
        changed=row.changed,
    )
