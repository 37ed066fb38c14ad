"""Collaboration: how closely an organisation worked with known partners in past projects.

Known partners are the members; where none are given, the organisations that the text mentions.
Range: 0 (never) to 1, reaching 1/2 at HALF_COLLABORATION. A past project of n participants counts
n ** -CROWDING for each pair of them, as in Newman, 2001 (Scientific collaboration networks II),
where the exponent is 1; a partner with many projects counts less for each, by their square root.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Rows, find_sorted, take_or_zero
from matcher.corpus.corpus import Corpus
from matcher.domain import FacetKind
from matcher.parameters import CROWDING, HALF_COLLABORATION


@dataclass(frozen=True, slots=True, eq=False)
class Collaboration:
    """Past projects with known partners, and how close they make other organisations."""

    partners: Rows
    """(k,) the known partners."""
    groups: Rows
    """(g,) organisations that worked with them, as groups of name variants, ascending."""
    strength: Floats
    """(g,) how closely, from 0 without limit."""
    facet_rows: Rows
    """(f,) the past projects, ascending."""
    facet_strength: Floats
    """(f,) what each past project gives to its participants."""

    def feature(self, groups: Rows) -> Floats:
        """Return the feature (c,) of some organisations, 0 to 1."""
        strength = take_or_zero(self.strength, find_sorted(groups, self.groups))
        feature: Floats = strength / (strength + HALF_COLLABORATION)
        return feature


def collaborations(corpus: Corpus, partners: Rows, shares: Floats, hidden: Rows) -> Collaboration:
    """Return the past projects of known partners (k,), each of which counts by its share (k,).

    Facets that are `hidden` don't count. The cost goes by the projects of the partners.
    """
    facets, owner = corpus.facets_of(partners)
    counted = corpus.of_kind(FacetKind.EVIDENCE, facets) & ~np.isin(facets, hidden)
    facets, owner = facets[counted], owner[counted]
    projects = np.bincount(owner, minlength=len(partners))
    pull = shares / np.sqrt(np.maximum(projects, 1))
    rows, places = np.unique(facets, return_inverse=True)
    pulled = np.bincount(places, pull[owner], minlength=len(rows))
    size = corpus.owners.sizes(rows)
    worth = 1.0 / np.maximum(size, 1) ** CROWDING
    participants, project = corpus.owners_of(rows)
    groups, at = np.unique(corpus.group[participants], return_inverse=True)
    # Nobody works with itself: its own pull is taken off what its projects give it.
    own = _own_pull(participants, partners, pull)
    given = worth[project] * (pulled[project] - own)
    strength = np.maximum(np.bincount(at, given, minlength=len(groups)), 0.0)
    with_somebody = strength > 0
    return Collaboration(
        partners, groups[with_somebody], strength[with_somebody], rows, pulled * worth
    )


def _own_pull(participants: Rows, partners: Rows, pull: Floats) -> Floats:
    """Return the pull of each participant (p,) itself: 0 for all but known partners (k,)."""
    order = np.argsort(partners, kind="stable")
    return take_or_zero(pull[order], find_sorted(participants, partners[order]))
