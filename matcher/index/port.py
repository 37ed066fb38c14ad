"""The nearest-neighbour port: the interface of every vector index."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.index.selection import Ids, Selection

Vectors = NDArray[np.float32]

NO_ID = -1
"""The id in padding."""
NO_SCORE = -np.inf
"""The score in padding."""


class VectorIndex(Protocol):
    """Stores vectors under ids, and finds those most similar to a query.

    Invariants that every index keeps:

    * ids are facet ids: int64, not negative, each at most once;
    * a score is the inner product, so larger is more similar; it is summed in float64 and rounded
      to float32, so that a query and a vector have the same score in every index and batch;
    * results descend by score, ties by ascending id; where fewer than k are found, the rest is
      padded with id -1 and score -inf;
    * vectors are rounded to float16, relatively by 0.0005;
    * a filter (`allowed`) is exact: None means all, an empty array means none, ids that are not
      in the index are ignored, doubles count once;
    * wrong shapes or dtypes, numbers that are not finite and k < 1 raise ValueError, which says
      what was expected; the index is unchanged then.

    Threads: searches may run at the same time. `add` and `remove` need the caller's lock against
    each other and against searches, unless an adapter promises more.
    """

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        ...

    def __len__(self) -> int:
        """Return the number of vectors that can be found."""
        ...

    def ids(self) -> Ids:
        """Return the ids that can be found, ascending, read-only."""
        ...

    def rows(self, ids: Ids) -> Vectors:
        """Return the vectors (n, dim) under `ids` (n,), all of which must exist; read-only."""
        ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Store `vectors` (n, dim) float32 under `ids` (n,) int64.

        The vector of an id that exists is replaced; of an id given twice, the last vector counts.
        """
        ...

    def remove(self, ids: Ids) -> int:
        """Remove `ids` (n,) int64; return how many existed. Unknown ids are ignored."""
        ...

    def search(
        self, queries: Vectors, k: int, allowed: Selection | Ids | None = None
    ) -> tuple[Vectors, Ids]:
        """Return (scores float32, ids int64), both (q, k), for `queries` (q, dim) float32."""
        ...
