"""Fit: the probability that the best of what an organisation offers, or did, is what is asked.

Range: 0 to 1. It is the need-offer model asked of the facets near the question: each is compared
with the text as a whole and with each need, whether stated or read from the text; the best counts.
Source: the maximum over passages, as in Dai and Callan, 2019 (Deeper text understanding for IR).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Rows, find_sorted, take_or_zero
from matcher.matching.retrieve import Candidates
from matcher.needs.comparison import offer_probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How surely facets near the question are what is asked."""

    facet_rows: Rows
    """(m,) ascending."""
    by_ask: Floats
    """(k, m) for the text and each need, as in `UnderstoodQuestion.asked`."""
    best: Floats
    """(m,) the most that each facet has for any of them."""
    candidates: Floats
    """(c,) the best of each candidate's facets; 0 where none is near."""


def fit_of(candidates: Candidates) -> Fit:
    """Return how surely the facets near a question, and so its candidates, are what is asked."""
    understood, corpus = candidates.understood, candidates.snapshot.corpus
    near = [votes.facet_rows for votes in candidates.by_view.values()]
    facets = np.unique(np.concatenate([candidates.need_facets, *near]))
    guessed = understood.needs is None or understood.needs.guessed
    probabilities = offer_probabilities(
        candidates.snapshot, understood.asked, facets, guessed=guessed
    )
    best = probabilities.max(axis=0, initial=0.0)
    owners, places = corpus.owners_of(facets)
    groups, at = np.unique(corpus.group[owners], return_inverse=True)
    by_group = np.zeros(len(groups))
    np.maximum.at(by_group, at, best[places])
    found = take_or_zero(by_group, find_sorted(candidates.groups, groups))
    return Fit(facets, probabilities, best, found)
