"""What names tell: which organisations a text names, and which are of one house or place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from matcher.ranking.arrays import Floats, Rows

_WORD = re.compile(r"[a-z0-9]{2,}")
_LONGEST_TEXT = 20_000
_EVIDENCE_NEEDED = 6.0
_UNKNOWN_REST = 2.0


class Names:
    """The words of names and places, each the heavier the fewer organisations have it."""

    def __init__(self, names: Sequence[str], places: Sequence[Sequence[str]] = ()) -> None:
        """Take the name of each organisation and, where they are known, city and country."""
        self._words, self._number = _weighted([frozenset(name_words(name)) for name in names])
        self._whole = np.asarray(self._words.sum(axis=1)).ravel()
        self._traits = [
            frozenset(name_words(" ".join((name, *place[:1]))))
            | {f"#{one}" for one in place[1:] if one}
            for name, place in zip(names, places or [()] * len(names), strict=True)
        ]
        traits, _ = _weighted(self._traits)
        lengths = np.sqrt(np.asarray(traits.multiply(traits).sum(axis=1)).ravel())
        self._shape = sparse.diags_array(1 / np.maximum(lengths, 1e-9)) @ traits

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

    def kin(self, rows: Rows) -> Floats:
        """Return for each organisation (n,) from 0 to 1 how akin it is to these, on the mean.

        Akin are those that share rare words of their names and cities, or a country that few
        come from: the cosine of what each is called and where it is, rare words counting more.
        """
        if not len(rows):
            return np.zeros(self._shape.shape[0])
        mean = np.asarray(self._shape[rows].mean(axis=0)).ravel()
        akin: Floats = np.clip(self._shape @ mean, 0.0, 1.0)
        return akin

    def shared_words(self, one: int, other: int) -> list[str]:
        """Return the words that the names and cities of two organisations share, A to Z."""
        both = self._traits[one] & self._traits[other]
        return sorted(word for word in both if not word.startswith("#"))

    def words_in(self, name: str, text: str) -> list[str]:
        """Return the words of a name that a text holds, in the order of the name."""
        held = set(name_words(text[:_LONGEST_TEXT]))
        return [word for word in name_words(name) if word in held]


def _weighted(several: Sequence[frozenset[str]]) -> tuple[sparse.csr_array, dict[str, int]]:
    """Return the words of each organisation (n, words), weighted, and the number of each word."""
    number: dict[str, int] = {}
    for words in several:
        for word in sorted(words):
            number.setdefault(word, len(number))
    columns = np.array([number[word] for words in several for word in sorted(words)], np.int64)
    counts = np.bincount(columns, minlength=len(number))
    weight = np.log((len(several) + 1) / (counts + 0.5))
    starts = np.concatenate([[0], np.cumsum([len(words) for words in several], dtype=np.int64)])
    shape = (len(several), len(number))
    return sparse.csr_array((weight[columns], columns, starts), shape=shape), number


def name_words(text: str) -> list[str]:
    """Return the words of a text without case and accents, each once."""
    letters = text.lower()
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return list(dict.fromkeys(_WORD.findall(letters)))
