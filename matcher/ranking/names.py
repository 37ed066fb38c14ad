"""Organisations that a text names: how much of each name is in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from matcher.ranking.arrays import Floats

_WORD = re.compile(r"[a-z0-9]{2,}")
_LONGEST_TEXT = 20_000
_EVIDENCE_NEEDED = 6.0
_UNKNOWN_REST = 2.0


class Names:
    """The words of names, each the heavier the fewer names it is in."""

    def __init__(self, names: Sequence[str]) -> None:
        words = [frozenset(name_words(name)) for name in names]
        self._number: dict[str, int] = {}
        for several in words:
            for word in sorted(several):
                self._number.setdefault(word, len(self._number))
        columns = np.array([self._number[w] for ws in words for w in sorted(ws)], dtype=np.int64)
        counts = np.bincount(columns, minlength=len(self._number))
        self._weight = np.log((len(names) + 1) / (counts + 0.5))
        starts = np.concatenate([[0], np.cumsum([len(several) for several in words])])
        shape = (len(names), len(self._number))
        self._words = sparse.csr_matrix((self._weight[columns], columns, starts), shape=shape)
        self._whole = np.asarray(self._words.sum(axis=1)).ravel()

    def named_in(self, text: str) -> Floats:
        """Return for each organisation (n,) from 0 to 1 how surely a text names it.

        The weight of its words that the text holds, over the weight of all its words; less where
        these are so common among names that they could stand there by chance.
        """
        marked = np.zeros(len(self._number))
        for word in set(name_words(text[:_LONGEST_TEXT])):
            if word in self._number:
                marked[self._number[word]] = 1.0
        found = self._words @ marked
        surely = np.minimum(found / _EVIDENCE_NEEDED, 1.0)
        share: Floats = found / (self._whole + _UNKNOWN_REST) * surely
        return share

    def words_in(self, name: str, text: str) -> list[str]:
        """Return the words of a name that a text holds, in the order of the name."""
        held = set(name_words(text[:_LONGEST_TEXT]))
        return [word for word in name_words(name) if word in held]


def name_words(text: str) -> list[str]:
    """Return the words of a text without case and accents, each once."""
    letters = text.lower()
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return list(dict.fromkeys(_WORD.findall(letters)))
