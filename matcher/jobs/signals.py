"""What a running job reports, and requests to stop it, readable while the job holds the store.

An import holds SQLite's only write lock until it ends, so beside a SQLite store the signals are in
a file of their own. In PostgreSQL they are a table of the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from matcher.jobs.job import JobContext
from matcher.store.account_tables import UTCDateTime

SIGNALS = Table(
    "job_signal",
    MetaData(),
    Column("job_id", String(32), primary_key=True),
    Column("started", UTCDateTime),
    Column("alive", UTCDateTime),
    Column("step", String(64), nullable=False, server_default=""),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("cancelled_by", String(330)),
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Signal:
    """What is known of an open job.

    `started` tells which run reported; `cancelled_by` is the actor who asked the job to stop.
    """

    job_id: str
    started: datetime | None = None
    alive: datetime | None = None
    step: str = ""
    done: int = 0
    total: int = 0
    cancelled_by: str | None = None


class JobSignals:
    """The signals of all jobs, shared by all processes.

    Jobs are never failed by their signals: what can't be written or read is logged.
    """

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._engine: Engine | None = None

    def report(self, signal: Signal) -> None:
        """Write how far a run is; leaves a request to stop it as it is."""
        self._write(
            signal.job_id,
            started=signal.started,
            alive=signal.alive,
            step=signal.step,
            done=signal.done,
            total=signal.total,
        )

    def request_cancel(self, job_id: str, actor: str) -> None:
        """Write that `actor` asks the job to stop."""
        self._write(job_id, cancelled_by=actor)

    def read(self, job_ids: Sequence[str]) -> dict[str, Signal]:
        """Return the signals of these jobs by id, as far as there are any."""
        if not job_ids:
            return {}
        try:
            with self._connected() as connection:
                rows = connection.execute(select(SIGNALS).where(SIGNALS.c.job_id.in_(job_ids)))
                return {row.job_id: Signal(**row._mapping) for row in rows}
        except (DBAPIError, OSError) as error:
            log.warning("job signals not read", exc_info=error)
            return {}

    def forget(self, job_id: str) -> None:
        """Delete the signals of a job that ended."""
        try:
            with self._connected() as connection:
                connection.execute(SIGNALS.delete().where(SIGNALS.c.job_id == job_id))
        except (DBAPIError, OSError) as error:
            log.warning("job signals not deleted", job=job_id, exc_info=error)

    def _write(self, job_id: str, **values: Any) -> None:
        try:
            with self._connected() as connection:
                dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
                insert = dialect.insert(SIGNALS).values(job_id=job_id, **values)
                upsert = insert.on_conflict_do_update(index_elements=["job_id"], set_=values)
                connection.execute(upsert)
        except (DBAPIError, OSError) as error:
            log.warning("job signals not written", job=job_id, exc_info=error)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if self._engine is None:
            self._engine = self._opened()
        with self._engine.begin() as connection:
            yield connection

    def _opened(self) -> Engine:
        store, home = self._context.store, self._context.settings.home
        if store.engine.dialect.name != "sqlite":
            return store.engine
        home.mkdir(parents=True, exist_ok=True)
        # No pool: a connection must not be used by the child of a fork.
        engine = create_engine(
            f"sqlite:///{home / 'jobs.sqlite3'}", poolclass=NullPool, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        with engine.begin() as connection:
            connection.execute(CreateTable(SIGNALS, if_not_exists=True))
        return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA synchronous=OFF")  # signals that a power cut takes are of dead runs
    cursor.close()
