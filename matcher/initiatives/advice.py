"""Advice to a company: what would bring it among the first partners of an initiative.

A counterfactual that is run, not guessed (Wachter, Mittelstadt & Russell, 2017): the statements are
added to a copy of the corpus, and the match list is asked anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from matcher.corpus.columns import Corpus, FacetRecord
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Need, Question
from matcher.initiatives.actions import question_of
from matcher.initiatives.context import PERHAPS, InitiativeContext, status_of
from matcher.matching.service import Recommender, Stopwatch
from matcher.presenters import name_json, need_json

FIRST = 10
MAX_ADDED = 3
MAX_TRIED = 6
"""So many needs are tried as statements, those with most to gain first."""


class IsMember(ValueError):
    """The organisation is in the initiative already."""


def advice(
    recommender: Recommender, context: InitiativeContext, row: int, *, first: int = FIRST
) -> dict[str, Any]:
    """Say what an organisation would have to offer to be among the `first` of a match list.

    The fewest statements are looked for, each what one need asks for, added one by one, always the
    one that brings it furthest. Raises IsMember.
    """
    snapshot = context.snapshot
    if row in set(context.members.tolist()):
        raise IsMember(snapshot.corpus.organisations[row].id)
    asked = question_of(context.initiative)
    before = _rank(recommender, snapshot, asked, row)
    steps: list[dict[str, Any]] = []
    added: list[Need] = []
    rank = before
    tried = _candidates(context, row)
    while (rank is None or rank > first) and len(added) < MAX_ADDED and tried:
        ranks = {
            place: _rank(recommender, with_offers(snapshot, row, [*added, need]), asked, row)
            for place, need in enumerate(tried)
        }
        best = min(ranks, key=lambda place: (ranks[place] or 1_000_000, place))
        if (ranks[best] or 1_000_000) >= (rank or 1_000_000):
            break
        rank = ranks[best]
        need = tried.pop(best)
        added.append(need)
        steps.append({"offer": need_json(need), "rank": rank})
    return {
        "initiative": {"id": context.initiative.id, "name": context.initiative.name},
        "organisation": name_json(snapshot.corpus, row),
        "corpus_version": snapshot.version,
        "first": first,
        "rank": before,
        "add": steps,
        "rank_then": rank,
        "reached": rank is not None and rank <= first,
        "meets_now": _meets_now(context, row),
    }


def _candidates(context: InitiativeContext, row: int) -> list[Need]:
    """Return the needs with most to gain from an offer of this organisation."""
    coverage = context.coverage
    missing = coverage.weights * (1.0 - coverage.of(context.members))
    order = np.lexsort((np.arange(len(missing)), -missing))
    return [coverage.needs[at] for at in order[:MAX_TRIED]]


def _rank(recommender: Recommender, snapshot: Snapshot, question: Question, row: int) -> int | None:
    found = recommender.consider(snapshot, question, Stopwatch())
    if isinstance(found, str):
        return None
    places = np.flatnonzero(found.order == row)
    return int(places[0]) + 1 if len(places) else None


def with_offers(snapshot: Snapshot, row: int, offers: Sequence[Need]) -> Snapshot:
    """Return a copy of the corpus in which an organisation has these offers too."""
    corpus = snapshot.corpus
    next_id = int(corpus.facet_ids.max(initial=0)) + 1
    numbers = np.arange(next_id, next_id + len(offers), dtype=np.int64)
    index = snapshot.index.copy()
    index.add(numbers, snapshot.generation.encoder.encode([offer.text for offer in offers]))
    key = corpus.organisations[row].key
    facets = dict(snapshot.facets)
    for number, offer in zip(numbers.tolist(), offers, strict=True):
        facets[number] = FacetRecord(number, FacetKind.OFFER, None, offer.stage, None, (), (key,))
    variants = snapshot.generation.findings.get("variants", ())
    changed = Corpus(snapshot.version, snapshot.organisations, facets, corpus, variants)
    profiles = snapshot.profiles.copy()
    own = changed.facets_owned([row])
    vectors = index.rows(changed.facet_ids[own])
    views = snapshot.generation.encoder.views
    profiles.add(np.array([key]), profiles_of(changed, [row], vectors, own, views))
    return replace(snapshot, index=index, profiles=profiles, corpus=changed, facets=facets, kept={})


def _meets_now(context: InitiativeContext, row: int) -> list[dict[str, Any]]:
    probabilities = context.coverage.meets[:, row]
    return [
        {
            "need": need.text,
            "probability": round(float(probability), 3),
            "status": status_of(float(probability)),
        }
        for need, probability in zip(context.needed.needs, probabilities, strict=True)
        if probability >= PERHAPS
    ]
