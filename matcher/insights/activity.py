"""What happened in the last weeks: organisations written, lists made, introductions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.store import Store
from matcher.store.account_tables import AuditRow, IntroductionStepRow

WEEKS = 12
COUNTED = ("organisations", "lists", "asked", "accepted")
"""What is counted each week: organisations written, lists made, introductions asked, accepted."""
WRITTEN = ("organisation.created", "organisation.changed")


@dataclass(frozen=True, slots=True)
class Week:
    """What happened in a week."""

    start: date
    """A Monday."""
    counts: Mapping[str, int]
    """By what is COUNTED, in that order."""


def weekly(store: Store, today: date | None = None) -> list[Week]:
    """Return the counts of the last WEEKS weeks, the oldest first.

    An organisation that is written several times in a week counts once; an import adds what it
    added and changed.
    """
    this_week = _monday(today or datetime.now(UTC).date())
    starts = [this_week - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    counts = {start: dict.fromkeys(COUNTED, 0) for start in starts}
    since = datetime(starts[0].year, starts[0].month, starts[0].day, tzinfo=UTC)
    with store.reading() as session:
        events = [*_organisations(session, since), *_lists(session, since), *_steps(session, since)]
    for name, at, count in events:
        start = _monday(at.date())
        if start in counts:
            counts[start][name] += count
    return [Week(start, counts[start]) for start in starts]


def _organisations(session: Session, since: datetime) -> Iterable[tuple[str, datetime, int]]:
    """Yield each organisation once a week, and the counts of imports."""
    lines = select(AuditRow.at, AuditRow.action, AuditRow.subject, AuditRow.detail).where(
        AuditRow.at >= since, AuditRow.action.in_((*WRITTEN, "import.imported"))
    )
    seen: set[tuple[date, str]] = set()
    for at, action, subject, detail in session.execute(lines):
        if action == "import.imported":
            yield "organisations", at, _imported(detail)
        elif (_monday(at.date()), subject) not in seen:
            seen.add((_monday(at.date()), subject))
            yield "organisations", at, 1


def _imported(detail: Mapping[str, Any]) -> int:
    counts = detail.get("organisations")
    numbers = counts.values() if isinstance(counts, dict) else ()
    return sum(number for number in numbers if isinstance(number, int))


def _lists(session: Session, since: datetime) -> Iterable[tuple[str, datetime, int]]:
    made = select(AuditRow.at).where(AuditRow.at >= since, AuditRow.action == "list.created")
    return [("lists", at, 1) for at in session.scalars(made)]


def _steps(session: Session, since: datetime) -> Iterable[tuple[str, datetime, int]]:
    steps = select(IntroductionStepRow.step, IntroductionStepRow.at).where(
        IntroductionStepRow.at >= since, IntroductionStepRow.step.in_(("asked", "accepted"))
    )
    return [(step, at, 1) for step, at in session.execute(steps)]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
