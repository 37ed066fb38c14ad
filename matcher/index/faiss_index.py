"""FAISS behind the index port: a scan of all vectors up to some 20,000, a graph (HNSW) above.

The vectors of views stand side by side, and a query asks one view: it is zero elsewhere. So each
view has a FAISS index of its own columns. The neighbours that FAISS finds are scored again in the
same way as in the exact index, so scores are equal to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from matcher.arrays import Rows
from matcher.index.arrays import (
    check_ids,
    check_pairs,
    check_search,
    columns_of,
    exact_scores,
    nothing_found,
    ranked,
)
from matcher.index.exact import ExactIndex
from matcher.index.port import Vectors
from matcher.index.selection import Ids, Selection

FLAT_UP_TO = 20_000
"""With fewer vectors all are compared, which takes a millisecond or less a view."""
SCAN_UP_TO = 50_000
"""Of a graph, a thin filter that leaves no more is answered by a scan: it would find few of few."""
_THIN = 4
"""A filter that leaves one in so many is thin; a denser one costs the graph little."""
_SPARE = 16
"""Neighbours requested beyond k, so that rounding near rank k loses none."""
_LINKS, _BUILD_EFFORT = 32, 80
"""Neighbours of each vector in the graph, and candidates for them. Origin: 16 and 32 compared on
37,000 statements: recall of the first 200 is .5 points better with 32, at the same speed."""
SEARCH_EFFORT = 1_024
"""Candidates that a search of the graph keeps, at least. Origin: of 256, 512 and 1,024 the one
whose first twenty answers are 98 % those of exhaustive scoring (benchmarks.latency)."""
_MAX_SEARCH_EFFORT = 8_192


class FaissIndex:
    """Vectors under ids in FAISS; see the port. Written once, then only searched.

    `add` and `remove` rebuild the whole index: a generation is built at once, and later writes go
    to a delta (LayeredIndex). The vectors are stored next to the FAISS indexes for exact scores.
    """

    def __init__(
        self,
        dim: int,
        blocks: Sequence[tuple[int, int]] = (),
        *,
        flat_up_to: int = FLAT_UP_TO,
        scan_up_to: int = SCAN_UP_TO,
        search_effort: int = SEARCH_EFFORT,
    ) -> None:
        """Make an empty index; `blocks` are the columns of each view, which queries ask singly.

        A query that asks several is answered by a scan, and so is, in a graph, a thin filter
        that leaves at most `scan_up_to` vectors.
        """
        self._exact = ExactIndex(dim)
        self._blocks = tuple((int(start), int(end)) for start, end in blocks) or ((0, dim),)
        self._flat_up_to = flat_up_to
        self._scan_up_to = scan_up_to
        self._search_effort = search_effort
        self._faiss: list[Any] = []

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

    def search(
        self, queries: Vectors, k: int, allowed: Selection | Ids | None = None
    ) -> tuple[Vectors, Ids]:
        """Search; see the port."""
        selection = check_search(queries, self.dim, k, allowed)
        ids, wanted, bits = self.ids(), len(self), None
        if selection is not None:
            is_thin = len(selection) * _THIN <= len(self) and len(selection) <= self._scan_up_to
            if len(self) > self._flat_up_to and is_thin:
                return self._exact.search(queries, k, selection)
            wanted, bits = min(wanted, len(selection)), selection.bits_of(ids)
        if not wanted:
            return nothing_found(len(queries), k)
        scores, found = nothing_found(len(queries), k)
        for block, rows in self._by_block(queries):
            if block is None:
                scores[rows], found[rows] = self._exact.search(queries[rows], k, selection)
                continue
            start, end = self._blocks[block]
            asked = np.ascontiguousarray(queries[rows, start:end])
            limit = min(wanted, k + _SPARE)
            parameters = self._parameters(self._faiss[block], bits, limit, wanted)
            _, hits = self._faiss[block].search(asked, limit, params=parameters)
            for row, near in zip(rows.tolist(), hits, strict=True):
                places = np.sort(near[near >= 0])
                exact = exact_scores(queries[row], self._exact.half(places))
                scores[row], found[row] = ranked(exact, ids[places], k)
        return scores, found

    def save(self, folder: Path) -> None:
        """Write ids, vectors and the FAISS indexes into `folder`."""
        self._exact.save(folder)
        sizes = {
            "flat_up_to": self._flat_up_to,
            "scan_up_to": self._scan_up_to,
            "search_effort": self._search_effort,
        }
        body = {"blocks": self._blocks, **sizes}
        (folder / "faiss.json").write_text(json.dumps(body), encoding="utf-8")
        for number, index in enumerate(self._faiss):
            faiss.write_index(index, str(folder / f"{number}.faiss"))

    @classmethod
    def open(cls, folder: Path) -> FaissIndex:
        """Open what `save` wrote, memory-mapped. Raises OSError or ValueError where it can't."""
        exact = ExactIndex.open(folder)
        body = json.loads((folder / "faiss.json").read_text(encoding="utf-8"))
        try:
            blocks = [(int(start), int(end)) for start, end in body.pop("blocks")]
            index = cls(exact.dim, blocks, **{name: int(size) for name, size in body.items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder.name}: faiss.json doesn't describe an index") from error
        index._exact = exact
        if len(exact):
            try:
                index._faiss = [
                    faiss.read_index(str(folder / f"{number}.faiss"), faiss.IO_FLAG_MMAP_IFC)
                    for number in range(len(blocks))
                ]
            except RuntimeError as error:
                raise OSError(f"{folder.name}: FAISS can't read its index") from error
        return index

    def _by_block(self, queries: Vectors) -> Iterator[tuple[int | None, Rows]]:
        """Yield each block with the rows of the queries that ask it alone; None for all others."""
        blocks = np.full(len(queries), -1)
        for row, query in enumerate(queries):
            columns = columns_of(query)
            for block, (start, end) in enumerate(self._blocks):
                if start <= columns.start and columns.stop <= end:
                    blocks[row] = block
        for block in np.unique(blocks).tolist():
            yield None if block < 0 else block, np.flatnonzero(blocks == block)

    def _parameters(self, index: Any, bits: Any, limit: int, wanted: int) -> Any:
        """Return how to search: whom to leave out, and with how much effort."""
        more = {} if bits is None else {"sel": faiss.IDSelectorBitmap(bits)}
        if not hasattr(index, "hnsw"):
            return faiss.SearchParameters(**more) if more else None
        # Of what a filter leaves out the candidates are no neighbours, so that it takes more.
        effort = max(self._search_effort, 2 * limit) * len(self) // wanted
        return faiss.SearchParametersHNSW(efSearch=min(effort, _MAX_SEARCH_EFFORT), **more)

    def _rebuild(self) -> None:
        vectors = self._exact.rows(self._exact.ids())
        self._faiss = [
            self._index_of(np.ascontiguousarray(vectors[:, start:end]))
            for start, end in self._blocks
        ]

    def _index_of(self, vectors: Vectors) -> Any:
        dim = vectors.shape[1]
        if len(vectors) <= self._flat_up_to:
            index = faiss.IndexFlatIP(dim)
        else:
            index = faiss.index_factory(dim, f"HNSW{_LINKS},SQ8", faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = _BUILD_EFFORT
            index.train(vectors)
        index.add(vectors)
        return index
