"""Words of names, folded, and their weights."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from embeddings.words import fold
from matcher.arrays import Floats

_WORD = re.compile(r"[a-z0-9]{2,}")


def name_words(text: str) -> list[str]:
    """Return the folded words of a text, without duplicates, in order."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))


def word_weights(counts: NDArray[np.integer], names: int) -> Floats:
    """Return the inverse document frequencies (k,) of words that so many of all names have."""
    weights: Floats = np.log((names + 1) / (counts + 0.5))
    return weights
