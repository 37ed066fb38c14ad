"""What a background job is: its state, its kind, and how it ends early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from matcher.progress import Progress
from matcher.settings import Settings
from matcher.store import Store

UNEXPECTED = "Something went wrong here. It was written to the log; nothing was changed."
UNKNOWN_KIND = "This version of the service doesn't know this job."


BuildIndex: TypeAlias = Callable[[Store, Settings, Progress], str]
"""Builds an index and publishes it; returns its name."""


class JobState(StrEnum):
    """What became of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Whether the job is still to end."""
        return self in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is known now.

    `alive` is when its worker last reported; `total` is 0 where it isn't known.
    """

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


@dataclass(frozen=True, slots=True)
class JobContext:
    """What every job may use."""

    store: Store
    settings: Settings
    build: BuildIndex
    """Builds an index; in a process that serves, in another one."""


JobFunction: TypeAlias = Callable[[JobContext, dict[str, Any], Progress], dict[str, Any]]
UnfinishedHook: TypeAlias = Callable[[Session, dict[str, Any], JobState], None]


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of job is done.

    `run(context, arguments, progress)` returns the result, which is JSON. It writes in one
    transaction, because it may be run again from its beginning, and calls `progress` often, which
    raises Cancelled when the job should stop. `unfinished(session, arguments, state)` is called in
    the transaction that ends a job as failed or cancelled.
    """

    run: JobFunction
    unfinished: UnfinishedHook | None = None
    daily: bool = False
    """Whether workers start it once a day."""
