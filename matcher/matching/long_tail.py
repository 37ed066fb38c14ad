"""Places of a long list that are kept for those with few past projects."""

from __future__ import annotations

import numpy as np

from matcher.arrays import Floats, Mask, Rows

FEW_PROJECTS = 2
"""With at most so many past projects an organisation is less known."""
FIRST = 50
"""The first places go by the score alone."""


def less_known(projects: Floats) -> Mask:
    """Return who (n,) has few past projects, or none; `projects` counts them."""
    little: Mask = projects <= FEW_PROJECTS
    return little


def with_places_kept(order: Rows, few: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and the rows that come earlier in it than by their score.

    Up to each place after the first FIRST, at least this share of the places since, rounded down,
    goes to those with few past projects (n,), the best first, while there are any. Whoever gives
    way comes later.
    """
    head, rest = order[:FIRST], order[FIRST:]
    new = few[rest]
    if share <= 0 or not new.any():
        return order, order[:0]
    count = np.arange(1, int(new.sum()) + 1)
    others_before = np.cumsum(~new)[new]
    others_allowed = np.ceil(np.round(count / share, 9)).astype(np.int64) - count
    moved = others_allowed < others_before
    places = count + np.minimum(others_before, others_allowed) - 1
    after = np.empty_like(rest)
    taken = np.zeros(len(rest), dtype=np.bool_)
    taken[places] = True
    after[taken], after[~taken] = rest[new], rest[~new]
    return np.concatenate([head, after]), rest[new][moved]
