"""Organisations that a text mentions: how much of each name is in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.weighted_words import WeightedWords, name_words
from matcher.parameters import MENTION_EVIDENCE, MENTION_UNKNOWN

_MAX_TEXT_LENGTH = 20_000


class Mentions:
    """Finds names in text by their words, weighted by rarity among the names."""

    def __init__(self, names: Sequence[str]) -> None:
        self._words = WeightedWords([frozenset(name_words(name)) for name in names])
        self._whole = np.asarray(self._words.matrix.sum(axis=1)).ravel()
        self._by_word = self._words.matrix.tocsc()

    def in_text(self, text: str) -> tuple[Rows, Floats]:
        """Return the rows (k,) of organisations that a text mentions, with confidences in (0, 1].

        A confidence is the weight of the words of the name that are in the text, over the weight
        of all its words. It is lower where those words are so common among names that they may be
        in the text by chance.
        """
        column_of = self._words.column_of
        words = set(name_words(text[:_MAX_TEXT_LENGTH]))
        spans = [
            slice(self._by_word.indptr[column], self._by_word.indptr[column + 1])
            for column in sorted(column_of[word] for word in words if word in column_of)
        ]
        if not spans:
            return np.empty(0, np.int64), np.empty(0)
        found = np.concatenate([self._by_word.indices[span] for span in spans])
        rows, places = np.unique(found.astype(np.int64), return_inverse=True)
        matched = np.bincount(places, np.concatenate([self._by_word.data[span] for span in spans]))
        evidence = np.minimum(matched / MENTION_EVIDENCE, 1.0)
        confidence: Floats = matched / (self._whole[rows] + MENTION_UNKNOWN) * evidence
        return rows, confidence

    def words_in(self, name: str, text: str) -> list[str]:
        """Return the words of a name that are in a text, in the order of the name."""
        matched = set(name_words(text[:_MAX_TEXT_LENGTH]))
        return [word for word in name_words(name) if word in matched]
