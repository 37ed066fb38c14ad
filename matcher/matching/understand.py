"""First stage, understand: the text and the needs of a question as vectors, and who it mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.port import Encoder, vocabulary_coverage
from matcher.arrays import Floats, Rows
from matcher.corpus.mentions import Mentions, mentions_in
from matcher.corpus.snapshot import Snapshot
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.domain import Need, Question
from matcher.matching.answer import NoticeCode
from matcher.matching.ruled_out import organisations_ruled_out
from matcher.matching.suggest import with_text_filters
from matcher.models.need_offer import Statements, statements_of
from matcher.needs.extraction import (
    exclusions_of,
    strip_courtesies,
    without_closing,
    without_exclusions,
)
from matcher.needs.resolve import ResolvedNeeds, Source, find_needs
from matcher.needs.wishes import is_filter
from matcher.store import Store


class NothingToRecommend(Exception):
    """A question whose answer is an empty list; the notice `code` says why."""

    def __init__(self, code: NoticeCode) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, eq=False)
class TextMentions:
    """Organisations that a text mentions."""

    need: str | None
    """The need whose text it is; None for the text of the question."""
    found: Mentions


@dataclass(frozen=True, slots=True, eq=False)
class UnderstoodQuestion:
    """What a question asks for."""

    snapshot: Snapshot
    question: Question
    text: str
    """The text without what it leaves out."""
    vector: NDArray[np.float32]
    """(dim,) of what the text asks; zeros where the encoder knows nothing of it."""
    view_coverage: Mapping[str, float]
    """The share of the text that each view of the encoder understands, 0 to 1."""
    needs: ResolvedNeeds | None
    """What is needed; where the question is a text alone None, or what was read from it."""
    scores_needs: bool
    """Whether needs count; of a question that is a text alone, the text as a whole does."""
    members: Rows
    """The members with their name variants, ascending."""
    mentions: tuple[TextMentions, ...]
    """Whom the text mentions, and each stated need."""
    mentioned: Rows
    """Organisations that any of those mentions, ascending."""
    mention_confidence: Floats
    """How surely, above 0 to 1, each of those."""
    asked: Statements
    """The text, where there is one, and each need, as they are compared with facets."""
    unwanted: ResolvedNeeds | None = None
    """What isn't wanted, as it is compared with offers; None where nothing is left out."""
    wanted: ResolvedNeeds | None = None
    """The text and the needs together, to be compared with that; None where nothing is."""
    deadline: Deadline = NO_DEADLINE
    """By when it must be answered."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Passages of the text that say what isn't wanted."""
        return left_out_of(self.question)

    @property
    def written_out(self) -> Rows:
        """Organisations (k,) whose name is written out, in the order in which the texts do so."""
        found = [one.found for one in self.mentions]
        by_place = [
            mentions.rows[mentions.written_out][
                np.argsort(mentions.places[mentions.written_out], kind="stable")
            ]
            for mentions in found
        ]
        return np.concatenate([np.empty(0, np.int64), *by_place])

    @property
    def text_is_known(self) -> bool:
        """Whether the encoder knows anything of the text."""
        return bool(self.vector.any())


def understand(
    snapshot: Snapshot,
    store: Store,
    question: Question,
    *,
    deadline: Deadline = NO_DEADLINE,
) -> UnderstoodQuestion:
    """Read a question once, and encode all its texts in one batch.

    Needs are read from a text alone, too: offers are compared with them, and they are shown. Raises
    NothingToRecommend where nobody is stored or nothing of the question is known.
    """
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    if not corpus.organisation_count:
        raise NothingToRecommend("nobody_yet")
    question = with_text_filters(question)
    exclusions = exclusions_of(question.text.strip())
    text = without_exclusions(question.text.strip())
    ruled_out = organisations_ruled_out(corpus, question.text)
    exclude = (*question.exclude, *(corpus.ids[row] for row in ruled_out.tolist()))
    question = replace(question, exclude=exclude)
    members = corpus.with_variants(corpus.rows(question.members))
    found = find_needs(snapshot, store, question.needs, question.text, members)
    texts = [strip_courtesies(text), *(need.text for need in found[0])]
    subjects = [
        clause.subject
        for exclusion in exclusions
        for clause in exclusion.clauses
        if clause.subject and not is_filter(clause.text)  # places and types are filters
    ]
    vectors = encoder.encode([*texts, *subjects])
    vectors, unwanted = vectors[: len(texts)], vectors[len(texts) :]
    needs = ResolvedNeeds(*found, vectors[1:])
    mentions = _mentions(snapshot, without_closing(text), needs, ruled_out)
    mentioned, confidence = surest_mentions(mentions)
    if not (len(members) or vectors.any() or len(mentioned)):
        raise NothingToRecommend("nothing_usable")
    return UnderstoodQuestion(
        snapshot=snapshot,
        question=question,
        text=text,
        vector=vectors[0],
        view_coverage=view_coverage_of(encoder, vectors[:1]),
        needs=needs,
        scores_needs=bool(question.needs or len(members)),
        members=members,
        mentions=mentions,
        mentioned=mentioned,
        mention_confidence=confidence,
        unwanted=_guessed(subjects, unwanted) if subjects else None,
        wanted=_guessed(texts, vectors) if subjects else None,
        asked=_asked(texts, vectors, needs),
        deadline=deadline,
    )


def _guessed(texts: Sequence[str], vectors: NDArray[np.float32]) -> ResolvedNeeds:
    return ResolvedNeeds(tuple(Need(text) for text in texts), Source.BRIEF, vectors)


def _asked(
    texts: Sequence[str], vectors: NDArray[np.float32], needs: ResolvedNeeds | None
) -> Statements:
    """Return the text of a question, the first of `texts`, and its needs as they are compared."""
    stages = [None, *(need.stage for need in (needs.needs if needs else ()))]
    first = 0 if texts[0] else 1
    return statements_of(texts[first:], vectors[first:], stages[first:])


def left_out_of(question: Question) -> tuple[str, ...]:
    """Return the passages of a question's text that say what isn't wanted."""
    return tuple(exclusion.text for exclusion in exclusions_of(question.text.strip()))


def view_coverage_of(encoder: Encoder, vector: NDArray[np.float32]) -> dict[str, float]:
    """Return the share of a text, `vector` (1, dim), that each view understands, 0 to 1."""
    return {
        view.name: float(vocabulary_coverage(encoder, vector, view)[0]) for view in encoder.views
    }


def _mentions(
    snapshot: Snapshot, text: str, needs: ResolvedNeeds | None, ruled_out: Rows
) -> tuple[TextMentions, ...]:
    """Return whom the text and each stated need mentions, but for organisations ruled out."""
    stated = needs.needs if needs is not None and needs.source is Source.STATED else ()
    texts = [(None, text), *((need.text, need.text) for need in stated)]
    return tuple(
        TextMentions(need, mentions_in(snapshot.corpus, words).without(ruled_out))
        for need, words in texts
    )


def surest_mentions(mentions: Sequence[TextMentions]) -> tuple[Rows, Floats]:
    """Return who is mentioned (k,), ascending, and how surely: the surest text counts."""
    rows, places = np.unique(
        np.concatenate([one.found.rows for one in mentions]), return_inverse=True
    )
    confidence = np.zeros(len(rows))
    np.maximum.at(confidence, places, np.concatenate([one.found.confidence for one in mentions]))
    return rows, confidence
