"""A question: what may be asked, whether it can be answered, and how it is stored."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from matcher.corpus.corpus import Corpus
from matcher.deadline import Deadline
from matcher.domain import Need, Question
from matcher.messages import say
from matcher.store import Store
from matcher.store.aliases import kept_ids

MAX_TEXT_LENGTH = 20_000
MAX_NEEDS = 50
MAX_MEMBERS = 500
"""Bounds of fields, whatever the settings; the limits of a question are `QuestionLimits`."""
MAX_MATCHES = 200
LIGHT_CHARACTERS = 2_000
LIGHT_NEEDS = 10
"""Up to there a question takes some .25 CPU seconds; measured on the demo data."""

_QUESTION = TypeAdapter(Question)


@dataclass(frozen=True, slots=True)
class QuestionLimits:
    """How large a question, or an initiative, may be, and how long its answer may take."""

    characters: int = 10_000
    """Of the text, or the brief, and all needs together."""
    needs: int = MAX_NEEDS
    members: int = MAX_MEMBERS
    seconds: float = 15.0

    def deadline(self) -> Deadline:
        """Return by when a question that is asked now must be answered."""
        return Deadline.after(self.seconds)


DEFAULT_LIMITS = QuestionLimits()


class QuestionError(ValueError):
    """A question that can't be answered as it stands; `field` is what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class QuestionTooLarge(QuestionError):
    """A question, or an initiative, that is larger than `QuestionLimits`."""


def check_size(
    text: str,
    needs: Sequence[Need],
    members: Sized,
    limits: QuestionLimits,
    text_field: str = "text",
) -> None:
    """Raise QuestionTooLarge where a question, or an initiative, is larger than it may be.

    `text_field` is what its text is called.
    """
    characters = len(text) + sum(len(need.text) for need in needs)
    if characters > limits.characters:
        in_needs = len(text) <= limits.characters // 2
        raise QuestionTooLarge(
            "needs" if in_needs else text_field,
            say(
                "The texts have %(count)s characters together; at most %(limit)s can be read. "
                "Shorten them to what partners need to know.",
                count=characters,
                limit=limits.characters,
            ),
        )
    if len(needs) > limits.needs:
        raise QuestionTooLarge(
            "needs",
            say(
                "There are %(count)s needs; at most %(limit)s can be answered at once. Leave out "
                "the less important ones, or join those that belong together.",
                count=len(needs),
                limit=limits.needs,
            ),
        )
    if len(members) > limits.members:
        raise QuestionTooLarge(
            "members",
            say(
                "There are %(count)s members; at most %(limit)s can be taken into account. Leave "
                "out those that matter least.",
                count=len(members),
                limit=limits.members,
            ),
        )


def validate(
    store: Store, corpus: Corpus, question: Question, limits: QuestionLimits = DEFAULT_LIMITS
) -> Question:
    """Return the question with the present ids of the organisations in it.

    Raises QuestionError where nothing is asked, where it is too large, and for an id that isn't
    known.
    """
    check_size(question.text, question.needs, question.members, limits)
    if not question.text.strip() and not question.needs and not question.members:
        raise QuestionError("text", say("Say what you look for: give text, needs or members."))
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
        raise QuestionError(field, say("No organisation has the id %(id)s.", id=repr(unknown[0])))
    return found


def serialise(question: Question) -> dict[str, Any]:
    """Return a question as JSON values, to be stored and asked again."""
    body: dict[str, Any] = _QUESTION.dump_python(question, mode="json")
    return body


def deserialise(stored: object) -> Question:
    """Return the question that `serialise` wrote. Raises ValueError for anything else."""
    return _QUESTION.validate_python(stored)
