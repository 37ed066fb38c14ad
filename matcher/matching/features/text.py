"""Text relevance: how strongly the facets nearest to the text vote for an organisation.

Range: 0 (no vote) to 1 (the strongest votes in every view). Past projects add up, and count for
what votes were worth for this organisation before (vote calibration); of offers the best counts.
Source: votes of nearest neighbours as in expert finding (Balog et al., 2006, Formal models for
expert finding, model 2: documents vote for the people associated with them).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matcher.arrays import Floats
from matcher.matching.retrieve import Candidates
from matcher.matching.votes import organisation_votes
from matcher.models.weights import Weights


def text_relevance_by_view(candidates: Candidates) -> dict[str, Floats]:
    """Return the relevance (c,) of each view that voted."""
    relevance = {}
    for name, votes in candidates.by_view.items():
        found = organisation_votes(candidates.snapshot.corpus, votes)
        experience, best_offer = found.at(candidates.groups)
        relevance[name] = experience * candidates.vote_worth + best_offer
    return relevance


def mix_views(
    by_view: Mapping[str, Floats], view_coverage: Mapping[str, float], weights: Weights
) -> Floats:
    """Return the relevance (c,) of all views together.

    Each view counts by its weight and by how much of the text it understands.
    """
    shares = weights.view_shares(view_coverage, by_view)
    total = sum(shares.values()) or 1.0
    values = [share / total * by_view[name] for name, share in shares.items()]
    mixed: Floats = np.sum(values, axis=0)
    return mixed
