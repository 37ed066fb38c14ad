"""Stored match lists as their readers see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.accounts.accounts import Account, AccountRole
from matcher.domain import Question
from matcher.match_lists.matches import ListedMatch, matches_from_json
from matcher.matching.question import deserialise
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    MatchListEntryRow,
    MatchListRow,
    MatchListVersionRow,
)
from matcher.store.profiles import hidden_ids, standings_of

NOBODY = "–"
"""Shown as the owner of a list whose account is gone."""


class EntryStatus(StrEnum):
    """What became of a match, in the order in which it usually goes."""

    PROPOSED = "proposed"
    APPROACHED = "approached"
    INTERESTED = "interested"
    DECLINED = "declined"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Entry:
    """What people wrote about one match."""

    status: EntryStatus = EntryStatus.PROPOSED
    note: str = ""
    account_id: int | None = None
    """Who follows it up."""
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """The answer at one time."""

    number: int
    created: datetime
    corpus_version: int
    matches: tuple[ListedMatch, ...]


@dataclass(frozen=True, slots=True)
class MatchList:
    """A stored match list with one of its versions."""

    id: str
    name: str
    note: str
    initiative_id: str | None
    account_id: int | None
    """Of its owner; None where that account is gone."""
    owner: str
    question: Question
    created: datetime
    version: Version
    versions: tuple[tuple[int, datetime], ...]
    """Number and time of all versions, the newest first."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By organisation id; an organisation that nobody wrote about has none."""

    def entry(self, organisation_id: str) -> Entry:
        """Return what people wrote about one match; a proposed one where nobody wrote."""
        return self.entries.get(organisation_id, Entry())

    def may_be_deleted_by(self, account: Account) -> bool:
        """Return whether an account may delete it: its owner and administrators may."""
        return account.id == self.account_id or account.role is AccountRole.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the overview."""

    id: str
    name: str
    owner: str
    mine: bool
    initiative_id: str | None
    changed: datetime
    versions: int
    statuses: Mapping[EntryStatus, int]


def get(
    store: Store, list_id: str, *, reader: Account | None, number: int | None = None
) -> MatchList | None:
    """Return a list with one version, the newest by default; None where the reader may not see it.

    Without a `reader` the caller has checked a share link. Whom a moderator has hidden is on no
    list, until the profile is shown again.
    """
    with store.reading() as session:
        row = session.get(MatchListRow, list_id)
        if row is None or (reader is not None and not _may_see(row, reader)):
            return None
        versions = session.execute(
            select(MatchListVersionRow.number, MatchListVersionRow.created)
            .where(MatchListVersionRow.list_id == list_id)
            .order_by(MatchListVersionRow.number.desc())
        ).all()
        if number is None:
            number = versions[0].number
        # A number of the visitor's may be larger than a database can be asked for.
        if number not in {version.number for version in versions}:
            return None
        version = session.get_one(MatchListVersionRow, (list_id, number))
        hidden = hidden_ids(session)
        matches = matches_from_json(version.results)
        standings = standings_of(session, [match.id for match in matches])
        return MatchList(
            id=row.id,
            name=row.name,
            note=row.note,
            initiative_id=row.initiative_id,
            account_id=row.account_id,
            owner=_account_names(session).get(row.account_id or 0, NOBODY),
            question=deserialise(row.question),
            created=row.created,
            version=Version(
                version.number,
                version.created,
                version.corpus_version,
                tuple(
                    replace(match, standing=standings.get(match.id))
                    for match in matches
                    if match.id not in hidden
                ),
            ),
            versions=tuple((version.number, version.created) for version in versions),
            entries=_entries(session, list_id),
        )


def summaries(store: Store, reader: Account) -> list[Summary]:
    """Return the lists that an account may see, its own first, then by the last change."""
    with store.reading() as session:
        rows = [
            row
            for row in session.scalars(select(MatchListRow).order_by(MatchListRow.changed.desc()))
            if _may_see(row, reader)
        ]
        statuses = _status_counts(session)
        newest = _newest_versions(session)
        names = _account_names(session)
    found = [
        Summary(
            id=row.id,
            name=row.name,
            owner=names.get(row.account_id or 0, NOBODY),
            mine=row.account_id == reader.id,
            initiative_id=row.initiative_id,
            changed=row.changed,
            versions=newest.get(row.id, 0),
            statuses=statuses.get(row.id, {}),
        )
        for row in rows
    ]
    return sorted(found, key=lambda summary: not summary.mine)


def colleagues(store: Store) -> dict[int, str]:
    """Return who can follow up a match: the names of active accounts by id."""
    with store.reading() as session:
        rows = session.scalars(
            select(AccountRow).where(AccountRow.active).order_by(AccountRow.name)
        )
        return {row.id: row.name for row in rows}


def entry_from_row(row: MatchListEntryRow) -> Entry:
    """Build the entry of a row."""
    return Entry(EntryStatus(row.status), row.note, row.account_id, row.changed)


def _entries(session: Session, list_id: str) -> dict[str, Entry]:
    rows = session.scalars(select(MatchListEntryRow).where(MatchListEntryRow.list_id == list_id))
    return {row.organisation_id: entry_from_row(row) for row in rows}


def _status_counts(session: Session) -> dict[str, dict[EntryStatus, int]]:
    """Return for each list how many of its matches stand in each status."""
    counted = session.execute(
        select(MatchListEntryRow.list_id, MatchListEntryRow.status, func.count())
        .where(MatchListEntryRow.organisation_id.not_in(hidden_ids(session)))
        .group_by(MatchListEntryRow.list_id, MatchListEntryRow.status)
    )
    counts: dict[str, dict[EntryStatus, int]] = {}
    for list_id, status, count in counted:
        counts.setdefault(list_id, {})[EntryStatus(status)] = count
    return counts


def _newest_versions(session: Session) -> dict[str, int]:
    numbers = session.execute(
        select(MatchListVersionRow.list_id, func.max(MatchListVersionRow.number)).group_by(
            MatchListVersionRow.list_id
        )
    )
    return {list_id: number for list_id, number in numbers}


def _may_see(row: MatchListRow, account: Account) -> bool:
    return row.account_id == account.id or account.role.reaches(AccountRole.MANAGER)


def _account_names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.scalars(select(AccountRow))}
