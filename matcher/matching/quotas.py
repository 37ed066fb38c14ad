"""Places of a list that are kept: for those with few past projects, and for companies."""

from __future__ import annotations

import numpy as np

from matcher.arrays import Mask, Rows
from matcher.parameters import COMPANY_PLACES_UP_TO, LONG_TAIL_FROM


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


def with_company_places(order: Rows, companies: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and those that come earlier in it than by their score.

    Of the first COMPANY_PLACES_UP_TO places at least this share, rounded down, goes to `companies`
    (n,), the best of them; these places, and those after them, go by score. A list that has the mix
    of what it is drawn from is called calibrated (Steck, 2018, Calibrated recommendations).
    """
    kept = order[companies[order]][: int(share * COMPANY_PLACES_UP_TO)]
    others = order[~np.isin(order, kept)][: COMPANY_PLACES_UP_TO - len(kept)]
    is_first = np.isin(order, np.concatenate([kept, others]))
    first = order[is_first]
    moved = first[~np.isin(first, order[:COMPANY_PLACES_UP_TO])]
    return np.concatenate([first, order[~is_first]]), moved
