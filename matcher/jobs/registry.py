"""Background jobs: their rows decide, the queue only says that there is something to do.

A job runs once, however often it is queued; one whose worker died is taken up by another. Each
writes in one transaction, so it may be run again from its beginning.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from embeddings.port import EncoderError
from matcher import audit
from matcher.index.generation import Unwritable
from matcher.indexing.build import build_index
from matcher.store import Store
from matcher.store.account_tables import AccountRow, JobRow

if TYPE_CHECKING:
    from matcher.container import Services

DEAD_AFTER = timedelta(seconds=60)
BEAT_SECONDS = 10.0
TELL_SECONDS = 0.5
MAX_STEP_LENGTH = 64
BRIEFLY = 100
FAULT = "Something went wrong here. It was written to the log; nothing was changed."
UNKNOWN = "This version of the service doesn't know this job."
NO_ROOM = "The index can't be written; the former one goes on. Is the disk full?"
NO_ENCODER = "The model that reads texts doesn't answer. Try again later."
log = structlog.get_logger()


class JobState(StrEnum):
    """What became of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Whether it is still to end."""
        return self in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is known now."""

    id: str
    kind: str
    arguments: dict[str, Any]
    account_id: int | None
    state: JobState
    step: str
    done: int
    total: int
    cancelling: bool
    result: dict[str, Any] | None
    error: str | None
    created: datetime
    started: datetime | None
    alive: datetime | None
    finished: datetime | None


class Cancelled(Exception):
    """Somebody asked the job to stop; what it wrote is rolled back."""


class JobFailed(Exception):
    """The job can't be done; the message is for whoever started it."""


class _Released(Exception):
    """The process ends, or another one took the job up."""


Progress = Callable[[str, int, int], None]
Function = Callable[["Services", dict[str, Any], Progress], dict[str, Any]]
Unfinished = Callable[[Session, dict[str, Any], JobState], None]
_functions: dict[str, tuple[Function, Unfinished | None]] = {}


def register(kind: str, function: Function, unfinished: Unfinished | None = None) -> None:
    """Say how a kind of job is done.

    `function(services, arguments, progress)` returns the result; it calls
    `progress(step, done, total)` often, which raises Cancelled when it should stop.
    `unfinished(session, arguments, state)` is called in the transaction that ends a job as failed
    or cancelled.
    """
    _functions[kind] = function, unfinished


def start(services: Services, kind: str, arguments: dict[str, Any], account_id: int | None) -> str:
    """Start a job; returns its id."""
    with services.store.keeping() as session:
        job_id = add(session, kind, arguments, account_id)
    send(services, job_id)
    return job_id


def add(session: Session, kind: str, arguments: dict[str, Any], account_id: int | None) -> str:
    """Write a job that waits, in the caller's transaction; to be followed by `send`."""
    if kind not in _functions:
        raise KeyError(kind)
    job_id, account = secrets.token_hex(16), None
    if account_id is not None:
        account = session.get(AccountRow, account_id)
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


def send(services: Services, job_id: str) -> None:
    """Queue a job that was added; where jobs run inside, this process may run it."""
    services.queue.send(job_id)
    if services.settings.jobs == "inside":
        services.queue.start_inside()


def get(services: Services, job_id: str) -> Job | None:
    """Return a job, or None."""
    with services.store.reading() as session:
        row = session.get(JobRow, job_id)
    return _job(services, row) if row else None


def recent(services: Services, account_id: int | None = None, limit: int = 20) -> list[Job]:
    """Return the newest jobs, of everybody or of one account."""
    query = select(JobRow).order_by(JobRow.created.desc(), JobRow.id).limit(limit)
    if account_id is not None:
        query = query.where(JobRow.account_id == account_id)
    with services.store.reading() as session:
        rows = list(session.scalars(query))
    return [_job(services, row) for row in rows]


