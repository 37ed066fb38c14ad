"""An account's own part: what waits for it, its initiatives, and how its matches stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.accounts.accounts import Account, AccountRole
from matcher.insights.log_lines import organisation_names
from matcher.introductions.introductions import IntroductionState
from matcher.match_lists.lists import EntryStatus
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    MatchListEntryRow,
    MatchListRow,
)

STATES = (
    IntroductionState.ASKED,
    IntroductionState.ACCEPTED,
    IntroductionState.JOINED,
    IntroductionState.DECLINED,
    IntroductionState.WITHDRAWN,
    IntroductionState.ENDED,
)
"""In the order of a chart: going well, then not."""
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
    """The name of the list, or the need that the introduction is about."""
    state: str
    since: datetime
    readable: bool = True
    """Whether the account may open it: a match may be assigned on a list of somebody else."""


def waiting_for(store: Store, account: Account) -> list[Waiting]:
    """Return what waits for an account, the oldest first, MAX_WAITING at most.

    These are matches assigned to it that aren't decided, introductions that it asked for, and for
    managers companies that want to take part in an initiative, that are unanswered, or accepted
    and not yet joined or ended.
    """
    with store.reading() as session:
        waiting = [*_entries(session, account), *_introductions(session, account)]
    return sorted(waiting, key=lambda each: each.since)[:MAX_WAITING]


def _entries(session: Session, account: Account) -> list[Waiting]:
    query = (
        select(MatchListEntryRow, MatchListRow.name, MatchListRow.account_id)
        .join(MatchListRow, MatchListRow.id == MatchListEntryRow.list_id)
        .where(
            MatchListEntryRow.account_id == account.id,
            MatchListEntryRow.status.in_([status.value for status in TO_FOLLOW_UP]),
        )
        .order_by(MatchListEntryRow.changed)
        .limit(MAX_WAITING)
    )
    rows = session.execute(query).all()
    names = organisation_names(session, {entry.organisation_id for entry, _name, _owner in rows})
    waiting = []
    for entry, list_name, owner_id in rows:
        readable = account.role.reaches(AccountRole.MANAGER) or owner_id == account.id
        waiting.append(
            Waiting(
                kind="entry",
                id=entry.list_id,
                name=names.get(entry.organisation_id, entry.organisation_id),
                what=list_name if readable else "",
                state=entry.status,
                since=entry.changed,
                readable=readable,
            )
        )
    return waiting


def _introductions(session: Session, account: Account) -> list[Waiting]:
    own = IntroductionRow.from_account == account.id
    if account.role.reaches(AccountRole.MANAGER):
        own |= IntroductionRow.to_organisation == ""
    query = (
        select(IntroductionRow)
        .where(own, IntroductionRow.state.in_(("asked", "accepted")))
        .order_by(IntroductionRow.changed)
        .limit(MAX_WAITING)
    )
    rows: Sequence[IntroductionRow] = session.scalars(query).all()
    parties = {row.id: row.to_organisation or row.from_organisation or "" for row in rows}
    names = organisation_names(session, parties.values())
    return [
        Waiting(
            kind="introduction",
            id=row.id,
            name=names.get(parties[row.id], row.to_organisation),
            what=row.need,
            state=f"state_{row.state}",
            since=row.changed,
        )
        for row in rows
    ]


def entry_counts(store: Store, reader: Account) -> dict[EntryStatus, int]:
    """Return how many matches that somebody wrote about stand in each status.

    They are those on lists that the account may see.
    """
    query = (
        select(MatchListEntryRow.status, func.count())
        .join(MatchListRow, MatchListRow.id == MatchListEntryRow.list_id)
        .group_by(MatchListEntryRow.status)
    )
    if not reader.role.reaches(AccountRole.MANAGER):
        query = query.where(MatchListRow.account_id == reader.id)
    with store.reading() as session:
        counts = {name: count for name, count in session.execute(query)}
    return {status: counts.get(status.value, 0) for status in EntryStatus}


def introduction_counts(store: Store, reader: Account) -> dict[IntroductionState, int]:
    """Return how many introductions stand in each state, of those that an account may see."""
    query = select(IntroductionRow.state, func.count()).group_by(IntroductionRow.state)
    if reader.role.reaches(AccountRole.MANAGER):
        to_managers = IntroductionRow.to_organisation == ""
        query = query.where(IntroductionRow.from_account.is_not(None) | to_managers)
    else:
        query = query.where(IntroductionRow.from_account == reader.id)
    with store.reading() as session:
        counts = {name: count for name, count in session.execute(query)}
    return {state: counts.get(state.value, 0) for state in STATES}


def own_initiatives(store: Store, account: Account) -> set[str]:
    """Return the ids of an account's initiatives.

    It wrote them, has a match list for them, or asked for an introduction for them.
    """
    written = select(AuditRow.subject).where(
        AuditRow.actor == account.actor,
        AuditRow.action.startswith("initiative.", autoescape=True),
        AuditRow.subject.startswith("initiative:", autoescape=True),
    )
    listed = select(MatchListRow.initiative_id).where(MatchListRow.account_id == account.id)
    asked = select(IntroductionRow.initiative_id).where(IntroductionRow.from_account == account.id)
    with store.reading() as session:
        subjects = session.scalars(written.distinct())
        return {
            *(subject.removeprefix("initiative:") for subject in subjects),
            *(key for key in session.scalars(listed.distinct()) if key),
            *(key for key in session.scalars(asked.distinct()) if key),
        }
