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
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.domain import FacetKind
from matcher.matching.retrieve import Candidates
from matcher.needs.comparison import facet_statements, offer_probabilities, offers_of
from matcher.needs.coverage import harmonic_mean

_PAIRS_AT_ONCE = 2_000_000
"""Pairs of a need and an offer that are compared at once, in some 100 MB; the deadline is looked at
in between."""


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


def met_needs(
    snapshot: Snapshot, rows: Rows, members: Rows, deadline: Deadline = NO_DEADLINE
) -> MetNeeds:
    """Return the needs that organisations state, and how well members meet them.

    Raises DeadlineExceeded.
    """
    corpus = snapshot.corpus
    facets, places = corpus.facets_of(rows)
    asking = corpus.of_kind(FacetKind.NEED, facets) & unexpired(corpus, facets)
    needs, owners = facets[asking], rows[places[asking]]
    offers = offers_of(corpus, members)
    if not len(needs) or not len(offers):
        nothing = np.empty(0, np.int64)
        return MetNeeds(nothing, nothing, nothing, np.empty(0))
    best, probability = np.empty(len(needs), np.int64), np.empty(len(needs))
    step = max(_PAIRS_AT_ONCE // len(offers), 1)
    for start in range(0, len(needs), step):
        deadline.check()
        some = slice(start, start + step)
        asked = facet_statements(snapshot, needs[some])
        probabilities = offer_probabilities(snapshot, asked, offers)
        best[some] = probabilities.argmax(axis=1)
        probability[some] = probabilities.max(axis=1)
    return MetNeeds(needs, owners, offers[best], probability)


def reciprocity(candidates: Candidates, covered: Floats) -> Floats:
    """Return the reciprocity of each candidate (c,), given how far it covers the needs (c,)."""
    understood = candidates.understood
    met = met_needs(candidates.snapshot, candidates.rows, understood.members, understood.deadline)
    places = np.searchsorted(candidates.rows, met.owners)
    count = np.bincount(places, minlength=len(candidates.rows))
    total = np.bincount(places, met.probability, minlength=len(candidates.rows))
    return harmonic_mean(covered, total / np.maximum(count, 1))
