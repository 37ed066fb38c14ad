"""FAISS behind the index port: a flat index up to some 200,000 vectors, HNSW above.

The neighbours that FAISS finds are scored again in the same way as in the exact index, so scores
are equal to the last bit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from matcher.index.arrays import (
    check_ids,
    check_pairs,
    check_search,
    contained,
    exact_scores,
    nothing_found,
    ranked,
)
from matcher.index.exact import ExactIndex
from matcher.index.port import Ids, Vectors

FLAT_UP_TO = 200_000
SCAN_UP_TO = 10_000
_SPARE = 16
"""Neighbours requested beyond k, so that float32 rounding near rank k loses none."""


class FaissIndex:
    """Vectors under ids in FAISS; see the port. Written once, then only searched.

    `add` and `remove` rebuild the whole index: a generation is built at once, and later writes go
    to a delta (LayeredIndex). The vectors are stored next to the FAISS index for exact scores.
    """

    def __init__(
        self, dim: int, *, flat_up_to: int = FLAT_UP_TO, scan_up_to: int = SCAN_UP_TO
    ) -> None:
        """Make an empty index. A filter that leaves at most `scan_up_to` vectors is scanned."""
        self._exact = ExactIndex(dim)
        self._flat_up_to = flat_up_to
        self._scan_up_to = scan_up_to
        self._faiss: Any = None
        self._vectors: Vectors = np.empty((0, dim), np.float32)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self._exact.dim

    def __len__(self) -> int:
        return len(self._exact)

    def ids(self) -> Ids:
        """Return the ids, ascending, read-only."""
        return self._exact.ids()

    def rows(self, ids: Ids) -> Vectors:
        """Return the vectors (n, dim) under `ids` (n,), all of which must exist."""
        return self._exact.rows(ids)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Store or replace; see the port."""
        ids, vectors = check_pairs(ids, vectors, self.dim)
        self._exact.add(ids, vectors)
        self._rebuild()

    def remove(self, ids: Ids) -> int:
        """Remove; see the port."""
        removed = self._exact.remove(check_ids(ids))
        if removed:
            self._rebuild()
        return removed

    def search(self, queries: Vectors, k: int, allowed: Ids | None = None) -> tuple[Vectors, Ids]:
        """Search; see the port."""
        check_search(queries, self.dim, k, allowed)
        ids = self.ids()
        parameters: Any = None
        wanted = len(ids)
        if allowed is not None:
            allowed = np.unique(allowed)
            places = np.flatnonzero(contained(ids, allowed))
            wanted = len(places)
            if wanted <= self._scan_up_to:
                return self._exact.search(queries, k, allowed)
            bits = np.zeros((len(ids) + 7) // 8, dtype=np.uint8)
            np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
            selector = faiss.IDSelectorBitmap(bits)
            parameters = self._parameters(k, selector)
        elif not wanted:
            return nothing_found(len(queries), k)
        else:
            parameters = self._parameters(k, None)
        limit = min(wanted, k + _SPARE)
        _, rows = self._faiss.search(queries, limit, params=parameters)
        scores, found = nothing_found(len(queries), k)
        for place, query in enumerate(queries):
            hits = np.sort(rows[place][rows[place] >= 0])
            exact = exact_scores(query, self._vectors[hits])
            scores[place], found[place] = ranked(exact, ids[hits], k)
        return scores, found

    def save(self, folder: Path) -> None:
        """Write ids, vectors and the FAISS index into `folder`."""
        self._exact.save(folder)
        sizes = {"flat_up_to": self._flat_up_to, "scan_up_to": self._scan_up_to}
        (folder / "faiss.json").write_text(json.dumps(sizes), encoding="utf-8")
        if self._faiss is not None:
            faiss.write_index(self._faiss, str(folder / "faiss.index"))

    @classmethod
    def open(cls, folder: Path) -> FaissIndex:
        """Open what `save` wrote, memory-mapped. Raises OSError or ValueError where it can't."""
        exact = ExactIndex.open(folder)
        sizes = json.loads((folder / "faiss.json").read_text(encoding="utf-8"))
        if not isinstance(sizes, dict) or not all(type(size) is int for size in sizes.values()):
            raise ValueError(f"{folder.name}: faiss.json doesn't hold the sizes of an index")
        index = cls(exact.dim, **sizes)
        index._exact = exact
        index._vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        if len(exact):
            try:
                index._faiss = faiss.read_index(str(folder / "faiss.index"), faiss.IO_FLAG_MMAP_IFC)
            except RuntimeError as error:
                raise OSError(f"{folder.name}: FAISS can't read its index") from error
        return index

    def _parameters(self, k: int, selector: Any) -> Any:
        if len(self) <= self._flat_up_to:
            return faiss.SearchParameters(sel=selector) if selector is not None else None
        effort = max(128, 2 * (k + _SPARE))
        if selector is None:
            return faiss.SearchParametersHNSW(efSearch=effort)
        return faiss.SearchParametersHNSW(efSearch=effort, sel=selector)

    def _rebuild(self) -> None:
        ids = self._exact.ids()
        self._vectors = self._exact.rows(ids)
        if len(ids) <= self._flat_up_to:
            self._faiss = faiss.IndexFlatIP(self.dim)
        else:
            self._faiss = faiss.IndexHNSWFlat(self.dim, 32, faiss.METRIC_INNER_PRODUCT)
            self._faiss.hnsw.efConstruction = 80
        self._faiss.add(np.ascontiguousarray(self._vectors))
