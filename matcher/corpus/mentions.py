"""Organisations that a text names: how much of each name is in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.arrays import Floats
from matcher.corpus.weighted_words import WeightedWords, name_words

_MAX_TEXT_LENGTH = 20_000
_EVIDENCE_NEEDED = 6.0
_UNKNOWN_REST = 2.0


class Mentions:
    """The words of names, each the heavier the fewer names it is in."""

    def __init__(self, names: Sequence[str]) -> None:
        self._words = WeightedWords([frozenset(name_words(name)) for name in names])
        self._whole = np.asarray(self._words.matrix.sum(axis=1)).ravel()

    def mentioned_in(self, text: str) -> Floats:
        """Return for each organisation (n,) from 0 to 1 how surely a text names it.

        The weight of its words that the text holds, over the weight of all its words; less where
        these are so common among names that they could stand there by chance.
        """
        number = self._words.number
        marked = np.zeros(len(number))
        for word in set(name_words(text[:_MAX_TEXT_LENGTH])):
            if word in number:
                marked[number[word]] = 1.0
        found = self._words.matrix @ marked
        surely = np.minimum(found / _EVIDENCE_NEEDED, 1.0)
        share: Floats = found / (self._whole + _UNKNOWN_REST) * surely
        return share

    def words_in(self, name: str, text: str) -> list[str]:
        """Return the words of a name that a text holds, in the order of the name."""
        held = set(name_words(text[:_MAX_TEXT_LENGTH]))
        return [word for word in name_words(name) if word in held]
