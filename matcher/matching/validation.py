"""Whether a question can be answered, and the organisations it names by their ids of today."""

from __future__ import annotations

from dataclasses import replace

from matcher.corpus.columns import Corpus
from matcher.domain import Question
from matcher.store import Store
from matcher.store.aliases import kept_ids


class QuestionError(ValueError):
    """A question that can't be answered as it stands; `field` is what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def checked(store: Store, corpus: Corpus, question: Question) -> Question:
    """Return the question by the ids of today.

    Raises QuestionError when nothing is asked or an id isn't known.
    """
    if not question.text.strip() and not question.needs and not question.members:
        raise QuestionError("text", "Say what you look for: give text, needs or members.")
    return replace(
        question,
        members=ids_of_today(store, corpus, "members", question.members),
        exclude=ids_of_today(store, corpus, "exclude", question.exclude),
        unlike=ids_of_today(store, corpus, "unlike", question.unlike),
    )


def ids_of_today(store: Store, corpus: Corpus, field: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids, of organisations that were merged those of the kept ones.

    Raises QuestionError for the first that isn't known.
    """
    unknown = [one for one in ids if one not in corpus.row_of_id]
    if not unknown:
        return ids
    with store.reading() as session:
        kept = kept_ids(session, unknown)
    found = tuple(dict.fromkeys(kept.get(one, one) for one in ids))
    unknown = [one for one in found if one not in corpus.row_of_id]
    if unknown:
        raise QuestionError(field, f"No organisation has the id {unknown[0]!r}.")
    return found
