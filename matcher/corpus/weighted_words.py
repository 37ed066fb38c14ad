"""Words of names, folded, with inverse document frequencies as weights."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import scipy.sparse as sparse

from embeddings.words import fold

_WORD = re.compile(r"[a-z0-9]{2,}")


class WeightedWords:
    """The words of n names, as a sparse matrix of weights: log((n + 1) / (count + 0.5))."""

    def __init__(self, names: Sequence[Collection[str]]) -> None:
        """`names` has the distinct words of each name."""
        self.column_of: dict[str, int] = {}
        """The column of each word."""
        for words in names:
            for word in sorted(words):
                self.column_of.setdefault(word, len(self.column_of))
        columns = np.array([self.column_of[word] for ws in names for word in sorted(ws)], np.int64)
        self._counts = np.bincount(columns, minlength=len(self.column_of))
        weight = np.log((len(names) + 1) / (self._counts + 0.5))
        starts = np.concatenate([[0], np.cumsum([len(words) for words in names], dtype=np.int64)])
        shape = (len(names), len(self.column_of))
        self.matrix = sparse.csr_array((weight[columns], columns, starts), shape=shape)
        """The weights (n, words)."""

    def share(self, word: str) -> float:
        """Return the share of the names that have a word."""
        column = self.column_of.get(word)
        return 0.0 if column is None else float(self._counts[column]) / self.matrix.shape[0]


def name_words(text: str) -> list[str]:
    """Return the folded words of a text, without duplicates, in order."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))
