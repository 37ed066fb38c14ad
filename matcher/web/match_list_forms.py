"""What the forms of match lists send: the question of a new list, and rows that follow up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import json, request

from matcher.current import services
from matcher.domain import Question
from matcher.initiatives import actions as initiatives
from matcher.initiatives.actions import question_of
from matcher.match_lists.lists import Entry, EntryStatus
from matcher.matching.question import MAX_MATCHES, MAX_MEMBERS, MAX_NEEDS, deserialise
from matcher.web.initiative_forms import seen
from matcher.web.profile_forms import prose_of

MAX_QUESTION_LENGTH = 100_000
"""In characters of JSON."""
MAX_NEED_WEIGHT = 100.0
MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class SentEntries:
    """The rows of a form, by organisation id."""

    entries: Mapping[str, Entry]
    marks: Mapping[str, str]
    """The mark of the entry that the sender was shown."""


def sent_question(initiative_id: str | None) -> Question:
    """Return the question of the form, or that of an initiative where it sent none.

    Raises ValueError for a question that can't be read or isn't bounded, NoSuchInitiative.
    """
    sent = request.form.get("question", "")
    initiative = initiatives.required(services().store, initiative_id) if initiative_id else None
    if sent:
        if len(sent) > MAX_QUESTION_LENGTH:
            raise ValueError("too long")
        question = deserialise(json.loads(sent))
        if not _is_bounded(question):
            raise ValueError("out of bounds")
        return question
    if initiative is None:
        raise ValueError("neither a question nor an initiative")
    return question_of(initiative)


def _is_bounded(question: Question) -> bool:
    return (
        len(question.needs) <= MAX_NEEDS
        and len(question.members) <= MAX_MEMBERS
        and 0 < question.limit <= MAX_MATCHES
        and 0.0 <= question.complement <= 1.0
        and 0.0 <= question.similarity_penalty <= 1.0
        and 0.0 <= question.across_fields <= 1.0
        and all(0.0 < need.weight <= MAX_NEED_WEIGHT for need in question.needs)
    )


def sent_entries(people: Mapping[int, str]) -> SentEntries:
    """Read the rows of the form; `people` are the names of accounts that can follow up."""
    account_ids = {str(account_id): account_id for account_id in people}
    columns = [
        request.form.getlist(name)[:MAX_ROWS] for name in ("id", "status", "note", "assigned")
    ]
    entries = {
        organisation_id: Entry(EntryStatus(status), prose_of(note), account_ids.get(assigned))
        for organisation_id, status, note, assigned in zip(*columns, strict=False)
        if status in list(EntryStatus)
    }
    marks = dict(zip(columns[0], request.form.getlist("seen"), strict=False))
    return SentEntries(entries, {key: marks.get(key, "") for key in entries})


def entry_mark(entry: Entry, people: Mapping[int, str]) -> str:
    """Return the mark of an entry as the page shows it, where accounts that left aren't shown."""
    account_id = entry.account_id if entry.account_id in people else None
    return seen((entry.status.value, prose_of(entry.note), account_id))
