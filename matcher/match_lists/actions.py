"""What people do with match lists: save, ask again, follow up matches, describe, delete."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from matcher import audit
from matcher.accounts.accounts import Account
from matcher.deadline import DeadlineExceeded
from matcher.domain import Question
from matcher.match_lists.lists import Entry, MatchList, entry_from_row
from matcher.match_lists.matches import (
    ListedMatch,
    matches_from_json,
    matches_of_answer,
    matches_to_json,
)
from matcher.matching.answer import Answer
from matcher.matching.question import serialise
from matcher.matching.service import Recommender
from matcher.store import Store
from matcher.store.account_tables import MatchListEntryRow, MatchListRow, MatchListVersionRow

MAX_MATCHES = 100
"""As many as the longest page shows."""
MAX_NAME_LENGTH, MAX_NOTE_LENGTH = 300, 5_000
UNNAMED = "–"


@dataclass(frozen=True, slots=True)
class WrittenEntries:
    """What came of writing entries."""

    written: int
    refused: tuple[str, ...]
    """Ids of organisations whose stored entry the writer hadn't seen."""


def save(
    store: Store,
    recommender: Recommender,
    question: Question,
    *,
    name: str,
    actor: Account,
    initiative_id: str | None = None,
) -> str:
    """Ask a question and store its answer as a new list of the actor's; return the id.

    Raises QuestionError where the question names organisations that aren't there, or is too large,
    and DeadlineExceeded where there isn't time for the whole answer.
    """
    question = replace(question, limit=min(question.limit, MAX_MATCHES), offset=0)
    answer = _whole_answer(recommender, question)
    now = datetime.now(UTC)
    with store.keeping() as session:
        row = MatchListRow(
            id=secrets.token_hex(8),
            name=" ".join(name.split())[:MAX_NAME_LENGTH] or UNNAMED,
            note="",
            initiative_id=initiative_id,
            account_id=actor.id,
            question=serialise(question),
            created=now,
            changed=now,
        )
        session.add(row)
        session.flush()
        matches = matches_of_answer(answer)
        _add_version(session, row.id, 1, answer.corpus_version, matches, now)
        audit.record(session, actor.actor, "list.created", f"list:{row.id}")
        return row.id


def _whole_answer(recommender: Recommender, question: Question) -> Answer:
    """Answer a question; what was cut short isn't kept."""
    answer = recommender.recommend(question)
    if answer.cut_short:
        raise DeadlineExceeded
    return answer


def renew(store: Store, recommender: Recommender, match_list: MatchList, *, actor: Account) -> bool:
    """Ask a list's question again; return whether the answer differs and is a new version.

    Raises QuestionError where a member of the question is gone, or it is too large, and
    DeadlineExceeded where there isn't time for the whole answer.
    """
    answer = _whole_answer(recommender, match_list.question)
    matches = matches_of_answer(answer)
    with store.keeping() as session:
        newest = session.scalars(
            select(MatchListVersionRow)
            .where(MatchListVersionRow.list_id == match_list.id)
            .order_by(MatchListVersionRow.number.desc())
        ).first()
        if newest is not None and matches_from_json(newest.results) == matches:
            return False
        now = datetime.now(UTC)
        number = newest.number + 1 if newest else 1
        _add_version(session, match_list.id, number, answer.corpus_version, matches, now)
        _set_changed(session, match_list.id, now)
        audit.record(session, actor.actor, "list.renewed", f"list:{match_list.id}")
        return True


def write_entries(
    store: Store,
    match_list: MatchList,
    changes: Mapping[str, Entry],
    *,
    actor: Account,
    was_seen: Callable[[str, Entry], bool],
) -> WrittenEntries:
    """Write what became of matches, but over nothing that the writer hasn't seen.

    `changes` are by organisation id. `was_seen` says of an organisation's id and its stored entry
    whether the writer has seen that entry.
    """
    listed = {match.id for match in match_list.version.matches}
    now = datetime.now(UTC)
    written, refused = 0, []
    with store.keeping() as session:
        # Writing the row locks it, so that two writers come one after the other.
        _set_changed(session, match_list.id, MatchListRow.changed)
        for organisation_id, change in changes.items():
            if organisation_id not in listed:
                continue
            row = session.get(MatchListEntryRow, (match_list.id, organisation_id))
            stored = entry_from_row(row) if row else Entry()
            entry = replace(
                change, note=change.note.strip()[:MAX_NOTE_LENGTH], changed=stored.changed
            )
            if entry == stored:
                continue
            if not was_seen(organisation_id, stored):
                refused.append(organisation_id)
                continue
            row = row or MatchListEntryRow(list_id=match_list.id, organisation_id=organisation_id)
            row.status, row.note = entry.status.value, entry.note
            row.account_id, row.changed = entry.account_id, now
            session.add(row)
            subject = f"list:{match_list.id}/{organisation_id}"
            audit.record(session, actor.actor, "list.entry", subject, status=entry.status.value)
            written += 1
        if written:
            _set_changed(session, match_list.id, now)
    return WrittenEntries(written, tuple(refused))


def describe(store: Store, match_list: MatchList, *, name: str, note: str, actor: Account) -> None:
    """Give a list another name and note; a blank name leaves the old one."""
    with store.keeping() as session:
        row = session.get_one(MatchListRow, match_list.id)
        row.name = " ".join(name.split())[:MAX_NAME_LENGTH] or row.name
        row.note = note.strip()[:MAX_NOTE_LENGTH]
        row.changed = datetime.now(UTC)
        audit.record(session, actor.actor, "list.changed", f"list:{match_list.id}")


def delete(store: Store, match_list: MatchList, *, actor: Account) -> None:
    """Delete a list with its versions, entries and links."""
    with store.keeping() as session:
        session.delete(session.get_one(MatchListRow, match_list.id))
        audit.record(session, actor.actor, "list.deleted", f"list:{match_list.id}")


def _add_version(
    session: Session,
    list_id: str,
    number: int,
    corpus_version: int,
    matches: Sequence[ListedMatch],
    now: datetime,
) -> None:
    session.add(
        MatchListVersionRow(
            list_id=list_id,
            number=number,
            corpus_version=corpus_version,
            results=matches_to_json(matches),
            created=now,
        )
    )


def _set_changed(
    session: Session, list_id: str, when: datetime | InstrumentedAttribute[datetime]
) -> None:
    session.execute(update(MatchListRow).where(MatchListRow.id == list_id).values(changed=when))
