"""A copy of the store in one file, made and put back while the service runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select, update

from matcher import audit
from matcher.imports.runs import ImportState
from matcher.jobs.job import JobState
from matcher.operations import postgres_dump, sqlite_copy
from matcher.settings import Settings
from matcher.store import SchemaError, Store
from matcher.store.account_tables import ImportRow, JobRow, MailRow

RESTORED = "The store was restored from a backup."
"""What jobs say that were under way in it."""


class BackupError(Exception):
    """A file isn't a backup that this store can take, or can't be written."""


def backup(store: Store, path: Path) -> None:
    """Write all tables to a new file, as they are at one moment; others read and write on.

    A store in SQLite gives an SQLite file, one in PostgreSQL an archive of its tables. Only the
    service's user may read it: it holds contacts and hashes of passwords. Raises BackupError.
    """
    if path.exists():
        raise BackupError(f"{path} is there already; name a file that isn't.")
    with _written_whole(path) as unfinished:
        if _is_sqlite(store):
            sqlite_copy.copy_to(store, unfinished)
        else:
            postgres_dump.dump_to(store, unfinished)


def restore(store: Store, settings: Settings, path: Path, *, actor: str) -> None:
    """Put a backup in place of all that is in the store, in one transaction.

    A backup of an older version is upgraded first. Workers see by the mark of its revision that
    the corpus is another, and take a fitting index or build one. Jobs that were under way in it
    end as failed. Raises BackupError; the store is as it was then.
    """
    if _is_sqlite(store) is not sqlite_copy.is_database(path):
        raise BackupError(f"{path} isn't a backup of a store in {store.engine.dialect.name}.")
    place = sqlite_copy.opened_copy if _is_sqlite(store) else postgres_dump.opened_copy
    try:
        with place(store, path, settings.home) as copy:
            copy.upgrade()
            _end_what_was_under_way(copy, actor)
            store.upgrade()
            if _is_sqlite(store):
                sqlite_copy.replace(store, copy)
            else:
                postgres_dump.replace(store)
    except (SchemaError, sqlite_copy.DamagedError, postgres_dump.DamagedError) as error:
        raise BackupError(f"{path} can't be restored: {error}") from error


def _is_sqlite(store: Store) -> bool:
    return store.engine.dialect.name == "sqlite"


def _end_what_was_under_way(copy: Store, actor: str) -> None:
    """End jobs and imports of the time of the backup: their files may be gone."""
    now = datetime.now(UTC)
    open_jobs = JobRow.state.in_([state.value for state in JobState if state.open])
    busy = ImportRow.state.in_([state.value for state in ImportState if state.busy])
    with copy.keeping() as session:
        for job_id in session.scalars(select(JobRow.id).where(open_jobs)):
            audit.record(session, actor, "job.failed", f"job:{job_id}", reason="restored")
        failed = {"state": JobState.FAILED.value, "error": RESTORED, "finished": now}
        session.execute(update(JobRow).where(open_jobs).values(**failed))
        session.execute(
            update(ImportRow).where(busy).values(state=ImportState.FAILED.value, changed=now)
        )
        session.execute(delete(MailRow))  # sent long since
        audit.record(session, actor, "store.restored", "store")


@contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """Give the path to write to; the file has its name once all of it is on the disk."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
            unfinished = Path(folder) / path.name
            yield unfinished
            with unfinished.open("rb") as file:
                os.fsync(file.fileno())
            unfinished.chmod(0o600)
            os.link(unfinished, path)  # fails where somebody made it meanwhile
    except OSError as error:
        raise BackupError(f"{path} can't be written: {error}") from error
