"""Affiliation: a name, town or rare country shared with the members, or with likely partners.

Range: 0 (nothing shared) to 1 (the same name and place). It is the cosine of rare words of names
and towns, and of countries, averaged over the partners. Source: institutional and geographic
proximity (Boschma, 2005, Proximity and innovation).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from matcher.arrays import Floats, Rows
from matcher.corpus.affiliation import affiliation_with
from matcher.matching.retrieve import Candidates
from matcher.parameters import MAX_LIKELY_PARTNERS, MENTIONED


def affiliation(candidates: Candidates, partners: Rows, shares: Floats | None) -> Floats:
    """Return how close candidates (c,) are to partners (k,), which count by shares (k,)."""
    corpus = candidates.snapshot.corpus
    return affiliation_with(corpus, candidates.rows, partners, shares)


def likely_partners(candidates: Candidates) -> tuple[Rows, Floats]:
    """Return who stands in for members where none are given (k,), and the share of each (k,).

    Those whom the text mentions, and those it makes likeliest to take part: by how much likelier
    than they are to take part in any project. The likeliest come first.
    """
    corpus, voted = candidates.snapshot.corpus, candidates.voted
    understood = candidates.understood
    surely = understood.mention_confidence >= MENTIONED
    mentioned = corpus.representatives(corpus.group[understood.mentioned[surely]])
    rows = np.union1d(voted.rows, mentioned)
    usual = corpus.experience_of(voted.rows) / max(corpus.evidence_count, 1)
    likely = np.zeros(len(rows))
    likely[np.searchsorted(rows, voted.rows)] = np.maximum(expit(voted.log_odds) - usual, 0.0)
    likely[np.argsort(-likely, kind="stable")[MAX_LIKELY_PARTNERS:]] = 0.0
    confidence = understood.mention_confidence[surely]
    np.maximum.at(likely, np.searchsorted(rows, mentioned), confidence)
    order = np.argsort(-likely, kind="stable")
    chosen = order[likely[order] > 0]
    return rows[chosen], likely[chosen] / (likely.sum() or 1.0)
