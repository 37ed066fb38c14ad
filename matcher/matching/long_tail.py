"""The long-tail quota: later places of a list that are kept for those with few past projects."""

from __future__ import annotations

import numpy as np

from matcher.arrays import Mask, Rows
from matcher.parameters import LONG_TAIL_FROM


def with_long_tail_quota(order: Rows, few: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and those that come earlier in it than by their score.

    `order` (k,) is a permutation of the places in `few` (n,), best first, or of some of them; `few`
    says who has few past projects. Up to each place after the first LONG_TAIL_FROM, at least this
    share of the places since, rounded down, goes to those, the best first, while there are any.
    Whoever gives way comes later.
    """
    head, rest = order[:LONG_TAIL_FROM], order[LONG_TAIL_FROM:]
    in_tail = few[rest]
    if share <= 0 or not in_tail.any():
        return order, order[:0]
    count = np.arange(1, int(in_tail.sum()) + 1)
    others_before = np.cumsum(~in_tail)[in_tail]
    others_allowed = np.ceil(np.round(count / share, 9)).astype(np.int64) - count
    moved = others_allowed < others_before
    places = count + np.minimum(others_before, others_allowed) - 1
    after = np.empty_like(rest)
    taken = np.zeros(len(rest), dtype=np.bool_)
    taken[places] = True
    after[taken], after[~taken] = rest[in_tail], rest[~in_tail]
    return np.concatenate([head, after]), rest[in_tail][moved]