def cancel(services: Services, job_id: str, actor: str) -> bool:
    """Ask a job to stop; whether it was still open. One that waits never begins."""
    job = get(services, job_id)
    if job is None or not job.state.open:
        return False
    services.queue.tell(_cancel_key(job_id), {"by": actor})
    here = JobRow.id == job_id
    try:
        with _briefly(services.store, 2_000) as session:
            asked = update(JobRow).where(here, JobRow.state.in_(("waiting", "running")))
            session.execute(asked.values(cancelling=True))
            waiting = update(JobRow).where(here, JobRow.state == JobState.WAITING.value)
            taken = session.execute(waiting.values(**_ended(JobState.CANCELLED)))
            if taken.rowcount == 1:  # type: ignore[attr-defined]
                _left(session, job.kind, job.arguments, JobState.CANCELLED)
            audit.record(session, actor, "job.cancelled", f"job:{job_id}", kind=job.kind)
    except OperationalError:  # an import holds the store; the queue has the word already
        log.info("cancellation told through the queue", job=job_id)
        return True
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        services.queue.forget(_cancel_key(job_id))
    return True


def run(services: Services, job_id: str) -> None:
    """Run a job if it waits; does nothing when it was run or is being run."""
    claimed = _claim(services.store, job_id)
    if claimed is None:
        return
    told = ProgressReporter(services, claimed)
    function = _functions.get(claimed.kind)
    state = JobState.FAILED
    values: dict[str, Any] = {"error": FAULT}
    try:
        with told.beating():
            told.check()
            if function is None:
                raise JobFailed(UNKNOWN)
            result = function[0](services, claimed.arguments, told)
        state, values = JobState.DONE, {"result": result}
    except Cancelled:
        state, values = JobState.CANCELLED, {}
    except _Released:
        _give_back(services, claimed)
        return
    except JobFailed as reason:
        values = {"error": str(reason)[:2_000]}
    except EncoderError as error:
        log.error("job failed", job=job_id, kind=claimed.kind, exc_info=error)
        values = {"error": NO_ENCODER}
    except Unwritable as error:
        log.error("job failed", job=job_id, kind=claimed.kind, exc_info=error)
        values = {"error": NO_ROOM}
    except Exception as error:
        log.error("job failed", job=job_id, kind=claimed.kind, exc_info=error)
    _end(services, claimed, state, values)


def run_waiting(services: Services) -> int:
    """Run all that is queued in this thread, and return how many there were."""
    count = 0
    while services.queue.run_next():
        count += 1
    return count


def recover(services: Services) -> int:
    """Queue again what lost its worker or its place in the queue; returns how many."""
    count, now = 0, datetime.now(UTC)
    with services.store.reading() as session:
        query = select(JobRow).where(JobRow.state.in_(("waiting", "running")))
        rows = list(session.scalars(query.order_by(JobRow.created)))
    queued = set(services.queue.waiting()) if rows else set()
    for row in rows:
        job = _job(services, row)
        if job.state is JobState.RUNNING:
            if job.alive is not None and now - job.alive < DEAD_AFTER:
                continue
            if not _release(services.store, row):
                continue
            log.warning("job taken up again", job=row.id, kind=row.kind)
        if row.id not in queued:
            services.queue.send(row.id)
            count += 1
    return count


