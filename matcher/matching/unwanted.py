"""What isn't wanted counts against those who do that rather than what is asked."""

from __future__ import annotations

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.matching.retrieve import Candidates
from matcher.needs.comparison import candidate_coverage, nearest_facets, offers_of
from matcher.needs.resolve import ResolvedNeeds
from matcher.parameters import POSSIBLE_FIT

_NOBODY = np.empty(0, np.int64)


def unwanted_share(candidates: Candidates) -> Floats:
    """Return (c,) by how much each does what isn't wanted rather than what is asked, 0 to 1.

    With p and q the probabilities that its best facet does the one and the other, it is
    max(1 - q / p, 0): 0 for whoever does what is asked at least as surely, and for whoever hardly
    does what isn't wanted (p below POSSIBLE_FIT).
    """
    share = np.zeros(len(candidates.rows))
    understood = candidates.understood
    unwanted, wanted = understood.unwanted, understood.wanted
    if unwanted is None or wanted is None or not len(candidates.rows):
        return share
    filters = understood.question.filters
    near = nearest_facets(candidates.snapshot, unwanted.vectors, filters)
    probability = _best(candidates, unwanted, near, candidates.rows)
    places = np.flatnonzero(probability >= POSSIBLE_FIT)
    if len(places):
        rows = candidates.rows[places]
        corpus = candidates.snapshot.corpus
        facets = offers_of(corpus, corpus.with_variants(rows))
        asked = _best(candidates, wanted, facets, rows)
        share[places] = np.maximum(1.0 - asked / probability[places], 0.0)
    return share


def _best(candidates: Candidates, texts: ResolvedNeeds, facets: Rows, rows: Rows) -> Floats:
    """Return (r,) the probability that organisations do any of some texts, by their best facet."""
    understood = candidates.understood
    coverage = candidate_coverage(
        understood.snapshot, texts, facets, rows, _NOBODY, understood.deadline
    )
    best: Floats = coverage.meets[:, coverage.places_of(rows)].max(axis=0)
    return best
