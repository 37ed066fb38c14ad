"""Copies of a store in SQLite, by its own means for copying a database in use."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from matcher.store import Store

_HEADER = b"SQLite format 3\x00"
_WAIT_SECONDS = 60.0
_PAGES = 2_000
"""Pages of 4 kB that are copied before another writer has its turn."""


class DamagedError(Exception):
    """A file isn't a whole database of this service."""


def is_database(path: Path) -> bool:
    """Return whether a file is a database of SQLite."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def copy_to(store: Store, path: Path) -> None:
    """Copy the database to a new file, as of one moment."""
    with closing(_connected(store)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without another beside it
        _check(target)


@contextmanager
def opened_copy(_store: Store, path: Path, home: Path) -> Iterator[Store]:
    """Open a copy of a backup; the file itself stays as it is. Raises DamagedError."""
    with tempfile.TemporaryDirectory(dir=home, prefix="restore-") as folder:
        copied = Path(folder) / "store.sqlite3"
        shutil.copyfile(path, copied)
        with closing(sqlite3.connect(copied)) as connection:
            _check(connection)
        copy = Store(f"sqlite:///{copied}")
        try:
            yield copy
        finally:
            copy.dispose()


def replace(store: Store, copy: Store) -> None:
    """Put all of `copy` in place of what is in the store; readers see one or the other."""
    copy.dispose()
    with closing(_connected(copy)) as source, closing(_connected(store)) as target:
        source.backup(target, pages=-1)


def _connected(store: Store) -> sqlite3.Connection:
    return sqlite3.connect(str(store.url.database), timeout=_WAIT_SECONDS)


def _check(connection: sqlite3.Connection) -> None:
    try:
        (found,) = connection.execute("PRAGMA quick_check").fetchone()
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedError(str(error)) from error
    if found != "ok":
        raise DamagedError(found)
