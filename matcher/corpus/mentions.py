"""Organisations that a text mentions: how much of each name is in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.weighted_words import WeightedWords, name_words
from matcher.parameters import MENTION_EVIDENCE, MENTION_UNKNOWN

_MAX_TEXT_LENGTH = 20_000


class Mentions:
    """The words of names, each the heavier the fewer names it is in."""

    def __init__(self, names: Sequence[str]) -> None:
        self._words = WeightedWords([frozenset(name_words(name)) for name in names])
        self._whole = np.asarray(self._words.matrix.sum(axis=1)).ravel()
        self._by_word = self._words.matrix.tocsc()

    def in_text(self, text: str) -> tuple[Rows, Floats]:
        """Return the organisations (k,) that a text mentions, and how surely, above 0 to 1.

        The weight of the words of a name that the text holds, over the weight of all its words;
        less where these are so common among names that they could stand there by chance.
        """
        number = self._words.number
        words = set(name_words(text[:_MAX_TEXT_LENGTH]))
        spans = [
            slice(self._by_word.indptr[column], self._by_word.indptr[column + 1])
            for column in sorted(number[word] for word in words if word in number)
        ]
        if not spans:
            return np.empty(0, np.int64), np.empty(0)
        found = np.concatenate([self._by_word.indices[span] for span in spans])
        rows, places = np.unique(found.astype(np.int64), return_inverse=True)
        held = np.bincount(places, np.concatenate([self._by_word.data[span] for span in spans]))
        evidence = np.minimum(held / MENTION_EVIDENCE, 1.0)
        confidence: Floats = held / (self._whole[rows] + MENTION_UNKNOWN) * evidence
        return rows, confidence

    def words_in(self, name: str, text: str) -> list[str]:
        """Return the words of a name that a text holds, in the order of the name."""
        held = set(name_words(text[:_MAX_TEXT_LENGTH]))
        return [word for word in name_words(name) if word in held]
