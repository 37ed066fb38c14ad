"""Names of array types that ranking hands around, and a helper for masks."""

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
