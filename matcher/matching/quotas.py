"""Places of a list that are kept: for those with few past projects, and for companies."""

from __future__ import annotations

import numpy as np

from matcher.arrays import Mask, Rows
from matcher.parameters import COMPANY_PLACES_UP_TO, LONG_TAIL_FROM


def with_long_tail_quota(order: Rows, few: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and those that come earlier in it than by their score.

    Up to each place after the first LONG_TAIL_FROM, at least this share of the places since goes to
    those with `few` (n,) past projects; see `_with_quota`.
    """
    after, moved = _with_quota(order[LONG_TAIL_FROM:], few, share)
    return np.concatenate([order[:LONG_TAIL_FROM], after]), moved


def with_company_places(order: Rows, companies: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and those that come earlier in it than by their score.

    Of the first COMPANY_PLACES_UP_TO places at least this share, rounded down, goes to `companies`
    (n,); the places after them go by score. A list that has the mix of what it is drawn from is
    called calibrated (Steck, 2018, Calibrated recommendations).
    """
    first = _with_quota(order, companies, share)[0][:COMPANY_PLACES_UP_TO]
    moved = first[~np.isin(first, order[:COMPANY_PLACES_UP_TO])]
    return np.concatenate([first, order[~np.isin(order, first)]]), moved


def _with_quota(order: Rows, chosen: Mask, share: float) -> tuple[Rows, Rows]:
    """Return the order, and those that come earlier in it than by their score.

    `order` (k,) is a permutation of the places in `chosen` (n,), best first, or of some of them. Up
    to each place at least this share of the places, rounded down, goes to the chosen, the best
    first, while there are any. Whoever gives way comes later.
    """
    among = chosen[order]
    if share <= 0 or not among.any():
        return order, order[:0]
    count = np.arange(1, int(among.sum()) + 1)
    others_before = np.cumsum(~among)[among]
    others_allowed = np.ceil(np.round(count / share, 9)).astype(np.int64) - count
    moved = others_allowed < others_before
    places = count + np.minimum(others_before, others_allowed) - 1
    after = np.empty_like(order)
    taken = np.zeros(len(order), dtype=np.bool_)
    taken[places] = True
    after[taken], after[~taken] = order[among], order[~among]
    return after, order[among][moved]
