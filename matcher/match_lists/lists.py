"""Kept match lists: a question, its answers at several times, and what became of each match."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from matcher import audit
from matcher.accounts.accounts import Account, AccountRole
from matcher.domain import Question
from matcher.matching.serialise import deserialise, serialise
from matcher.matching.service import Recommender
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    MatchListEntryRow,
    MatchListRow,
    MatchListVersionRow,
)

MAX_RESULTS = 100
"""As many as the longest page shows."""
MAX_NAME_LENGTH, MAX_NOTE_LENGTH = 300, 5_000


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
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """The answer at one time."""

    number: int
    created: datetime
    corpus_version: int
    results: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class MatchList:
    """A kept match list with one of its versions."""

    id: str
    name: str
    note: str
    initiative_id: str | None
    account_id: int | None
    owner: str
    question: Question
    created: datetime
    version: Version
    versions: tuple[tuple[int, datetime], ...]
    """Number and time of all versions, the newest first."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By organisation id; those that nobody wrote about are as proposed."""

    def entry(self, organisation_id: str) -> Entry:
        """Return what is known of one match."""
        return self.entries.get(organisation_id, Entry())

    def may_be_deleted_by(self, account: Account) -> bool:
        """Its owner may, and an administrator."""
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


def keep(
    store: Store,
    recommender: Recommender,
    question: Question,
    name: str,
    account: Account,
    initiative_id: str | None = None,
) -> str:
    """Ask a question and keep its answer as a new list; return the id.

    Raises QuestionError where the question names organisations that aren't there.
    """
    question = replace(question, limit=min(question.limit, MAX_RESULTS), offset=0)
    answer = recommender.recommend(question)
    now = datetime.now(UTC)
    with store.keeping() as session:
        row = MatchListRow(
            id=secrets.token_hex(8),
            name=" ".join(name.split())[:MAX_NAME_LENGTH] or "–",
            note="",
            initiative_id=initiative_id,
            account_id=account.id,
            question=serialise(question),
            created=now,
            changed=now,
        )
        session.add(row)
        session.flush()
        _add_version(session, row.id, 1, answer, now)
        audit.record(session, account.actor, "list.created", f"list:{row.id}")
        return row.id


def renew(store: Store, recommender: Recommender, found: MatchList, account: Account) -> bool:
    """Ask the list's question again; whether the answer differs, so that there is a new version.

    Raises QuestionError where a member of the question is gone.
    """
    answer = recommender.recommend(found.question)
    with store.keeping() as session:
        newest = session.scalars(
            select(MatchListVersionRow)
            .where(MatchListVersionRow.list_id == found.id)
            .order_by(MatchListVersionRow.number.desc())
        ).first()
        results = [kept(match) for match in answer["results"]]
        if newest is not None and newest.results == results:
            return False
        now = datetime.now(UTC)
        _add_version(session, found.id, newest.number + 1 if newest else 1, answer, now)
        _touch(session, found.id, now)
        audit.record(session, account.actor, "list.renewed", f"list:{found.id}")
        return True


