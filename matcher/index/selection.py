"""Which ids a search may find, and what indexes make of that once for all searches."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import contained, find_sorted

Ids = NDArray[np.int64]
Bits = NDArray[np.uint8]


class Selection:
    """Ids that may be found. Made once, and used by many searches."""

    def __init__(self, ids: Ids) -> None:
        """Take ids in any order, doubles allowed."""
        ascending = bool(np.all(ids[1:] > ids[:-1]))
        self._own: Ids = ids if ascending else np.unique(ids)
        self._parent: Selection | None = None
        self._removed = self._added = ids[:0]
        self._size = len(self._own)
        self._bits: tuple[Ids, Bits] | None = None

    def changed(self, ids: Ids, are_in: NDArray[np.bool_]) -> Selection:
        """Return the selection in which some ids (k,) are or aren't, at the cost of those ids."""
        order = np.argsort(ids, kind="stable")
        ids, are_in = ids[order], are_in[order]
        result = Selection(ids[:0])
        result._parent = self
        were_in = self.contain(ids)
        result._removed, result._added = ids[were_in & ~are_in], ids[are_in & ~were_in]
        result._size = len(self) - len(result._removed) + len(result._added)
        return result

    def __len__(self) -> int:
        return self._size

    @cached_property
    def ids(self) -> Ids:
        """The ids, ascending, each once."""
        if self._parent is None:
            return self._own
        left = self._parent.ids[~contained(self._parent.ids, self._removed)]
        return np.union1d(left, self._added)

    def contain(self, ids: Ids) -> NDArray[np.bool_]:
        """Return which of some ids (k,) may be found."""
        if self._parent is None:
            return contained(ids, self.ids)
        known = self._parent.contain(ids) & ~contained(ids, self._removed)
        return known | contained(ids, self._added)

    def bits_of(self, ids: Ids) -> Bits:
        """Return a bit for each of the ids of an index (n,), ascending, as FAISS reads them."""
        if self._bits is None or self._bits[0] is not ids:
            self._bits = ids, self._make_bits(ids)
        return self._bits[1]

    def _make_bits(self, ids: Ids) -> Bits:
        if self._parent is None:
            return np.packbits(self.contain(ids), bitorder="little")
        bits = self._parent.bits_of(ids).copy()
        for changed, value in ((self._removed, 0), (self._added, 1)):
            places = find_sorted(changed, ids)
            for place in places[places >= 0].tolist():
                bit = np.uint8(1 << (place & 7))
                bits[place >> 3] = bits[place >> 3] | bit if value else bits[place >> 3] & ~bit
        return bits
