"""Advice to a company: what would bring it among the first partners of an initiative.

A counterfactual that is run, not guessed (Wachter, Mittelstadt & Russell, 2017): the statements are
added to a copy of the corpus, and the match list is asked anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from embeddings.language import detect_language
from embeddings.word_match import compared_words
from matcher.corpus.corpus import CorpusChange
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.records import FacetRecord
from matcher.corpus.snapshot import Snapshot
from matcher.deadline import Deadline, DeadlineExceeded
from matcher.domain import FacetKind, Need, Question
from matcher.initiatives.actions import question_of
from matcher.initiatives.context import InitiativeContext
from matcher.matching.answer import FitLabel
from matcher.matching.service import Recommender
from matcher.presenters import (
    InitiativeName,
    OrganisationName,
    organisation_name,
    probability_shown,
)

FIRST = 10
MAX_ADDED = 3
MAX_TRIED = 6
"""So many needs are tried as statements, those with most to gain first."""


class IsMember(ValueError):
    """The organisation is in the initiative already."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A statement to add, and the place in the list with it."""

    offer: Need
    rank: int | None


@dataclass(frozen=True, slots=True)
class NeedMet:
    """A need that an organisation meets already."""

    need: str
    probability: float
    fit: FitLabel
    """By that probability."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What would bring an organisation among the first partners."""

    initiative: InitiativeName
    organisation: OrganisationName
    corpus_version: int
    first: int
    rank: int | None
    """Its place in the match list now; null where it isn't in it."""
    add: tuple[Addition, ...]
    """Each comes on top of those before it."""
    rank_then: int | None
    reached: bool
    """Whether it would be among the first."""
    meets_now: tuple[NeedMet, ...]
    cached: bool = False
    cut_short: bool = False
    """Whether time ran out: then more additions might bring it further."""


def advice(
    recommender: Recommender, context: InitiativeContext, row: int, *, first: int = FIRST
) -> Advice:
    """Say what an organisation would have to offer to be among the `first` of a match list.

    The fewest statements are looked for, each what one need asks for, added one by one, always the
    one that brings it furthest; where time runs out, those that were found. Raises IsMember, and
    DeadlineExceeded where not even the present place is known in time.
    """
    snapshot = context.snapshot
    if row in set(context.members.tolist()):
        raise IsMember(snapshot.corpus.ids[row])
    question = question_of(context.initiative)
    before = _rank(recommender, snapshot, question, row, context.deadline)
    additions, cut_short = _additions(recommender, context, row, before, first)
    rank = additions[-1].rank if additions else before
    return Advice(
        initiative=context.name,
        organisation=organisation_name(snapshot.corpus, row),
        corpus_version=snapshot.version,
        first=first,
        rank=before,
        add=tuple(additions),
        rank_then=rank,
        reached=rank is not None and rank <= first,
        meets_now=_meets_now(context, row),
        cut_short=cut_short,
    )


def _additions(
    recommender: Recommender, context: InitiativeContext, row: int, rank: int | None, first: int
) -> tuple[list[Addition], bool]:
    """Return the statements that bring an organisation of this rank among the first, or nearest.

    The flag says that time ran out before all were tried.
    """
    snapshot, question = context.snapshot, question_of(context.initiative)
    additions: list[Addition] = []
    candidates = _candidates(context, row)
    while (rank is None or rank > first) and len(additions) < MAX_ADDED and candidates:
        added = [addition.offer for addition in additions]
        try:
            ranks = [
                _rank(
                    recommender,
                    with_offers(snapshot, row, [*added, need]),
                    question,
                    row,
                    context.deadline,
                )
                for need in candidates
            ]
        except DeadlineExceeded:
            return additions, True
        best = min(range(len(ranks)), key=lambda index: (_or_last(ranks[index]), index))
        if _or_last(ranks[best]) >= _or_last(rank):
            break
        rank = ranks[best]
        additions.append(Addition(candidates.pop(best), rank))
    return additions, False


def _or_last(rank: int | None) -> float:
    """Return a rank to compare by: no place in the list is behind every place."""
    return inf if rank is None else rank


def _candidates(context: InitiativeContext, row: int) -> list[Need]:
    """Return the needs with most to gain from an offer of this organisation."""
    coverage = context.coverage
    missing = coverage.weights * (1.0 - coverage.of(context.members))
    order = np.lexsort((np.arange(len(missing)), -missing))
    return [coverage.needs[index] for index in order[:MAX_TRIED]]


def _rank(
    recommender: Recommender, snapshot: Snapshot, question: Question, row: int, deadline: Deadline
) -> int | None:
    places = np.flatnonzero(recommender.ranked_rows(snapshot, question, deadline) == row)
    return int(places[0]) + 1 if len(places) else None


def with_offers(snapshot: Snapshot, row: int, offers: Sequence[Need]) -> Snapshot:
    """Return a copy of the corpus in which an organisation has these offers too."""
    corpus = snapshot.corpus
    next_id = int(corpus.facet_ids.whole().max(initial=0)) + 1
    numbers = np.arange(next_id, next_id + len(offers), dtype=np.int64)
    index = snapshot.index.copy()
    index.add(numbers, snapshot.generation.encoder.encode([offer.text for offer in offers]))
    key = int(corpus.keys[row])
    facets = [
        FacetRecord(
            number,
            FacetKind.OFFER,
            None,
            offer.stage,
            None,
            (),
            (key,),
            language=detect_language(offer.text),
            words=tuple(compared_words(offer.text)),
        )
        for number, offer in zip(numbers.tolist(), offers, strict=True)
    ]
    changed = corpus.changed(snapshot.version, CorpusChange(facets=facets))
    profiles = snapshot.profiles.copy()
    own = changed.facets_owned([row])
    vectors = index.rows(changed.facet_ids[own])
    views = snapshot.generation.encoder.views
    profiles.add(np.array([key]), profiles_of(changed, np.array([row]), vectors, own, views))
    return replace(snapshot, index=index, profiles=profiles, corpus=changed)


def _meets_now(context: InitiativeContext, row: int) -> tuple[NeedMet, ...]:
    probabilities = context.coverage.meets[:, row].tolist()
    return tuple(
        NeedMet(need.text, probability_shown(probability), FitLabel.of(probability))
        for need, probability in zip(context.needed.needs, probabilities, strict=True)
        if FitLabel.of(probability) is not FitLabel.WEAK
    )
