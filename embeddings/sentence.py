"""What whole sentences say, in many languages: two small networks that come in packages.

The vectors of two sentence encoders (`embeddings.sentence_encoders`), one good at English and one
at many languages, lie in one space and are added. The English one is left out where a text is in
another language: it would read it badly, and offers in two languages would be further apart.
What a text opens with, its
title or first sentence, counts as much as the whole: offers are often a heading with details. As
they come, all vectors are somewhat alike, so they are whitened on the corpus, and the directions in
which its texts differ least are left out.
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
from embeddings.embedding_store import NONE_KEPT, EmbeddingStore
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
"""So many directions are kept of the readers' 384."""
_NAME = "sentence"
_SOFTNESS = 8.0
"""How softly the vectors are whitened, see `embeddings.whitening`. Origin: 2 to 16 compared on two
families."""
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")
_MIN_WORDS = 3
_MAX_READ_LENGTH = 8_000
"""So many characters of a text are read: it takes some 10 ms for a thousand."""
_READING = 2
"""To be raised where another way of reading gives other vectors, so that none are mixed."""
_REMEMBERED = 8_192
_THREADS = 2


class SentenceVectors:
    """Texts to vectors of the readers, whitened on a corpus."""

    def __init__(self, whitening: Whitening, embedding_store: EmbeddingStore = NONE_KEPT) -> None:
        self.whitening = whitening
        self._readings = embedding_store

    @classmethod
    def fit(
        cls, texts: Sequence[str], embedding_store: EmbeddingStore = NONE_KEPT
    ) -> SentenceVectors:
        """Learn the whitening from `texts`; with `readings` no text is read that is kept there."""
        rows = embedding_store.rows(_reader(), texts, sentence_encoders.DIM, _read)
        return cls(fit_whitening(rows, _SOFTNESS, DIMENSIONS), embedding_store)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self.whitening.matrix.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1."""
        rows = self._readings.rows(_reader(), texts, sentence_encoders.DIM, _read)
        return self.whitening.apply(rows)

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a digest."""
        sentence_encoders.update(digest)
        self.whitening.update(digest)

    def save(self, folder: Path) -> None:
        """Write what was learned into `folder`; the networks stay in their packages."""
        save_whitening(self.whitening, folder, _NAME)

    @classmethod
    def load(cls, folder: Path) -> SentenceVectors:
        """Read what `save` wrote; raises OSError or ValueError for what is damaged."""
        return cls(load_whitening(folder, _NAME))


@cache
def _reader() -> str:
    """Return what names all that `_read` depends on besides the text."""
    digest = hashlib.sha256(f"{_READING} {_MAX_READ_LENGTH}".encode())
    sentence_encoders.update(digest)
    return digest.hexdigest()


def _read(texts: Sequence[str]) -> Floats:
    """Return the readers' vectors (n, 384); texts read before, such as judged pairs, are kept.

    Each text goes through on its own, so that a batch gives bitwise what single texts give.
    """
    cut = [_uncapitalised(text.strip()[:_MAX_READ_LENGTH]) for text in texts]
    if len(cut) > 1:
        with ThreadPoolExecutor(_THREADS) as pool:
            english = list(pool.map(_english, cut))
    else:
        english = [_english(text) for text in cut]
    rows = [one + _multilingual(text) for one, text in zip(english, cut, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(rows), sentence_encoders.DIM)


@lru_cache(maxsize=_REMEMBERED)
def _english(text: str) -> Floats:
    """Return the English reader's vector, zeros for a text in another language."""
    if detect_language(text) in {"en", None}:
        return _kept(sentence_encoders.english([text]))
    return _kept(np.zeros((1, sentence_encoders.DIM), dtype=np.float32))


@lru_cache(maxsize=_REMEMBERED)
def _multilingual(text: str) -> Floats:
    opens = opening(text)
    rows = sentence_encoders.multilingual([text] if opens == text else [text, opens])
    return _kept(unit(rows.sum(axis=0, keepdims=True)))


def _kept(rows: Floats) -> Floats:
    vector: Floats = rows[0]
    vector.setflags(write=False)
    return vector


def _uncapitalised(text: str) -> str:
    """Return a text with lines that are all in capitals in lower case.

    The multilingual reader takes capitals for other words; a word or two may be abbreviations.
    """
    return "\n".join(
        line.lower() if line.isupper() and len(line.split()) >= _MIN_WORDS else line
        for line in text.split("\n")
    )


def opening(text: str) -> str:
    """Return what a text opens with: its first line, up to where the first sentence ends.

    A line that goes on in the next one, in lower case, was only wrapped. A text without an end of
    sentence is its own opening, and so is a first line of a word or two.
    """
    line, *others = (one.strip() for one in text.strip().split("\n"))
    for other in others:
        if not other[:1].islower() or line[-1:] in ".!?:;":
            break
        line = f"{line} {other}"
    first = _SENTENCE_END.split(line, maxsplit=1)[0]
    opens = first if len(first.split()) >= _MIN_WORDS else line
    return opens if len(opens.split()) >= _MIN_WORDS else text.strip()
