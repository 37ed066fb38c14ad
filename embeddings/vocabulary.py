"""Whether a text holds a word that the service can know anything about, in whichever language.

A word is known that is in the corpus, or looks like words that are: a compound or inflection of
known parts. So a question of nonsense is told from a question in words that are new.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from embeddings.words import plain, words_of

_FILE = "vocabulary.json"
_MIN_WORD_LENGTH = 3
_MIN_COMPOUND_LENGTH = 6
_SIZES = (4, 5)
"""Letters of the parts by which a compound is known."""
_KNOWN_PARTS = 0.3
"""A compound is known with this share of known parts: half of its letters, or nearly."""
_BITS = 1 << 20


class Vocabulary:
    """The words of a corpus, and the letter n-grams that they are made of."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._parts: NDArray[np.bool_] = np.zeros(_BITS, dtype=np.bool_)
        for word in self.words:
            self._parts[[_bit(part) for part in _parts(word)]] = True

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Vocabulary:
        """Take the content words of all texts."""
        return cls({word for text in texts for word in content_words(text)})

    def knows(self, word: str) -> bool:
        """Return whether a content word is known, or made of known parts."""
        if word in self.words:
            return True
        if len(word) < _MIN_COMPOUND_LENGTH:
            return False
        known = self._parts[[_bit(part) for part in _parts(word)]]
        return bool(known.mean() >= _KNOWN_PARTS)

    def update(self, digest: Any) -> None:
        """Add the words to a digest."""
        digest.update("\0".join(sorted(self.words)).encode())

    def save(self, folder: Path) -> None:
        """Write the words into `folder`."""
        (folder / _FILE).write_text(json.dumps(sorted(self.words)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read what `save` wrote; raises OSError or ValueError for what is damaged."""
        return cls(json.loads((folder / _FILE).read_text(encoding="utf-8")))


def content_words(text: str) -> list[str]:
    """Return the words of a text that tell its subject, in lower case and without accents."""
    words = (plain(word) for word in words_of(text))
    return [
        word
        for word in words
        if len(word) >= _MIN_WORD_LENGTH
        and not word.isdigit()
        and word not in STOP_WORDS
        and word not in GENERIC_WORDS
    ]


def _parts(word: str) -> Iterator[str]:
    for size in _SIZES:
        for start in range(len(word) - size + 1):
            yield word[start : start + size]


def _bit(part: str) -> int:
    return zlib.crc32(part.encode()) % _BITS
