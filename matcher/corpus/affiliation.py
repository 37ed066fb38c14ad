"""Affiliation: organisations whose names, towns and countries share rare words.

Past projects show who has worked together; names suggest who might. Institutes of one
organisation, the hospital and the university of one town, and partners from a rare country join the
same consortia more often than chance. This also holds for newcomers without past projects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embeddings.stopwords import STOP_WORDS
from matcher.arrays import Floats, Rows
from matcher.corpus.weighted_words import WeightedWords, name_words

_MAX_WORD_SHARE = 0.1
"""Words of a larger share of the organisations are too common to be shown as shared."""


class Affiliation:
    """Compares organisations by the words of name and city, and the country, weighted by rarity."""

    def __init__(
        self, names: Sequence[str], cities: Sequence[str], countries: Sequence[str]
    ) -> None:
        """Take the data of all organisations, by row; unknown cities and countries are empty."""
        self._labels = [f"{name} {city}" for name, city in zip(names, cities, strict=True)]
        self._traits = [
            frozenset((*_specific_words(label), *([f"#{country}"] if country else [])))
            for label, country in zip(self._labels, countries, strict=True)
        ]
        self._weighted = WeightedWords(self._traits)
        lengths = np.sqrt(self._weighted.matrix.power(2).sum(axis=1))
        self._scale = 1.0 / np.maximum(np.asarray(lengths).ravel(), 1e-9)

    def between(self, rows: Rows, others: Rows, shares: Floats | None = None) -> Floats:
        """Return the affiliation (k,) of the organisations `rows` with `others` (j,), 0 to 1.

        That of two organisations is the cosine of their weighted words and countries. The result is
        the mean over `others`, weighted by `shares` (j,), which add up to 1, where they are given.
        """
        matrix = self._weighted.matrix
        if not len(others):
            return np.zeros(len(rows))
        each = np.full(len(others), 1.0 / len(others)) if shares is None else shares
        mean = matrix[others].T @ (self._scale[others] * each)
        affiliation: Floats = np.clip(self._scale[rows] * (matrix[rows] @ mean), 0.0, 1.0)
        return affiliation

    def shared_words(self, row: int, other: int) -> list[str]:
        """Return the words of name and city that two organisations share, as `row` writes them.

        Words that many organisations have are left out.
        """
        both = {
            word
            for word in self._traits[row] & self._traits[other]
            if self._weighted.share(word) <= _MAX_WORD_SHARE
        }
        if not both:
            return []
        written = (word.strip("()[]\"'.,;:") for word in self._labels[row].split())
        return list(dict.fromkeys(word for word in written if both & set(name_words(word))))


def _specific_words(label: str) -> list[str]:
    """Return the words of a name and city, without stop words and numbers."""
    return [word for word in name_words(label) if word not in STOP_WORDS and not word.isdigit()]
