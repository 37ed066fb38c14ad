"""Words of names: without case and accents, each the heavier the fewer names it is in."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
import scipy.sparse as sparse

from embeddings.words import fold

_WORD = re.compile(r"[a-z0-9]{2,}")


class WeightedWords:
    """Which words each of n names has, weighted by how rare they are among the names."""

    def __init__(self, names: Sequence[Collection[str]]) -> None:
        """Take the words of each name, each word once."""
        self.number: dict[str, int] = {}
        """The column of each word."""
        for words in names:
            for word in sorted(words):
                self.number.setdefault(word, len(self.number))
        columns = np.array([self.number[word] for ws in names for word in sorted(ws)], np.int64)
        self._counts = np.bincount(columns, minlength=len(self.number))
        weight = np.log((len(names) + 1) / (self._counts + 0.5))
        starts = np.concatenate([[0], np.cumsum([len(words) for words in names], dtype=np.int64)])
        shape = (len(names), len(self.number))
        self.matrix = sparse.csr_array((weight[columns], columns, starts), shape=shape)
        """The weights (n, words)."""

    def share(self, word: str) -> float:
        """Return which share of the names has a word."""
        column = self.number.get(word)
        return 0.0 if column is None else float(self._counts[column]) / self.matrix.shape[0]


def name_words(text: str) -> list[str]:
    """Return the words of a text without case and accents, each once."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))
