"""What happened lately, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from matcher.accounts.accounts import Account, AccountRole
from matcher.match_lists.lists import EntryStatus
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    AuditRow,
    IntroductionRow,
    IntroductionStepRow,
    MatchListEntryRow,
    MatchListRow,
)
from matcher.store.tables import InitiativeRow, OrganisationRow

WEEKS = 12
COUNTED = ("organisations", "lists", "asked", "accepted")
"""What is counted each week: organisations written, lists made, introductions asked, accepted."""
STATES = ("asked", "accepted", "joined", "declined", "withdrawn", "ended")
WRITTEN = ("organisation.created", "organisation.changed")
OF_ALL = ("organisation", "initiative", "import")
"""What any member may see in the log, by the noun of a line's action."""
OF_MANAGERS = (*OF_ALL, "list", "introduction")
"""What managers may see there. Nobody sees lines about accounts, passwords and keys here."""
TO_FOLLOW_UP = (EntryStatus.PROPOSED, EntryStatus.APPROACHED, EntryStatus.INTERESTED)
MAX_WAITING = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for somebody."""

    kind: str
    """`entry`: a match to follow up; `introduction`: asked and unanswered, or accepted."""
    id: str
    """Of the list or the introduction."""
    name: str
    """The organisation."""
    what: str
    state: str
    since: datetime
    readable: bool = True
    """Whether the account may open it: a match may be assigned on a list of somebody else."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, in names."""

    at: datetime
    actor: str
    action: str
    kind: str
    """What it is about: `organisation`, `initiative`, `list`, `introduction` or another noun."""
    id: str
    name: str
    """Empty where it is gone."""


