"""The exact index: it scores every vector. Tests compare all other indexes with it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import contained
from matcher.index.arrays import (
    check_ids,
    check_pairs,
    check_search,
    is_ascending,
    nothing_found,
    places_in,
    row_norms,
    scan,
)
from matcher.index.port import Vectors
from matcher.index.selection import Ids, Selection

_Number = TypeVar("_Number", np.int64, np.float16)


class ExactIndex:
    """Inner products with every vector, in numpy; vectors are stored as float16.

    Arrays are never changed in place: `add` and `remove` replace them. So a copy costs nothing, and
    a running search isn't affected by writes. Each write copies all vectors, which suits small
    deltas and tests.
    """

    def __init__(self, dim: int, ids: Ids | None = None, vectors: Vectors | None = None) -> None:
        """Make an index of `vectors` (n, dim) under `ids` (n,); empty without them.

        Raises ValueError as `add` does.
        """
        if dim < 1:
            raise ValueError(f"dim: expected at least 1, got {dim}")
        if (ids is None) != (vectors is None):
            raise ValueError("expected both ids and vectors, or neither")
        self._dim = dim
        self._largest_norm: float | None = None
        if ids is None or vectors is None:
            ids, vectors = np.empty(0, np.int64), np.empty((0, dim), np.float32)
        ids, vectors = check_pairs(ids, vectors, dim)
        self._content = (_read_only(ids), _read_only(vectors.astype(np.float16)))

    @classmethod
    def open(cls, folder: Path) -> ExactIndex:
        """Open what `save` wrote, memory-mapped. Raises OSError or ValueError where it can't."""
        ids = np.load(folder / "ids.npy", mmap_mode="r", allow_pickle=False)
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        check_ids(ids)
        if vectors.ndim != 2 or vectors.dtype != np.float16 or len(vectors) != len(ids):
            raise ValueError(f"{folder}: ids and vectors do not belong together")
        if not is_ascending(ids):
            raise ValueError(f"{folder}: the ids do not ascend")
        index = cls(int(vectors.shape[1]))
        # Not through the constructor: its checks would read the whole file.
        index._content = (np.asarray(ids), np.asarray(vectors))
        return index

    def save(self, folder: Path) -> None:
        """Write `ids.npy` and `vectors.npy` into `folder`, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        ids, vectors = self._content
        np.save(folder / "ids.npy", ids, allow_pickle=False)
        np.save(folder / "vectors.npy", vectors, allow_pickle=False)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self._dim

    def __len__(self) -> int:
        return len(self._content[0])

    def ids(self) -> Ids:
        """Return the ids, ascending, read-only."""
        return self._content[0]

    def rows(self, ids: Ids) -> Vectors:
        """Return the vectors (n, dim) under `ids` (n,), all of which must exist."""
        return self.half(np.searchsorted(self._content[0], ids)).astype(np.float32)

    def half(self, places: NDArray[np.intp]) -> NDArray[np.float16]:
        """Return vectors (n, dim) as they are stored, by their places among the ids (n,)."""
        return self._content[1][places]

    def copy(self) -> ExactIndex:
        """Return an independent copy: later writes to either don't affect the other."""
        duplicate = ExactIndex(self._dim)
        duplicate._content, duplicate._largest_norm = self._content, self._largest_norm
        return duplicate

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Store or replace; see the port."""
        new_ids, new_vectors = check_pairs(ids, vectors, self._dim)
        if not len(new_ids):
            return
        old_ids, old_vectors = self._content
        remaining = ~contained(old_ids, new_ids)
        all_ids = np.concatenate([old_ids[remaining], new_ids])
        all_vectors = np.concatenate([old_vectors[remaining], new_vectors.astype(np.float16)])
        order = np.argsort(all_ids)
        self._replace(all_ids[order], all_vectors[order])

    def remove(self, ids: Ids) -> int:
        """Remove; see the port."""
        old_ids, old_vectors = self._content
        remaining = ~contained(old_ids, np.unique(check_ids(ids)))
        removed = len(old_ids) - int(remaining.sum())
        if removed:
            self._replace(old_ids[remaining], old_vectors[remaining])
        return removed

    def search(
        self, queries: Vectors, k: int, allowed: Selection | Ids | None = None
    ) -> tuple[Vectors, Ids]:
        """Search every allowed vector; see the port."""
        selection = check_search(queries, self._dim, k, allowed)
        ids, vectors = self._content
        if selection is not None:
            places = places_in(selection, ids)
            if not len(places):
                return nothing_found(len(queries), k)
            if len(places) < len(ids):
                vectors, ids = vectors[places], ids[places]
        return scan(queries, vectors, ids, k, self._norm_bound())

    def _replace(self, ids: Ids, vectors: NDArray[np.float16]) -> None:
        self._content = (_read_only(ids), _read_only(vectors))
        self._largest_norm = None

    def _norm_bound(self) -> float:
        if self._largest_norm is None:
            norms = row_norms(self._content[1])
            self._largest_norm = float(norms.max()) if len(norms) else 0.0
        return self._largest_norm


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    """Return a read-only view, so that callers can't change the index through its arrays."""
    view = array.view()
    view.flags.writeable = False
    return view
