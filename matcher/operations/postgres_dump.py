"""Dumps of a store in PostgreSQL: an archive with each table as COPY writes it.

No client programs are needed, and so none of the server's version.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import IsolationLevel, sql
from sqlalchemy import MetaData, create_engine

from matcher.store import Store
from matcher.store.tables import CorpusState

_FORMAT = 1
_META = "backup.json"
_BLOCK = 1 << 20
_COPY = "schakel_restore"
"""The schema in which a backup is unpacked."""
_TRIES = 5
_LEVEL = 1
"""Of compression: embeddings, which are most of it, hardly become smaller."""


_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, psycopg.DataError)


class DamagedError(Exception):
    """A file isn't a whole dump."""


def dump_to(store: Store, path: Path) -> None:
    """Write all tables to a new file, as of one moment."""
    tables = _tables(store)
    with _connected(store) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for table, columns in tables.items():
                with (
                    archive.open(_entry(table), "w", force_zip64=True) as file,
                    connection.cursor() as cursor,
                    cursor.copy(_copy("COPY {} ({}) TO STDOUT", table, columns)) as rows,
                ):
                    for block in rows:
                        file.write(block)
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision is None:
                raise DamagedError("the store has no schema")
            meta = {"format": _FORMAT, "schema": revision[0], "tables": tables}
            archive.writestr(_META, json.dumps(meta))


@contextmanager
def opened_copy(store: Store, path: Path, _home: Path) -> Iterator[Store]:
    """Unpack a backup in a schema of its own. Raises DamagedError."""
    options = f"{store.url.query.get('options', '')} -csearch_path={_COPY}".strip()
    url = store.url.update_query_dict({"options": options})
    copy = Store(url.render_as_string(hide_password=False))
    with _connected(store) as connection:
        connection.execute(_named("DROP SCHEMA IF EXISTS {} CASCADE", _COPY))
        connection.execute(_named("CREATE SCHEMA {}", _COPY))
        connection.commit()
        try:
            _unpack(copy, path)
            yield copy
        finally:
            copy.dispose()
            connection.rollback()
            connection.execute(_named("DROP SCHEMA {} CASCADE", _COPY))


def replace(store: Store) -> None:
    """Put all of the unpacked backup in place of what is in the store; readers read on."""
    for left in reversed(range(_TRIES)):
        try:
            _replace(store)
            return
        except psycopg.errors.DeadlockDetected:  # with somebody who wrote at the same moment
            if not left:
                raise


def _replace(store: Store) -> None:
    tables = _tables(store)
    with _connected(store) as connection:
        connection.execute("SET LOCAL lock_timeout = '60s'")
        # Whoever writes to the corpus begins with this table.
        for table in sorted(tables, key=lambda name: name != CorpusState.__tablename__):
            connection.execute(_named("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table))
        for table in reversed(tables):
            connection.execute(_named("DELETE FROM {}", table))
        for table, columns in tables.items():
            names = _joined(columns)
            connection.execute(
                sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
                    sql.Identifier(table), names, names, sql.Identifier(_COPY, table)
                )
            )
            _continue_sequences(connection, table, columns)


def _unpack(copy: Store, path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            if broken:
                raise DamagedError(f"{broken} is damaged")
            meta: dict[str, Any] = json.loads(archive.read(_META))
            if meta["format"] != _FORMAT:
                raise DamagedError("it has a format that this version doesn't know")
            copy.migrate(str(meta["schema"]))
            with _connected(copy) as connection:
                for table in reversed(_tables(copy)):  # what migrations put in
                    connection.execute(_named("DELETE FROM {}", table))
                for table in _tables(copy):
                    _load(connection, archive, table, meta["tables"][table])
                    _continue_sequences(connection, table, meta["tables"][table])
    except _DAMAGE as error:
        raise DamagedError(str(error) or type(error).__name__) from error


def _load(
    connection: psycopg.Connection[Any], archive: zipfile.ZipFile, table: str, columns: list[str]
) -> None:
    with (
        archive.open(_entry(table)) as file,
        connection.cursor() as cursor,
        cursor.copy(_copy("COPY {} ({}) FROM STDIN", table, columns)) as rows,
    ):
        while block := file.read(_BLOCK):
            rows.write(block)


def _continue_sequences(
    connection: psycopg.Connection[Any], table: str, columns: list[str]
) -> None:
    """Let numbers that are given in a row go on behind the largest."""
    for column in columns:
        found = connection.execute(
            "SELECT pg_get_serial_sequence(%s, %s)", (f'"{table}"', column)
        ).fetchone()
        if found and found[0]:
            statement = sql.SQL(
                "SELECT setval({}, COALESCE(MAX({}), 0) + 1, false) FROM {}"
            ).format(sql.Literal(found[0]), sql.Identifier(column), sql.Identifier(table))
            connection.execute(statement)


def _tables(store: Store) -> dict[str, list[str]]:
    """Return the columns of all tables but the schema's revision, the referred to ones first."""
    metadata = MetaData()
    metadata.reflect(store.engine)
    return {
        table.name: [column.name for column in table.columns if column.computed is None]
        for table in metadata.sorted_tables
        if table.name != "alembic_version"
    }


@contextmanager
def _connected(store: Store) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection of the store's own settings; what is done in it commits at the end."""
    engine = create_engine(store.url)
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    try:
        with connection:  # commits at the end, or rolls back, and closes
            yield connection
    finally:
        engine.dispose()


def _entry(table: str) -> str:
    return f"tables/{table}.copy"


def _named(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _joined(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _copy(statement: LiteralString, table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table), _joined(columns))