def weekly(store: Store, today: date | None = None) -> list[tuple[date, Mapping[str, int]]]:
    """Return the counts of the last WEEKS weeks by their Monday, the oldest first.

    An organisation that is written several times in a week counts once; an import adds what it
    added and changed.
    """
    day = today or datetime.now(UTC).date()
    monday = day - timedelta(days=day.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    counts = {start: dict.fromkeys(COUNTED, 0) for start in starts}
    since = datetime(starts[0].year, starts[0].month, starts[0].day, tzinfo=UTC)
    steps = IntroductionStepRow
    with store.reading() as session:
        dated: list[tuple[str, datetime, int]] = [
            *_written(session, since),
            *(
                ("lists", at, 1)
                for at in session.scalars(
                    select(AuditRow.at).where(
                        AuditRow.at >= since, AuditRow.action == "list.created"
                    )
                )
            ),
            *(
                (step, at, 1)
                for step, at in session.execute(
                    select(steps.step, steps.at).where(
                        steps.at >= since, steps.step.in_(("asked", "accepted"))
                    )
                )
            ),
        ]
    for name, at, count in dated:
        start = _monday(at)
        if start in counts:
            counts[start][name] += count
    return [(start, counts[start]) for start in starts]


def _written(session: Session, since: datetime) -> list[tuple[str, datetime, int]]:
    """Return each week's organisations once, and the counts of imports."""
    lines = select(AuditRow.at, AuditRow.action, AuditRow.subject, AuditRow.detail).where(
        AuditRow.at >= since, AuditRow.action.in_((*WRITTEN, "import.imported"))
    )
    found: list[tuple[str, datetime, int]] = []
    seen: set[tuple[date, str]] = set()
    for at, action, subject, detail in session.execute(lines):
        if action == "import.imported":
            found.append(("organisations", at, _imported(detail)))
        elif (_monday(at), subject) not in seen:
            seen.add((_monday(at), subject))
            found.append(("organisations", at, 1))
    return found


def _imported(detail: Mapping[str, Any]) -> int:
    counts = detail.get("organisations")
    numbers = counts.values() if isinstance(counts, dict) else ()
    return sum(one for one in numbers if isinstance(one, int))


def _monday(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def lately(store: Store, account: Account, limit: int = 10) -> list[Line]:
    """Return the newest lines of the log that an account may see: its own, and by its role."""
    nouns = OF_MANAGERS if account.role.reaches(AccountRole.MANAGER) else OF_ALL
    about = or_(*(AuditRow.action.startswith(f"{noun}.", autoescape=True) for noun in nouns))
    own = or_(
        *(AuditRow.action.startswith(f"{noun}.", autoescape=True) for noun in OF_MANAGERS)
    ) & (AuditRow.actor == account.actor)
    query = select(AuditRow).where(or_(about, own)).order_by(AuditRow.id.desc()).limit(limit)
    with store.reading() as session:
        return _in_names(session, list(session.scalars(query)))


def in_names(store: Store, rows: Sequence[AuditRow]) -> list[Line]:
    """Return lines of the log with names in place of ids and addresses."""
    with store.reading() as session:
        return _in_names(session, rows)


def _in_names(session: Session, rows: Sequence[AuditRow]) -> list[Line]:
    names = _Names(session, rows)
    return [names.line(row) for row in rows]


class _Names:
    """What actors and subjects of some lines are called."""

    def __init__(self, session: Session, rows: Iterable[AuditRow]) -> None:
        ids: dict[str, set[str]] = {}
        for row in rows:
            for named in (row.actor, row.subject):
                noun, _colon, key = named.partition(":")
                ids.setdefault(noun, set()).add(key.partition("/")[0] if noun == "list" else key)
        sides = (IntroductionRow.to_organisation, IntroductionRow.from_organisation)
        asked = select(IntroductionRow.id, *sides).where(
            IntroductionRow.id.in_(ids.get("introduction", ()))
        )
        to = {key: one or other or "" for key, one, other in session.execute(asked)}
        several = {*ids.get("organisation", ()), *ids.get("company", ()), *to.values()}
        organisations = organisation_names(session, several)
        self._by_noun: dict[str, Mapping[str, str]] = {
            "organisation": organisations,
            "company": organisations,
            "introduction": {key: organisations.get(one, "") for key, one in to.items()},
            "account": _pairs(session, AccountRow.email, AccountRow.name, ids.get("account", ())),
            "initiative": _pairs(
                session, InitiativeRow.id, InitiativeRow.name, ids.get("initiative", ())
            ),
            "list": _pairs(session, MatchListRow.id, MatchListRow.name, ids.get("list", ())),
        }

    def line(self, row: AuditRow) -> Line:
        """Return a line with names in place of ids and addresses."""
        kind, _colon, key = row.subject.partition(":")
        if kind == "list":
            key = key.partition("/")[0]
        who, _colon, actor = row.actor.partition(":")
        named = self._by_noun.get(who, {}).get(actor, "" if who == "account" else actor)
        return Line(
            at=row.at,
            actor=named or ("–" if actor else who),
            action=row.action,
            kind=kind,
            id=key,
            name=self._by_noun.get(kind, {}).get(key, ""),
        )


def _pairs(session: Session, key: Any, name: Any, ids: Iterable[str]) -> dict[str, str]:
    query = select(key, name).where(key.in_(list(ids)))
    return {found: called for found, called in session.execute(query)}


def organisation_names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of organisations by id, of those that are there."""
    return _pairs(session, OrganisationRow.id, OrganisationRow.name, ids)


def waiting(store: Store, account: Account) -> list[Waiting]:
    """Return what waits for an account, the oldest first, MAX_WAITING at most.

    These are matches assigned to it that aren't decided, introductions that it asked for, and for
    managers companies that want to take part in an initiative, that are unanswered, or accepted
    and not yet joined or ended.
    """
    entries = (
        select(MatchListEntryRow, MatchListRow.name, MatchListRow.account_id)
        .join(MatchListRow, MatchListRow.id == MatchListEntryRow.list_id)
        .where(
            MatchListEntryRow.account_id == account.id,
            MatchListEntryRow.status.in_([one.value for one in TO_FOLLOW_UP]),
        )
        .order_by(MatchListEntryRow.changed)
        .limit(MAX_WAITING)
    )
    manager = account.role.reaches(AccountRole.MANAGER)
    mine = IntroductionRow.from_account == account.id
    if manager:
        mine |= IntroductionRow.to_organisation == ""
    asked = (
        select(IntroductionRow)
        .where(mine, IntroductionRow.state.in_(("asked", "accepted")))
        .order_by(IntroductionRow.changed)
        .limit(MAX_WAITING)
    )
    with store.reading() as session:
        assigned = session.execute(entries).all()
        introductions = session.scalars(asked).all()
        names = organisation_names(
            session,
            {
                *(entry.organisation_id for entry, _name, _owner in assigned),
                *(one.to_organisation or one.from_organisation or "" for one in introductions),
            },
        )
        found = [
            Waiting(
                "entry",
                entry.list_id,
                names.get(entry.organisation_id, entry.organisation_id),
                list_name if manager or owner == account.id else "",
                entry.status,
                entry.changed,
                manager or owner == account.id,
            )
            for entry, list_name, owner in assigned
        ] + [
            Waiting(
                "introduction",
                row.id,
                names.get(row.to_organisation or row.from_organisation or "", row.to_organisation),
                row.need,
                f"state_{row.state}",
                row.changed,
            )
            for row in introductions
        ]
    return sorted(found, key=lambda one: one.since)[:MAX_WAITING]


def entry_counts(store: Store, account: Account) -> dict[EntryStatus, int]:
    """Return how many matches that somebody wrote about stand in each status.

    They are those on lists that the account may see.
    """
    query = (
        select(MatchListEntryRow.status, func.count())
        .join(MatchListRow, MatchListRow.id == MatchListEntryRow.list_id)
        .group_by(MatchListEntryRow.status)
    )
    if not account.role.reaches(AccountRole.MANAGER):
        query = query.where(MatchListRow.account_id == account.id)
    with store.reading() as session:
        counts = {name: count for name, count in session.execute(query)}
    return {status: counts.get(status.value, 0) for status in EntryStatus}


def introduction_counts(store: Store, account: Account) -> dict[str, int]:
    """Return how many introductions stand in each state, of those that an account may see."""
    query = select(IntroductionRow.state, func.count()).group_by(IntroductionRow.state)
    if account.role.reaches(AccountRole.MANAGER):
        to_managers = IntroductionRow.to_organisation == ""
        query = query.where(IntroductionRow.from_account.is_not(None) | to_managers)
    else:
        query = query.where(IntroductionRow.from_account == account.id)
    with store.reading() as session:
        counts = {name: count for name, count in session.execute(query)}
    return {state: counts.get(state, 0) for state in STATES}


def own_initiatives(store: Store, account: Account) -> set[str]:
    """Return the ids of initiatives with which an account has had to do.

    It wrote them, keeps a match list for them, or asked for an introduction for them.
    """
    wrote = select(AuditRow.subject).where(
        AuditRow.actor == account.actor,
        AuditRow.action.startswith("initiative.", autoescape=True),
        AuditRow.subject.startswith("initiative:", autoescape=True),
    )
    kept = select(MatchListRow.initiative_id).where(MatchListRow.account_id == account.id)
    asked = select(IntroductionRow.initiative_id).where(IntroductionRow.from_account == account.id)
    with store.reading() as session:
        return {
            *(one.removeprefix("initiative:") for one in session.scalars(wrote.distinct())),
            *(one for one in session.scalars(kept.distinct()) if one),
            *(one for one in session.scalars(asked.distinct()) if one),
        }
