"""The sentence view: embeddings of whole texts from an English and a multilingual encoder.

The vectors of the two encoders (`embeddings.sentence_encoders`) lie in one space and are added. A
text in another language than English has the multilingual vector only: the English encoder does
badly there, and would push offers in two languages apart. The opening of a text, its title or first
sentence, counts as much as the whole text, since offers are often a heading with details. Raw
vectors of any two texts are rather similar, so they are whitened on the corpus, keeping only the
directions in which its texts differ most.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import sentence_encoders
from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.language import detect_language
from embeddings.whitening import (
    Floats,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
    unit,
)

DIMENSIONS = 256
"""How many of the encoders' 384 directions are kept."""
_NAME = "sentence"
_SOFTNESS = 8.0
"""How softly the vectors are whitened, see `embeddings.whitening`. Origin: 2 to 16 compared on two
families."""
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")
_MIN_WORDS = 3
_MAX_TEXT_LENGTH = 8_000
"""Longer texts are cut to so many characters: encoding takes some 10 ms per thousand."""
_ENCODING_VERSION = 2
"""Raise this when a change to `_encode` changes vectors, so that old and new ones aren't mixed."""
_CACHE_SIZE = 8_192
_THREADS = 2


class SentenceVectors:
    """Sums of the two encoders' vectors, whitened on a corpus."""

    def __init__(self, whitening: Whitening, embedding_store: EmbeddingStore = NO_STORE) -> None:
        self.whitening = whitening
        self._embedding_store = embedding_store

    @classmethod
    def fit(
        cls, texts: Sequence[str], embedding_store: EmbeddingStore = NO_STORE
    ) -> SentenceVectors:
        """Fit the whitening on `texts`; those in `embedding_store` are not encoded again."""
        rows = embedding_store.rows(_encoder_id(), texts, sentence_encoders.DIM, _encode)
        return cls(fit_whitening(rows, _SOFTNESS, DIMENSIONS), embedding_store)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self.whitening.matrix.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1."""
        rows = self._embedding_store.rows(_encoder_id(), texts, sentence_encoders.DIM, _encode)
        return self.whitening.apply(rows)

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a hash."""
        sentence_encoders.update(digest)
        self.whitening.update(digest)

    def save(self, folder: Path) -> None:
        """Write the whitening into `folder`; the networks stay in their packages."""
        save_whitening(self.whitening, folder, _NAME)

    @classmethod
    def load(cls, folder: Path, embedding_store: EmbeddingStore = NO_STORE) -> SentenceVectors:
        """Read what `save` wrote; raises OSError or ValueError for what is damaged."""
        return cls(load_whitening(folder, _NAME), embedding_store)


@cache
def _encoder_id() -> str:
    """Return a hash of everything that `_encode` depends on besides the text."""
    digest = hashlib.sha256(f"{_ENCODING_VERSION} {_MAX_TEXT_LENGTH}".encode())
    sentence_encoders.update(digest)
    return digest.hexdigest()


def _encode(texts: Sequence[str]) -> Floats:
    """Return the sums (n, 384) of both encoders' vectors; those of recent texts are cached.

    Texts are encoded separately, so that a batch is bitwise equal to single texts.
    """
    cut = [_lower_capitals(text.strip()[:_MAX_TEXT_LENGTH]) for text in texts]
    if len(cut) > 1:
        with ThreadPoolExecutor(_THREADS) as pool:
            english = list(pool.map(_english, cut))
    else:
        english = [_english(text) for text in cut]
    rows = [row + _multilingual(text) for row, text in zip(english, cut, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(rows), sentence_encoders.DIM)


@lru_cache(maxsize=_CACHE_SIZE)
def _english(text: str) -> Floats:
    """Return the English encoder's vector (384,), or zeros for a text in another language."""
    if detect_language(text) in {"en", None}:
        return _read_only(sentence_encoders.encode_english([text]))
    return _read_only(np.zeros((1, sentence_encoders.DIM), dtype=np.float32))


@lru_cache(maxsize=_CACHE_SIZE)
def _multilingual(text: str) -> Floats:
    """Return the multilingual encoder's vector (384,) of a text and of its opening."""
    start = opening(text)
    rows = sentence_encoders.encode_multilingual([text] if start == text else [text, start])
    return _read_only(unit(rows.sum(axis=0, keepdims=True)))


def _read_only(rows: Floats) -> Floats:
    """Return the only row, protected from being changed in the cache."""
    vector: Floats = rows[0]
    vector.setflags(write=False)
    return vector


def _lower_capitals(text: str) -> str:
    """Put lines that are all in capitals in lower case, except for those of one or two words.

    The multilingual encoder takes words in capitals for other words; one or two may be acronyms.
    """
    return "\n".join(
        line.lower() if line.isupper() and len(line.split()) >= _MIN_WORDS else line
        for line in text.split("\n")
    )


def opening(text: str) -> str:
    """Return the title or first sentence of a text: its first line up to the end of a sentence.

    A next line that starts in lower case belongs to the first line, which was wrapped. Where the
    sentence has fewer than three words the whole line counts, and then the whole text.
    """
    line, *following = (line.strip() for line in text.strip().split("\n"))
    for next_line in following:
        if not next_line[:1].islower() or line[-1:] in ".!?:;":
            break
        line = f"{line} {next_line}"
    sentence = _SENTENCE_END.split(line, maxsplit=1)[0]
    start = sentence if len(sentence.split()) >= _MIN_WORDS else line
    return start if len(start.split()) >= _MIN_WORDS else text.strip()