def kept(match: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a list keeps of one match."""
    who = match["organisation"]
    return {
        "rank": match["rank"],
        "id": who["id"],
        "name": who["name"],
        "type": who["type"],
        "city": who["city"],
        "country": who["country"],
        "score": match["score"],
        "probability": match["probability"],
        "adds": match["coverage"]["adds"] if match["coverage"] else None,
        "reasons": [
            {
                "kind": reason["facet"]["kind"] if reason["facet"] else "named",
                "text": reason["facet"]["text"] if reason["facet"] else " ".join(reason["named"]),
                "language": reason["facet"]["language"] if reason["facet"] else None,
                "year": reason["facet"]["year"] if reason["facet"] else None,
                "need": reason["need"],
            }
            for reason in match["reasons"]
        ],
    }


def get(
    store: Store, list_id: str, account: Account | None, number: int | None = None
) -> MatchList | None:
    """Return a list as an account may see it, with one version (default: the newest); or None.

    With `account` None whoever asks has been let in by a share link.
    """
    with store.reading() as session:
        row = session.get(MatchListRow, list_id)
        if row is None or (account is not None and not _may_see(row, account)):
            return None
        versions = session.execute(
            select(MatchListVersionRow.number, MatchListVersionRow.created)
            .where(MatchListVersionRow.list_id == list_id)
            .order_by(MatchListVersionRow.number.desc())
        ).all()
        wanted = number if number is not None else versions[0].number
        if wanted not in {one.number for one in versions}:  # or larger than a database can be asked
            return None
        shown = session.get_one(MatchListVersionRow, (list_id, wanted))
        entries = select(MatchListEntryRow).where(MatchListEntryRow.list_id == list_id)
        return MatchList(
            id=row.id,
            name=row.name,
            note=row.note,
            initiative_id=row.initiative_id,
            account_id=row.account_id,
            owner=_names(session).get(row.account_id or 0, "–"),
            question=deserialise(row.question),
            created=row.created,
            version=Version(shown.number, shown.created, shown.corpus_version, shown.results),
            versions=tuple((one.number, one.created) for one in versions),
            entries={one.organisation_id: _entry(one) for one in session.scalars(entries)},
        )


def overview(store: Store, account: Account) -> list[Summary]:
    """Return the lists that an account may see, its own first, then by the last change."""
    with store.reading() as session:
        rows = [
            row
            for row in session.scalars(select(MatchListRow).order_by(MatchListRow.changed.desc()))
            if _may_see(row, account)
        ]
        counted = session.execute(
            select(MatchListEntryRow.list_id, MatchListEntryRow.status, func.count()).group_by(
                MatchListEntryRow.list_id, MatchListEntryRow.status
            )
        )
        statuses: dict[str, dict[EntryStatus, int]] = {}
        for list_id, status, count in counted:
            statuses.setdefault(list_id, {})[EntryStatus(status)] = count
        newest = {
            list_id: number
            for list_id, number in session.execute(
                select(MatchListVersionRow.list_id, func.max(MatchListVersionRow.number)).group_by(
                    MatchListVersionRow.list_id
                )
            )
        }
        names = _names(session)
    found = [
        Summary(
            row.id,
            row.name,
            names.get(row.account_id or 0, "–"),
            row.account_id == account.id,
            row.initiative_id,
            row.changed,
            newest.get(row.id, 0),
            statuses.get(row.id, {}),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.mine)


def write_entries(
    store: Store,
    found: MatchList,
    changed: Mapping[str, Entry],
    account: Account,
    was_seen: Callable[[str, Entry], bool],
) -> tuple[int, list[str]]:
    """Write what became of matches, but over nothing that the writer hasn't seen.

    `was_seen` tells of an organisation's id and what is stored of it whether that was seen. Returns
    how many were written, and the ids of those that weren't because it was not.
    """
    known = {one["id"] for one in found.version.results}
    now = datetime.now(UTC)
    written, left = 0, []
    with store.keeping() as session:
        _touch(session, found.id, MatchListRow.changed)  # makes writers wait for one another
        for organisation_id, entry in changed.items():
            if organisation_id not in known:
                continue
            old = session.get(MatchListEntryRow, (found.id, organisation_id))
            there = _entry(old) if old else Entry()
            note = entry.note.strip()[:MAX_NOTE_LENGTH]
            if replace(entry, note=note, changed=there.changed) == there:
                continue
            if not was_seen(organisation_id, there):
                left.append(organisation_id)
                continue
            row = old or MatchListEntryRow(list_id=found.id, organisation_id=organisation_id)
            row.status, row.note = entry.status.value, note
            row.account_id, row.changed = entry.account_id, now
            session.add(row)
            subject = f"list:{found.id}/{organisation_id}"
            audit.record(session, account.actor, "list.entry", subject, status=entry.status.value)
            written += 1
        if written:
            _touch(session, found.id, now)
    return written, left


def describe(store: Store, found: MatchList, name: str, note: str, account: Account) -> None:
    """Give a list another name and note."""
    with store.keeping() as session:
        row = session.get_one(MatchListRow, found.id)
        row.name = " ".join(name.split())[:MAX_NAME_LENGTH] or row.name
        row.note = note.strip()[:MAX_NOTE_LENGTH]
        row.changed = datetime.now(UTC)
        audit.record(session, account.actor, "list.changed", f"list:{found.id}")


def delete(store: Store, found: MatchList, account: Account) -> None:
    """Delete a list with its versions, entries and links."""
    with store.keeping() as session:
        session.delete(session.get_one(MatchListRow, found.id))
        audit.record(session, account.actor, "list.deleted", f"list:{found.id}")


def colleagues(store: Store) -> dict[int, str]:
    """Return who can follow up a match: the names of active accounts by id."""
    with store.reading() as session:
        rows = session.scalars(
            select(AccountRow).where(AccountRow.active).order_by(AccountRow.name)
        )
        return {row.id: row.name for row in rows}


@dataclass(frozen=True, slots=True)
class Difference:
    """How one match stands in two versions; None: it isn't there."""

    organisation_id: str
    name: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """`entered`, `left`, `up`, `down` or `same`."""
        if self.old is None:
            return "entered"
        if self.new is None:
            return "left"
        up = self.old["rank"] - self.new["rank"]
        return "up" if up > 0 else "down" if up < 0 else "same"


def compare(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return how two versions differ: the newer one in its order, then who left."""
    before = {one["id"]: one for one in old}
    after = {one["id"]: one for one in new}
    return [
        *(Difference(key, one["name"], before.get(key), one) for key, one in after.items()),
        *(
            Difference(key, one["name"], one, None)
            for key, one in before.items()
            if key not in after
        ),
    ]


def _add_version(
    session: Session, list_id: str, number: int, answer: Mapping[str, Any], now: datetime
) -> None:
    session.add(
        MatchListVersionRow(
            list_id=list_id,
            number=number,
            corpus_version=answer["corpus_version"],
            results=[kept(match) for match in answer["results"]],
            created=now,
        )
    )


def _entry(row: MatchListEntryRow) -> Entry:
    return Entry(EntryStatus(row.status), row.note, row.account_id, row.changed)


def _touch(
    session: Session, list_id: str, when: datetime | InstrumentedAttribute[datetime]
) -> None:
    session.execute(update(MatchListRow).where(MatchListRow.id == list_id).values(changed=when))


def _may_see(row: MatchListRow, account: Account) -> bool:
    return row.account_id == account.id or account.role.reaches(AccountRole.MANAGER)


def _names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.scalars(select(AccountRow))}