class ProgressReporter:
    """The `progress` of one run: tells how far it is, and raises when it should stop."""

    def __init__(self, services: Services, row: JobRow) -> None:
        self._services = services
        self._row = row
        self._said = ("", 0, 0)
        self._next = 0.0
        self._lost = False
        self._lock = threading.Lock()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report a step, at most every few seconds. Raises when the job should stop."""
        turn = step[:MAX_STEP_LENGTH] != self._said[0] or done >= total > 0
        self._said = step[:MAX_STEP_LENGTH], max(0, min(done, total or done)), max(0, total)
        if turn or time.monotonic() >= self._next:
            self.check()

    def check(self) -> None:
        """Tell, and raise when the job should stop."""
        self._next = time.monotonic() + TELL_SECONDS
        self._tell()
        if self._lost or self._services.queue.stopping:
            raise _Released
        if self._services.queue.told(_cancel_key(self._row.id)) is not None:
            raise Cancelled

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Say that it is alive, also through long steps that don't call."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_SECONDS):
                self._tell()

        thread = threading.Thread(target=beat, name="job-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _tell(self) -> None:
        with self._lock:
            (step, done, total), now = self._said, datetime.now(UTC)
            said = {"step": step, "done": done, "total": total}
            started = self._row.started.isoformat() if self._row.started else ""
            pulse = {**said, "alive": now.isoformat(), "started": started}
            self._services.queue.tell(_pulse_key(self._row.id), pulse)
            try:
                with _briefly(self._services.store, BRIEFLY) as session:
                    changed = session.execute(_mine(self._row).values(alive=now, **said))
                self._lost = self._lost or changed.rowcount == 0  # type: ignore[attr-defined]
            except OperationalError:
                return  # somebody writes, perhaps this very job; the queue knows


def _mine(row: JobRow) -> Any:
    """Return an update of the row that does nothing once another run took it up."""
    running = JobRow.state == JobState.RUNNING.value
    return update(JobRow).where(JobRow.id == row.id, running, JobRow.started == row.started)


def _claim(store: Store, job_id: str) -> JobRow | None:
    now = datetime.now(UTC)
    waiting = (JobRow.id == job_id) & (JobRow.state == JobState.WAITING.value)
    with store.keeping() as session:
        claimed = session.execute(
            update(JobRow)
            .where(waiting)
            .values(state=JobState.RUNNING.value, started=now, alive=now, step="", done=0, total=0)
        )
        if claimed.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return session.get_one(JobRow, job_id, populate_existing=True)


def _release(store: Store, row: JobRow) -> bool:
    with store.keeping() as session:
        free = _mine(row).values(state=JobState.WAITING.value, started=None, alive=None)
        return bool(session.execute(free).rowcount == 1)  # type: ignore[attr-defined]


def _give_back(services: Services, row: JobRow) -> None:
    if _release(services.store, row):
        services.queue.forget(_pulse_key(row.id))
        services.queue.send(row.id)


def _end(services: Services, row: JobRow, state: JobState, values: dict[str, Any]) -> None:
    asked = services.queue.told(_cancel_key(row.id)) if state is JobState.CANCELLED else None
    with services.store.keeping() as session:
        ended = session.execute(_mine(row).values(**_ended(state), **values))
        if ended.rowcount == 1 and state is not JobState.DONE:  # type: ignore[attr-defined]
            _left(session, row.kind, row.arguments, state)
        current = session.get_one(JobRow, row.id, populate_existing=True)
        if asked and not current.cancelling:
            audit.record(session, asked["by"], "job.cancelled", f"job:{row.id}", kind=row.kind)
    services.queue.forget(_pulse_key(row.id), _cancel_key(row.id))
    log.info("job ended", job=row.id, kind=row.kind, state=state.value)


def _ended(state: JobState) -> dict[str, Any]:
    return {"state": state.value, "finished": datetime.now(UTC)}


def _left(session: Session, kind: str, arguments: dict[str, Any], state: JobState) -> None:
    unfinished = _functions.get(kind, (None, None))[1]
    if unfinished is not None:
        unfinished(session, arguments, state)


@contextmanager
def _briefly(store: Store, milliseconds: int) -> Iterator[Session]:
    """Give a transaction that doesn't wait for another writer of SQLite: OperationalError then."""
    sqlite = store.engine.dialect.name == "sqlite"
    with store.engine.connect() as connection:
        if sqlite:
            usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout={milliseconds}")
            connection.commit()
        try:
            with Session(connection) as session, session.begin():
                yield session
        finally:
            if sqlite:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")


def _pulse_key(job_id: str) -> str:
    return f"pulse:{job_id}"


def _cancel_key(job_id: str) -> str:
    return f"cancel:{job_id}"


def _job(services: Services, row: JobRow) -> Job:
    said: dict[str, Any] = {"step": row.step, "done": row.done, "total": row.total}
    alive, cancelling = row.alive, row.cancelling
    state = JobState(row.state)
    if state.open:
        cancelling = cancelling or services.queue.told(_cancel_key(row.id)) is not None
    pulse = services.queue.told(_pulse_key(row.id)) if state is JobState.RUNNING else None
    if pulse and row.started and pulse["started"] == row.started.isoformat():
        heard = datetime.fromisoformat(pulse["alive"])
        if alive is None or heard >= alive:
            alive, said = heard, {name: pulse[name] for name in said}
    return Job(
        id=row.id,
        kind=row.kind,
        arguments=row.arguments,
        account_id=row.account_id,
        state=state,
        cancelling=cancelling,
        result=row.result,
        error=row.error,
        created=row.created,
        started=row.started,
        alive=alive,
        finished=row.finished,
        **said,
    )


def _rebuild(services: Services, _arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    return {"index": build_index(services.store, services.settings, progress)}


register("rebuild", _rebuild)
