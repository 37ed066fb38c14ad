"""A question: what may be asked, whether it can be answered, and how it is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from matcher.corpus.columns import Corpus
from matcher.domain import Question
from matcher.store import Store
from matcher.store.aliases import kept_ids

MAX_TEXT_LENGTH = 20_000
MAX_NEEDS = 50
MAX_MEMBERS = 500
MAX_MATCHES = 200
LIGHT_CHARACTERS = 2_000
LIGHT_NEEDS = 10
"""Up to there a question takes some .25 CPU seconds; measured on the demo data."""

_QUESTION = TypeAdapter(Question)


class QuestionError(ValueError):
    """A question that can't be answered as it stands; `field` is what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def validate(store: Store, corpus: Corpus, question: Question) -> Question:
    """Return the question with the present ids of the organisations in it.

    Raises QuestionError where nothing is asked, and for an id that isn't known.
    """
    if not question.text.strip() and not question.needs and not question.members:
        raise QuestionError("text", "Say what you look for: give text, needs or members.")
    return replace(
        question,
        members=present_ids(store, corpus, "members", question.members),
        exclude=present_ids(store, corpus, "exclude", question.exclude),
        unlike=present_ids(store, corpus, "unlike", question.unlike),
    )


def is_light(question: Question) -> bool:
    """Return whether a question is answered in no time, whatever else is under way."""
    characters = len(question.text) + sum(len(need.text) for need in question.needs)
    return characters <= LIGHT_CHARACTERS and len(question.needs) <= LIGHT_NEEDS


def present_ids(store: Store, corpus: Corpus, field: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of organisations, each once; of merged organisations those they lead to.

    Raises QuestionError, naming `field`, for the first that isn't known.
    """
    unknown = [one_id for one_id in ids if one_id not in corpus.row_of_id]
    if not unknown:
        return ids
    with store.reading() as session:
        kept = kept_ids(session, unknown)
    found = tuple(dict.fromkeys(kept.get(one_id, one_id) for one_id in ids))
    unknown = [one_id for one_id in found if one_id not in corpus.row_of_id]
    if unknown:
        raise QuestionError(field, f"No organisation has the id {unknown[0]!r}.")
    return found


def serialise(question: Question) -> dict[str, Any]:
    """Return a question as JSON values, to be stored and asked again."""
    body: dict[str, Any] = _QUESTION.dump_python(question, mode="json")
    return body


def deserialise(stored: object) -> Question:
    """Return the question that `serialise` wrote. Raises ValueError for anything else."""
    return _QUESTION.validate_python(stored)
