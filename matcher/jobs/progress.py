"""The progress that a job reports while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from matcher.jobs import rows
from matcher.jobs.job import Cancelled
from matcher.jobs.signals import JobSignals, Signal
from matcher.store import Store
from matcher.store.account_tables import JobRow

HEARTBEAT_SECONDS = 10.0
REPORT_SECONDS = 0.5
MAX_STEP_LENGTH = 64


class Released(Exception):
    """This process ends, or another worker took up the job."""


class ProgressReporter:
    """The `progress` of one run: reports how far it is, and raises when it should stop."""

    def __init__(
        self, store: Store, signals: JobSignals, run: JobRow, stopping: Callable[[], bool]
    ) -> None:
        self._store = store
        self._signals = signals
        self._run = run
        self._stopping = stopping
        self._next_report = 0.0
        self.step, self.done, self.total = "", 0, 0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take down how far the run is, and `check` at a new step, at its end and in between.

        `total` is 0 where it isn't known.
        """
        step = step[:MAX_STEP_LENGTH]
        due = step != self.step or done >= total > 0 or time.monotonic() >= self._next_report
        self.step, self.done, self.total = step, max(0, min(done, total or done)), max(0, total)
        if due:
            self.check()

    def check(self) -> None:
        """Report. Raises Cancelled or Released when the run should stop."""
        self._next_report = time.monotonic() + REPORT_SECONDS
        self._report()
        if self._stopping() or not rows.is_current(self._store, self._run):
            raise Released
        signal = self._signals.read([self._run.id]).get(self._run.id)
        if signal is not None and signal.cancelled_by is not None:
            raise Cancelled

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Report that the run is alive also through steps that don't call."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_SECONDS):
                self._report()

        thread = threading.Thread(target=beat, name="job-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _report(self) -> None:
        run = self._run
        self._signals.report(
            Signal(run.id, run.started, datetime.now(UTC), self.step, self.done, self.total)
        )
