"""The store: engine, sessions, schema upgrades, and the revision of the corpus."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from matcher.gate import OPEN, Gate
from matcher.progress import Progress, unreported
from matcher.store.embeddings import (
    RawEncoders,
    SqlEmbeddingStore,
    TextEmbedder,
    put_embeddings,
)
from matcher.store.tables import CorpusMarkRow, CorpusState

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 7_233_642
"""PostgreSQL advisory lock: of several starting processes one upgrades, the others wait."""

_SELECT_REVISION = select(CorpusState.version, func.coalesce(CorpusMarkRow.mark, "")).outerjoin(
    CorpusMarkRow, CorpusMarkRow.version == CorpusState.version
)
"""Built once, since every request runs it."""


class Revision(NamedTuple):
    """A version of the corpus, distinct between stores and across restored backups."""

    version: int
    """The corpus version."""
    mark: str
    """A random mark of the write that made it; empty where an older service wrote it."""


class SchemaError(Exception):
    """The schema of the store isn't one that this version of the service can use or make."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The revision of a store's schema, and those that this version of the service knows."""

    present: str | None
    """None in an empty database."""
    known: tuple[str, ...]
    """The newest first."""

    @property
    def newest(self) -> str:
        """The one that this version of the service uses."""
        return self.known[0]

    def check(self) -> None:
        """Raise SchemaError where a newer version of the service made it."""
        if self.present and self.present not in self.known:
            raise SchemaError(
                f"it is of a newer version of the service (schema {self.present}; this version "
                f"knows up to {self.newest}). Run that version, or let its `schakel db downgrade "
                f"{self.newest}` take the schema back first"
            )


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """How many connections a process may have to its store, and how long it waits for what."""

    connections: int = 5
    """That are kept open; ten more are opened where needed."""
    connection_seconds: float = 30.0
    """To wait for a connection."""
    lock_seconds: float = 60.0
    """To wait for another writer, such as an import."""
    statement_seconds: float = 0.0
    """That a statement may run in PostgreSQL; 0: for ever."""


PATIENT = StoreLimits()
"""For commands and jobs."""


class Store:
    """The database of organisations, facets, initiatives and accounts. Threads may share it.

    Creating a store opens no connection. A forked process must create its own or call `dispose`.
    """

    def __init__(
        self,
        url: str,
        raw_encoders: RawEncoders = tuple,
        limits: StoreLimits = PATIENT,
        write_gate: Gate = OPEN,
    ) -> None:
        """Open a store by its URL.

        `raw_encoders` read the texts of facets that are written. Writing transactions are begun
        behind `write_gate`.
        """
        self.url = make_url(url)
        self._write_gate = write_gate
        self._sqlite = self.url.get_backend_name() == "sqlite"
        if self._sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"hide_parameters": True}  # they may hold somebody's contact
        if not self._sqlite:
            options["pool_pre_ping"] = True
            options["connect_args"] = _network_limits(limits)
        if self.url.database:  # SQLite in memory has a pool of another kind
            options["pool_size"] = limits.connections
            options["pool_timeout"] = limits.connection_seconds
        self.engine: Engine = create_engine(self.url, **options)
        prepare = _prepare_sqlite if self._sqlite else _prepare_postgres
        event.listen(self.engine, "connect", partial(prepare, limits))
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.embeddings = SqlEmbeddingStore(self.engine)
        self._embedder = TextEmbedder(self.embeddings, raw_encoders)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session for reading; nothing is committed."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def keeping(self) -> Iterator[Session]:
        """Yield a transaction for data outside the corpus, such as accounts; it commits at the end.

        An exception rolls it back. Raises BusyError where too many others write.
        """
        with self._write_gate.place(), self._sessions.begin() as session:
            yield session

    @contextmanager
    def writing(self, texts: Sequence[str] = ()) -> Iterator[Write]:
        """Yield a transaction that adds 1 to the corpus version and commits at the end.

        `texts` are those of the facets to be written: networks read the new ones before the
        transaction begins, and what they make of them is stored in it. Of many texts,
        `embed_many` does the same, beforehand.

        The version is updated first, which makes concurrent writers wait. An exception rolls
        everything back; so does `Write.nothing_changed()`. Raises BusyError where too many others
        write.
        """
        embeddings = self._embedder.new_embeddings(texts)
        with self._write_gate.place(), self._sessions() as session:
            version = session.execute(
                update(CorpusState)
                .where(CorpusState.id == 1)
                .values(version=CorpusState.version + 1)
                .returning(CorpusState.version)
            ).scalar_one()
            session.add(CorpusMarkRow(version=version, mark=secrets.token_hex(8)))
            write = Write(session, version)
            yield write
            if write.changed:
                for encoder, rows in embeddings:
                    put_embeddings(session, encoder, rows)
                session.commit()
            else:
                session.rollback()

    def embed_many(self, texts: Sequence[str], progress: Progress = unreported) -> None:
        """Let networks read texts that will be written, and store what they make of them.

        On all cores, in small transactions of their own: work that is interrupted isn't lost.
        """
        self._embedder.embed_many(texts, progress)

    def corpus_version(self) -> int:
        """Return the version of the corpus as of the last committed write."""
        return self.revision().version

    def revision(self) -> Revision:
        """Return the revision of the last committed write."""
        with self.engine.connect() as connection:
            return current_revision(connection)

    def has_revision(self, version: int, mark: str | None) -> bool:
        """Return whether the present history of this store contains a revision."""
        query = (
            select(func.coalesce(CorpusMarkRow.mark, ""))
            .select_from(CorpusState)
            .outerjoin(CorpusMarkRow, CorpusMarkRow.version == version)
            .where(CorpusState.version >= version)
        )
        with self.engine.connect() as connection:
            known = connection.execute(query).scalar_one_or_none()
        return known is not None and known == mark

    def upgrade(self) -> None:
        """Migrate the schema to the newest version; does nothing if it is up to date."""
        if self._sqlite:
            with open(f"{self.url.database}.upgrade-lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._use_write_ahead_log()
                if not self.is_upgraded():
                    self._upgrade()
            return
        if self.is_upgraded():
            return
        with self.engine.connect() as holder:
            _wait_for_ever(holder)
            holder.execute(text("SELECT pg_advisory_lock(:n)"), {"n": UPGRADE_LOCK})
            try:
                if not self.is_upgraded():
                    self._upgrade()
            finally:
                holder.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": UPGRADE_LOCK})

    def is_upgraded(self) -> bool:
        """Return whether the schema is that of this version of the service.

        Raises SchemaError where a newer version of the service made it.
        """
        schema = self.schema()
        schema.check()
        return schema.present == schema.newest

    def schema(self) -> Schema:
        """Return which schema the store has, and which ones this version of the service knows."""
        with self.engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
        scripts = ScriptDirectory.from_config(_alembic_config())
        known = tuple(script.revision for script in scripts.walk_revisions())
        return Schema(present, known)

    def migrate(self, revision: str) -> None:
        """Take the schema up or back to a revision. Raises SchemaError for one not known."""
        schema = self.schema()
        schema.check()
        if revision not in schema.known:
            raise SchemaError(f"there is no schema {revision}; known: {', '.join(schema.known)}")
        back = schema.present in schema.known and schema.known.index(
            schema.present
        ) < schema.known.index(revision)
        with self.engine.begin() as connection:
            if not self._sqlite:
                _wait_for_ever(connection)
            config = _alembic_config()
            config.attributes["connection"] = connection
            (command.downgrade if back else command.upgrade)(config, revision)

    def _use_write_ahead_log(self) -> None:
        """Let reading and writing go on side by side; the database's file remembers it.

        Behind the upgrade's lock: SQLite doesn't wait for another process that does the same, but
        says that the database is locked.
        """
        with self.engine.connect() as connection:
            if connection.execute(text("PRAGMA journal_mode")).scalar_one() != "wal":
                connection.execute(text("PRAGMA journal_mode=WAL"))

    def _upgrade(self) -> None:
        self.migrate(self.schema().newest)

    def dispose(self) -> None:
        """Close all connections of this process."""
        self.engine.dispose()


class Write:
    """A write transaction: its session, and the corpus version that it creates."""

    def __init__(self, session: Session, version: int) -> None:
        self.session = session
        self.version = version
        self.changed = True

    def nothing_changed(self) -> None:
        """Declare that nothing changed: the transaction is rolled back, the version stays."""
        self.changed = False


def current_revision(connection: Connection | Session) -> Revision:
    """Return the revision that a connection or session sees."""
    return Revision(*connection.execute(_SELECT_REVISION).one())


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def is_lock_timeout(error: DBAPIError) -> bool:
    """Return whether a statement was given up because somebody else held a lock."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return name.startswith("SQLITE_BUSY") or getattr(error.orig, "sqlstate", "") == "55P03"


def _wait_for_ever(connection: Connection) -> None:
    """Let a transaction of PostgreSQL wait and run for as long as it takes."""
    connection.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))


def _network_limits(limits: StoreLimits) -> dict[str, Any]:
    """Return what libpq needs to give up a server that is gone without a word."""
    seconds = max(int(limits.connection_seconds), 2)  # libpq takes no less
    return {
        "connect_timeout": seconds,
        "keepalives_idle": 2 * seconds,
        "keepalives_interval": seconds,
        "keepalives_count": 3,
        "tcp_user_timeout": 6 * seconds * 1000,
    }


def _prepare_postgres(limits: StoreLimits, connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(limits.lock_seconds * 1000)}")
        cursor.execute(f"SET statement_timeout = {int(limits.statement_seconds * 1000)}")
    connection.commit()


def _prepare_sqlite(limits: StoreLimits, connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={int(limits.lock_seconds * 1000)}")
    cursor.close()
