"""Reciprocity: both sides gain, since the members meet what the organisation says it needs.

Range: 0 to 1, the harmonic mean of the needs it covers and of its own needs that members meet.
Source: reciprocal recommenders (Pizzato et al., 2010, RECON).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind
from matcher.matching.retrieve import Candidates
from matcher.needs.comparison import offer_probabilities, offers_of
from matcher.needs.coverage import harmonic_mean


@dataclass(frozen=True, slots=True, eq=False)
class MetNeeds:
    """The stored needs of organisations, and how well members' offers meet them."""

    need_rows: Rows
    """(j,) facets: the needs."""
    owners: Rows
    """(j,) the organisation that states each."""
    offer_rows: Rows
    """(j,) facets: the members' offer that meets each best."""
    probability: Floats
    """(j,) that it does."""


def met_needs(snapshot: Snapshot, rows: Rows, members: Rows) -> MetNeeds:
    """Return the needs that organisations state, and how well members meet them."""
    corpus = snapshot.corpus
    facets, places = corpus.facets_of(rows)
    asking = (corpus.of_kind(FacetKind.NEED) & unexpired(corpus))[facets]
    needs, owners = facets[asking], rows[places[asking]]
    offers = offers_of(corpus, members)
    if not len(needs) or not len(offers):
        nothing = np.empty(0, np.int64)
        return MetNeeds(nothing, nothing, nothing, np.empty(0))
    stages = [corpus.stages[row] for row in needs.tolist()]
    queries = snapshot.index.rows(corpus.facet_ids[needs])
    probabilities = offer_probabilities(snapshot, stages, queries, offers)
    best = probabilities.argmax(axis=1)
    return MetNeeds(needs, owners, offers[best], probabilities[np.arange(len(best)), best])


def reciprocity(candidates: Candidates, covered: Floats) -> Floats:
    """Return the reciprocity of each candidate (c,), given how far it covers the needs (c,)."""
    met = met_needs(candidates.snapshot, candidates.rows, candidates.understood.members)
    places = np.searchsorted(candidates.rows, met.owners)
    count = np.bincount(places, minlength=len(candidates.rows))
    total = np.bincount(places, met.probability, minlength=len(candidates.rows))
    return harmonic_mean(covered, total / np.maximum(count, 1))
