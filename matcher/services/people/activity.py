"""What happened lately, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from matcher.services.people.accounts import Account, AccountRole
from matcher.store import Store
from matcher.store.models import OrganisationRow
from matcher.store.people import AuditRow, IntroductionRow, MatchListEntryRow, MatchListRow

WEEKS = 12
COUNTED = {
    "organisation": "organisations",
    "initiative": "initiatives",
    "list": "lists",
    "introduction": "introductions",
}
"""What lines of the log are counted as, by the noun of their action."""
MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for somebody, the oldest first."""

    kind: str
    """`entry`: a match to follow up; `introduction`: accepted, and not yet joined or ended."""
    id: str
    name: str
    what: str
    since: datetime


def weekly(store: Store, today: date | None = None) -> list[tuple[date, Mapping[str, int]]]:
    """Return for the last WEEKS weeks how often each kind of thing was changed, oldest first."""
    day = today or datetime.now(UTC).date()
    monday = day - timedelta(days=day.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    counts = {start: dict.fromkeys(COUNTED.values(), 0) for start in starts}
    since = datetime(starts[0].year, starts[0].month, starts[0].day, tzinfo=UTC)
    with store.reading() as session:
        for at, action in session.execute(
            select(AuditRow.at, AuditRow.action).where(AuditRow.at >= since)
        ):
            noun = COUNTED.get(action.partition(".")[0])
            start = at.date() - timedelta(days=at.weekday())
            if noun and start in counts:
                counts[start][noun] += 1
    return [(start, counts[start]) for start in starts]


def lately(store: Store, limit: int = 10) -> list[AuditRow]:
    """Return the newest lines of the log that are about matches, not about accounts."""
    wanted = [AuditRow.action.startswith(f"{noun}.", autoescape=True) for noun in COUNTED]
    query = select(AuditRow).where(wanted[0] | wanted[1] | wanted[2] | wanted[3])
    with store.reading() as session:
        return list(session.scalars(query.order_by(AuditRow.id.desc()).limit(limit)))


def waiting(store: Store, account: Account) -> list[Waiting]:
    """Return what waits for an account: matches assigned to it, introductions that it asked."""
    with store.reading() as session:
        names = {
            row.id: row.name
            for row in session.execute(select(OrganisationRow.id, OrganisationRow.name))
        }
        entries = session.execute(
            select(MatchListEntryRow, MatchListRow.name)
            .join(MatchListRow, MatchListRow.id == MatchListEntryRow.list_id)
            .where(
                MatchListEntryRow.account_id == account.id,
                MatchListEntryRow.status.in_(("proposed", "approached", "interested")),
            )
        )
        found = [
            Waiting(
                "entry",
                entry.list_id,
                names.get(entry.organisation_id, entry.organisation_id),
                list_name,
                entry.changed,
            )
            for entry, list_name in entries
        ]
        asked = select(IntroductionRow).where(
            IntroductionRow.from_account == account.id, IntroductionRow.state == "accepted"
        )
        found += [
            Waiting(
                "introduction",
                row.id,
                names.get(row.to_organisation, row.to_organisation),
                row.need,
                row.changed,
            )
            for row in session.scalars(asked)
        ]
    return sorted(found, key=lambda one: one.since)[:MOST_WAITING]


def counted(store: Store, account: Account) -> dict[str, int]:
    """Return how many introductions stand in each state, of those that an account may see."""
    query = select(IntroductionRow.state, func.count()).group_by(IntroductionRow.state)
    if not account.role.reaches(AccountRole.MANAGER):
        query = query.where(IntroductionRow.from_account == account.id)
    with store.reading() as session:
        return {state: count for state, count in session.execute(query)}
