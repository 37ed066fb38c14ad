"""Names of array types that ranking hands around, and helpers for masks and look-ups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def mask_of(rows: Rows, count: int) -> Mask:
    """Return a mask (count,) that is true at `rows`."""
    mask = np.zeros(count, dtype=np.bool_)
    mask[rows] = True
    return mask


def find_sorted(wanted: Rows, ascending: Rows) -> Rows:
    """Return the place of each value wanted (k,) in an ascending array (n,); -1 where it isn't."""
    if not len(ascending):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[places] == wanted, places, -1)


def contained(wanted: Rows, ascending: Rows) -> Mask:
    """Return for each value wanted (k,) whether it is in an ascending array (n,)."""
    result: Mask = find_sorted(wanted, ascending) >= 0
    return result


def spread(begins: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Return all positions (q,) of runs (k,), which begin somewhere, and the run of each (q,)."""
    runs = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(runs)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return begins[runs] + within, runs


def take_or_zero(values: Floats, places: Rows) -> Floats:
    """Return the values (n,) at places (k,), as `find_sorted` returns them; 0 for -1."""
    return np.append(values, 0.0)[places]
