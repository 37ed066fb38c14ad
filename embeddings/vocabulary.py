"""The words of the corpus, used to tell whether a text in any language has a known word.

A word is known if it is in the corpus, or resembles words of the corpus: a compound or inflection
of known parts. This separates questions of nonsense from questions in new words.
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
from embeddings.words import fold, words_of

_FILE = "vocabulary.json"
_MIN_WORD_LENGTH = 3
_MIN_COMPOUND_LENGTH = 6
_NGRAM_SIZES = (4, 5)
"""How many letters the n-grams of a word have."""
_MIN_KNOWN_NGRAMS = 0.3
"""Share of known n-grams from which on a compound is known: about half of its letters."""
_BITS = 1 << 20


class Vocabulary:
    """The words of a corpus and their letter n-grams, hashed to bits."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._ngrams: NDArray[np.bool_] = np.zeros(_BITS, dtype=np.bool_)
        for word in self.words:
            self._ngrams[[_bit(ngram) for ngram in _ngrams(word)]] = True

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Vocabulary:
        """Collect the content words of all texts."""
        return cls({word for text in texts for word in content_words(text)})

    def knows(self, word: str) -> bool:
        """Return whether a content word is in the corpus, or made of known n-grams."""
        if word in self.words:
            return True
        if len(word) < _MIN_COMPOUND_LENGTH:
            return False
        known = self._ngrams[[_bit(ngram) for ngram in _ngrams(word)]]
        return bool(known.mean() >= _MIN_KNOWN_NGRAMS)

    def update(self, digest: Any) -> None:
        """Add the words to a hash."""
        digest.update("\0".join(sorted(self.words)).encode())

    def save(self, folder: Path) -> None:
        """Write the words into `folder`."""
        (folder / _FILE).write_text(json.dumps(sorted(self.words)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Load what `save` wrote. Raises OSError or ValueError where it is damaged."""
        return cls(json.loads((folder / _FILE).read_text(encoding="utf-8")))


def content_words(text: str) -> list[str]:
    """Return the folded words of a text that tell its subject: no stop words, no numbers."""
    words = (fold(word) for word in words_of(text))
    return [
        word
        for word in words
        if len(word) >= _MIN_WORD_LENGTH
        and not word.isdigit()
        and word not in STOP_WORDS
        and word not in GENERIC_WORDS
    ]


def _ngrams(word: str) -> Iterator[str]:
    for size in _NGRAM_SIZES:
        for start in range(len(word) - size + 1):
            yield word[start : start + size]


def _bit(ngram: str) -> int:
    return zlib.crc32(ngram.encode()) % _BITS
