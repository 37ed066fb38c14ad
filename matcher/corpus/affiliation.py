"""Affiliation: organisations whose names, towns and countries share rare words.

Past projects show who worked together; names show who could. Institutes of one house, the hospital
and the university of one town, and partners from a country that few come from join the same
consortia more often than others do. So do newcomers, of whom no past project tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embeddings.stopwords import STOP_WORDS
from matcher.arrays import Floats, Rows
from matcher.corpus.weighted_words import WeightedWords, name_words

_COMMON = 0.1
"""Words that a larger share of the organisations has tell nothing."""


class Affiliation:
    """The words of names and cities, and the countries: the rarer, the more they tell."""

    def __init__(
        self, names: Sequence[str], cities: Sequence[str], countries: Sequence[str]
    ) -> None:
        """Take all organisations by row; a city or country that isn't known is empty."""
        self._labels = [f"{name} {city}" for name, city in zip(names, cities, strict=True)]
        self._traits = [
            frozenset((*_telling(label), *([f"#{country}"] if country else [])))
            for label, country in zip(self._labels, countries, strict=True)
        ]
        self._weighted = WeightedWords(self._traits)
        lengths = np.sqrt(self._weighted.matrix.power(2).sum(axis=1))
        self._scale = 1.0 / np.maximum(np.asarray(lengths).ravel(), 1e-9)

    def between(self, rows: Rows, others: Rows, shares: Floats | None = None) -> Floats:
        """Return how close each organisation (k,) is to `others` by name and place, 0 to 1.

        That of two is the cosine of their words and countries; the mean over the others counts, or
        with `shares` (j,), which add up to 1, some of them more than others.
        """
        matrix = self._weighted.matrix
        if not len(others):
            return np.zeros(len(rows))
        each = np.full(len(others), 1.0 / len(others)) if shares is None else shares
        mean = matrix[others].T @ (self._scale[others] * each)
        affiliation: Floats = np.clip(self._scale[rows] * (matrix[rows] @ mean), 0.0, 1.0)
        return affiliation

    def shared(self, one: int, other: int) -> list[str]:
        """Return the words of the name and city of `one` that `other` has, too.

        As they are written, without those that many have.
        """
        both = {
            word
            for word in self._traits[one] & self._traits[other]
            if self._weighted.share(word) <= _COMMON
        }
        if not both:
            return []
        written = (word.strip("()[]\"'.,;:") for word in self._labels[one].split())
        return list(dict.fromkeys(word for word in written if both & set(name_words(word))))


def _telling(label: str) -> list[str]:
    """Return the words of a name and city without those that are in any, and numbers."""
    return [word for word in name_words(label) if word not in STOP_WORDS and not word.isdigit()]
