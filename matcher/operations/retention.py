"""What is deleted by time: the audit log, ended jobs, mailed links, drafts, introductions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Delete, delete, select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.imports import files as import_files
from matcher.imports.runs import ImportState
from matcher.jobs.job import JobContext, JobKind, JobState
from matcher.profiles import drafts
from matcher.progress import Progress
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    ImportRow,
    IntroductionRow,
    IntroductionStepRow,
    JobRow,
    TokenRow,
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many rows were deleted; of introductions, how many lost contacts and messages."""

    audit: int
    jobs: int
    imports: int
    links: int
    drafts: int
    introductions: int


def delete_old(
    store: Store, settings: Settings, *, actor: str, now: datetime | None = None
) -> Deleted:
    """Delete what the settings keep no longer, in one transaction, and record how much it was."""
    present = now or datetime.now(UTC)
    with store.keeping() as session:
        deleted = Deleted(
            audit=_audit(session, _before(present, settings.keep_audit)),
            jobs=_jobs(session, _before(present, settings.keep_jobs)),
            imports=_imports(session, _before(present, settings.keep_jobs)),
            links=_links(session, _before(present, settings.keep_links)),
            drafts=_drafts(session, _before(present, settings.keep_drafts)),
            introductions=_introductions(session, _before(present, settings.keep_introductions)),
        )
        if any(asdict(deleted).values()):
            audit.record(session, actor, "retention.done", "store", **asdict(deleted))
    import_files.clear_old(settings)
    return deleted


def _before(now: datetime, days: int) -> datetime:
    """Return the moment up to which is deleted; long ago where all is kept."""
    return now - timedelta(days=days) if days else datetime(1970, 1, 1, tzinfo=UTC)


def _audit(session: Session, before: datetime) -> int:
    return _delete(session, delete(AuditRow).where(AuditRow.at < before))


def _jobs(session: Session, before: datetime) -> int:
    ended = JobRow.state.in_([state.value for state in JobState if not state.open])
    return _delete(session, delete(JobRow).where(ended, JobRow.finished < before))


def _imports(session: Session, before: datetime) -> int:
    idle = ImportRow.state.not_in([state.value for state in ImportState if state.busy])
    return _delete(session, delete(ImportRow).where(idle, ImportRow.changed < before))


def _links(session: Session, before: datetime) -> int:
    useless = (TokenRow.expires < before) | (TokenRow.used < before)
    return _delete(session, delete(TokenRow).where(useless))


def _drafts(session: Session, before: datetime) -> int:
    return drafts.delete_expired(session, before)


def _introductions(session: Session, before: datetime) -> int:
    """Forget who wrote what; what came of it teaches the ranking, and stays."""
    old = [
        row.id
        for row in session.scalars(select(IntroductionRow).where(IntroductionRow.changed < before))
        if row.message or row.contact
    ]
    for start in range(0, len(old), 500):
        ids = old[start : start + 500]
        steps = IntroductionStepRow.introduction_id.in_(ids)
        session.execute(update(IntroductionStepRow).where(steps).values(note=""))
        rows = update(IntroductionRow).where(IntroductionRow.id.in_(ids))
        session.execute(rows.values(message="", contact={}))
    return len(old)


def _delete(session: Session, statement: Delete) -> int:
    """Return how many rows were deleted."""
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def run(context: JobContext, _arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Delete what is old, as a job; returns how much it was."""
    return asdict(delete_old(context.store, context.settings, actor="service"))


KINDS = {"retention": JobKind(run, daily=True)}
