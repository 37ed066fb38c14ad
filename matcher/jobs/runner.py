"""Starting, watching, cancelling and running background jobs.

Workers poll the table of jobs. A job runs once; if its worker dies, another takes it up.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from matcher import audit
from matcher.jobs import rows
from matcher.jobs.job import (
    UNEXPECTED,
    UNKNOWN_KIND,
    Cancelled,
    Job,
    JobContext,
    JobFailed,
    JobKind,
    JobState,
)
from matcher.jobs.progress import ProgressReporter, Released
from matcher.jobs.signals import JobSignals, Signal
from matcher.store import Store
from matcher.store.account_tables import JobRow
from matcher.threads import limit_loaded_libraries

DEAD_AFTER = timedelta(seconds=60)
"""A run that hasn't reported for so long is taken up by another worker; six missed heartbeats."""
RECOVER_SECONDS = 30.0
DAY = timedelta(days=1)
POLL_SECONDS = 1.0
PAUSE_AFTER_ERROR_SECONDS = 10.0
STOP_SECONDS = 20.0
CLAIM_WAIT_MS = 500
CANCEL_WAIT_MS = 2_000
MAX_ERROR_LENGTH = 2_000
log = structlog.get_logger()


class JobRunner:
    """The background jobs of one store, as one process sees them."""

    def __init__(
        self, context: JobContext, kinds: Mapping[str, JobKind], store: Store | None = None
    ) -> None:
        """Jobs use the store of `context`; who starts and watches them may use another."""
        self.context = context
        self.kinds = kinds
        self._store = store or context.store
        self._signals = JobSignals(context)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()

    # Starting and watching

    def start(self, kind: str, arguments: dict[str, Any], account_id: int | None) -> str:
        """Start a job; returns its id. Raises KeyError for a kind that isn't known."""
        with self._store.keeping() as session:
            job_id = self.add(session, kind, arguments, account_id)
        self.wake()
        return job_id

    def start_if_none(self, kind: str) -> bool:
        """Start a job of a kind, unless one waits or runs; returns whether one was started."""
        with self._store.keeping() as session:
            if rows.is_open(session, kind):
                return False
            self.add(session, kind, {}, None)
        self.wake()
        return True

    def start_daily(self) -> None:
        """Start the jobs that are done once a day, unless they were."""
        yesterday = datetime.now(UTC) - DAY
        for kind, known in self.kinds.items():
            if not known.daily or rows.started_since(self._store, kind, yesterday):
                continue
            if self.start_if_none(kind):
                log.info("daily job started", kind=kind)

    def add(
        self, session: Session, kind: str, arguments: dict[str, Any], account_id: int | None
    ) -> str:
        """Write a job that waits, in the caller's transaction; to be followed by `wake`."""
        if kind not in self.kinds:
            raise KeyError(kind)
        return rows.insert(session, kind, arguments, account_id)

    def wake(self) -> None:
        """Look for jobs at once, where they run in this process."""
        if self.context.settings.jobs == "inside":
            self.start_thread()
        self._wake.set()

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        with self._store.reading() as session:
            row = session.get(JobRow, job_id)
        return self._jobs([row])[0] if row else None

    def recent(self, account_id: int | None = None, limit: int = 20) -> list[Job]:
        """Return the newest jobs, of everybody or of one account."""
        query = select(JobRow).order_by(JobRow.created.desc(), JobRow.id).limit(limit)
        if account_id is not None:
            query = query.where(JobRow.account_id == account_id)
        with self._store.reading() as session:
            return self._jobs(list(session.scalars(query)))

    def waiting(self) -> list[str]:
        """Return the ids of the jobs that wait, the oldest first."""
        return rows.waiting_ids(self._store)

    def cancel(self, job_id: str, actor: str) -> bool:
        """Ask a job to stop; returns whether it was still open. A job that waits never begins."""
        job = self.get(job_id)
        if job is None or not job.state.open:
            return False
        self._signals.request_cancel(job_id, actor)
        if job.state is JobState.RUNNING:
            return True  # its worker sees the request
        try:
            with rows.short_transaction(self._store, CANCEL_WAIT_MS) as session:
                ended = rows.cancel_waiting(session, job_id)
                if ended:
                    self._unfinished(session, job.kind, job.arguments, JobState.CANCELLED)
                    _record_cancel(session, actor, job_id, job.kind)
        except OperationalError:  # somebody writes to SQLite; whoever takes the job up sees it
            return True
        if ended:
            self._signals.forget(job_id)
        return True

    # Running

    def run(self, job_id: str) -> bool:
        """Run a job if it waits, in this thread; returns whether it did."""
        try:
            run = rows.claim(self.context.store, job_id, CLAIM_WAIT_MS)
        except OperationalError:  # somebody writes to SQLite; the job goes on waiting
            return False
        if run is None:
            return False
        progress = ProgressReporter(self.context.store, self._signals, run, self._stop.is_set)
        values: dict[str, Any] = {}
        try:
            with progress.heartbeat():
                progress.check()
                if run.kind not in self.kinds:
                    raise JobFailed(UNKNOWN_KIND)
                values["result"] = self.kinds[run.kind].run(self.context, run.arguments, progress)
            state = JobState.DONE
        except Released:
            rows.release(self.context.store, run)
            return True
        except Cancelled:
            state = JobState.CANCELLED
        except JobFailed as reason:
            state, values = JobState.FAILED, {"error": str(reason)[:MAX_ERROR_LENGTH]}
        except Exception as error:
            log.error("job failed", job=job_id, kind=run.kind, exc_info=error)
            state, values = JobState.FAILED, {"error": UNEXPECTED}
        reported = {"step": progress.step, "done": progress.done, "total": progress.total}
        self._finish(run, state, **reported, **values)
        return True

    def run_next(self) -> bool:
        """Run the job that waits longest, in this thread; returns whether there was one."""
        return any(self.run(job_id) for job_id in self.waiting())

    def run_waiting(self) -> int:
        """Run all jobs that wait, in this thread; returns how many there were."""
        count = 0
        while self.run_next():
            count += 1
        return count

    def recover(self) -> int:
        """Let the jobs of dead workers be run by others; returns how many there were."""
        count, now = 0, datetime.now(UTC)
        running = rows.running(self._store)
        for row, job in zip(running, self._jobs(running), strict=True):
            if job.alive is not None and now - job.alive < DEAD_AFTER:
                continue
            if rows.release(self._store, row):
                log.warning("job of a dead worker waits again", job=row.id, kind=row.kind)
                count += 1
        return count

    def start_thread(self) -> None:
        """Run jobs in a daemon thread of this process from now on."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # it isn't, after a fork
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()

    def serve(self) -> None:
        """Run jobs until SIGTERM or SIGINT; the job at hand is given back."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.start_thread()
            while True:
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self.stop()

    def stop(self) -> None:
        """End the thread that runs jobs; the job at hand is given back."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                return  # in a step that doesn't report; it is given back when it does
        self._thread = None
        self._stop.clear()

    def _work(self) -> None:
        limit_loaded_libraries()
        next_recovery = 0.0
        while not self._stop.is_set():
            pause = POLL_SECONDS
            try:
                if time.monotonic() >= next_recovery:
                    self.recover()
                    self.start_daily()
                    next_recovery = time.monotonic() + RECOVER_SECONDS
                if self.run_next():
                    continue
            except Exception as error:  # the store is away; it may come back
                log.error("jobs not run", exc_info=error)
                pause = PAUSE_AFTER_ERROR_SECONDS
            self._wake.wait(pause)
            self._wake.clear()

    def _finish(self, run: JobRow, state: JobState, **values: Any) -> None:
        sent = self._signals.read([run.id]).get(run.id)
        with self.context.store.keeping() as session:
            if not rows.finish(session, run, state, **values):
                return
            if state is not JobState.DONE:
                self._unfinished(session, run.kind, run.arguments, state)
            if sent is not None and sent.cancelled_by is not None:
                _record_cancel(session, sent.cancelled_by, run.id, run.kind)
        self._signals.forget(run.id)
        log.info("job ended", job=run.id, kind=run.kind, state=state.value)

    def _unfinished(
        self, session: Session, kind: str, arguments: dict[str, Any], state: JobState
    ) -> None:
        known = self.kinds.get(kind)
        if known is not None and known.unfinished is not None:
            known.unfinished(session, arguments, state)

    def _jobs(self, job_rows: list[JobRow]) -> list[Job]:
        signals = self._signals.read([row.id for row in job_rows if JobState(row.state).open])
        return [_job(row, signals.get(row.id, Signal(row.id))) for row in job_rows]


def _record_cancel(session: Session, actor: str, job_id: str, kind: str) -> None:
    audit.record(session, actor, "job.cancelled", f"job:{job_id}", kind=kind)


def _job(row: JobRow, sent: Signal) -> Job:
    state = JobState(row.state)
    current = state is JobState.RUNNING and sent.started == row.started  # not of a former run
    reported: JobRow | Signal = sent if current else row
    return Job(
        id=row.id,
        kind=row.kind,
        arguments=row.arguments,
        account_id=row.account_id,
        state=state,
        step=reported.step,
        done=reported.done,
        total=reported.total,
        cancelling=state.open and sent.cancelled_by is not None,
        result=row.result,
        error=row.error,
        created=row.created,
        started=row.started,
        alive=sent.alive if current else row.started,
        finished=row.finished,
    )
