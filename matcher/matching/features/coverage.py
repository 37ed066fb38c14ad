"""Need coverage: how far an organisation meets the stated needs by its own offers and projects.

Range: 0 to 1, the mean over the needs, weighted by their importance, of the probability that its
best facet meets the need. Source: the need-offer model, a logistic curve over similarity and stage
(Platt, 1999).
"""

from __future__ import annotations

from matcher.arrays import Floats
from matcher.matching.retrieve import Candidates
from matcher.needs.coverage import Coverage


def need_coverage_feature(candidates: Candidates, coverage: Coverage) -> Floats:
    """Return how far each candidate (c,) covers what is needed."""
    covered: Floats = coverage.single()[coverage.places_of(candidates.rows)]
    return covered
