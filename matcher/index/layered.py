"""A read-only base index with later writes: an exact delta, and hidden ids of the base."""

from __future__ import annotations

import numpy as np

from matcher.arrays import contained
from matcher.index.arrays import (
    check_ids,
    check_pairs,
    check_search,
    nothing_found,
    ranked,
)
from matcher.index.exact import ExactIndex
from matcher.index.port import VectorIndex, Vectors
from matcher.index.selection import Ids, Selection


class LayeredIndex:
    """A base index that is never written, a small exact delta, and the base ids to ignore.

    A vector in the delta replaces that of the base with the same id. `copy` is cheap and
    independent, so a snapshot stays valid while the next one is made.
    """

    def __init__(self, base: VectorIndex) -> None:
        """Start with the content of `base`, which must not change from now on."""
        self._base = base
        self._delta = ExactIndex(base.dim)
        self._hidden: Ids = np.empty(0, np.int64)
        self._selected: tuple[Selection | None, Ids, Selection] | None = None

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self._base.dim

    def __len__(self) -> int:
        return len(self._base) - len(self._hidden) + len(self._delta)

    @property
    def delta_size(self) -> int:
        """The number of vectors in the delta; 0 after a rebuild."""
        return len(self._delta)

    def ids(self) -> Ids:
        """Return the ids that can be found, ascending."""
        base = self._base.ids()
        return np.union1d(base[~contained(base, self._hidden)], self._delta.ids())

    def rows(self, ids: Ids) -> Vectors:
        """Return the vectors (n, dim) under `ids` (n,), all of which must exist."""
        if not len(self._delta):
            return self._base.rows(ids)
        vectors = np.empty((len(ids), self.dim), dtype=np.float32)
        in_delta = contained(ids, self._delta.ids())
        vectors[in_delta] = self._delta.rows(ids[in_delta])
        vectors[~in_delta] = self._base.rows(ids[~in_delta])
        return vectors

    def copy(self) -> LayeredIndex:
        """Return an independent copy: later writes to either don't affect the other."""
        duplicate = LayeredIndex(self._base)
        duplicate._delta, duplicate._hidden = self._delta.copy(), self._hidden
        return duplicate

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Store or replace in the delta; see the port."""
        ids, vectors = check_pairs(ids, vectors, self.dim)
        self._hide(ids)
        self._delta.add(ids, vectors)

    def remove(self, ids: Ids) -> int:
        """Remove from both layers; see the port."""
        before = len(self)
        self._delta.remove(check_ids(ids))
        self._hide(np.unique(ids))
        return before - len(self)

    def search(
        self, queries: Vectors, k: int, allowed: Selection | Ids | None = None
    ) -> tuple[Vectors, Ids]:
        """Search both layers and merge; see the port."""
        selection = check_search(queries, self.dim, k, allowed)
        layers = [self._base.search(queries, k, self._in_base(selection))]
        if not len(self._delta):
            return layers[0]
        layers.append(self._delta.search(queries, k, selection))
        scores, found = nothing_found(len(queries), k)
        for row in range(len(queries)):
            row_ids = np.concatenate([layer[1][row] for layer in layers])
            row_scores = np.concatenate([layer[0][row] for layer in layers])
            usable = row_ids >= 0
            scores[row], found[row] = ranked(row_scores[usable], row_ids[usable], k)
        return scores, found

    def _in_base(self, selection: Selection | None) -> Selection | None:
        """Return what may be found in the base: what is selected, without what is hidden."""
        if not len(self._hidden):
            return selection
        known = self._selected
        if known is None or known[0] is not selection or known[1] is not self._hidden:
            whole = Selection(self._base.ids()) if selection is None else selection
            without = whole.changed(self._hidden, np.zeros(len(self._hidden), np.bool_))
            known = self._selected = selection, self._hidden, without
        return known[2]

    def _hide(self, ids: Ids) -> None:
        base = self._base.ids()
        hidden = ids[contained(ids, base)]
        if len(hidden):
            self._hidden = np.union1d(self._hidden, hidden)
