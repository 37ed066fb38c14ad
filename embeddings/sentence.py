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
from functools import cache
from pathlib import Path
from typing import Any

from embeddings import sentence_encoders
from embeddings.embedding_store import NO_STORE, EmbeddingStore, embed, recent_store
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
"""Raise this when a change to `_encode` changes its sums, so that old and new aren't mixed."""


class SentenceNetworks:
    """The two networks as a raw encoder: sums (n, 384) of their vectors."""

    dim = sentence_encoders.DIM
    is_local = True

    @property
    def fingerprint(self) -> str:
        """A hash of everything that the sums depend on besides the text."""
        return _fingerprint()

    def encode_raw(self, texts: Sequence[str]) -> Floats:
        """Return the sums (n, 384), of lengths up to 2."""
        return _encode(texts)


SENTENCE_NETWORKS = SentenceNetworks()


class SentenceVectors:
    """Sums of the two encoders' vectors, whitened on a corpus."""

    def __init__(self, whitening: Whitening, embedding_store: EmbeddingStore = NO_STORE) -> None:
        self.whitening = whitening
        self._embedding_store = embedding_store
        self._recent = recent_store()

    @classmethod
    def fit(
        cls, texts: Sequence[str], embedding_store: EmbeddingStore = NO_STORE
    ) -> SentenceVectors:
        """Fit the whitening on `texts`; those in `embedding_store` are not encoded again."""
        rows = embed(SENTENCE_NETWORKS, texts, embedding_store)
        return cls(fit_whitening(rows, _SOFTNESS, DIMENSIONS), embedding_store)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self.whitening.matrix.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1, of the texts of a question."""
        return self.whitening.apply(embed(SENTENCE_NETWORKS, texts, self._recent))

    def encode_stored(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1, of texts that are stored."""
        return self.whitening.apply(embed(SENTENCE_NETWORKS, texts, self._embedding_store))

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
def _fingerprint() -> str:
    digest = hashlib.sha256(f"{_ENCODING_VERSION} {_MAX_TEXT_LENGTH}".encode())
    sentence_encoders.update(digest)
    return f"sentence-{digest.hexdigest()[:16]}"


def _encode(texts: Sequence[str]) -> Floats:
    """Return the sums (n, 384) of both encoders' vectors: one batch for each."""
    cut = [_lower_capitals(text.strip()[:_MAX_TEXT_LENGTH]) for text in texts]
    english = [row for row, text in enumerate(cut) if detect_language(text) in {"en", None}]
    sums = _multilingual(cut)
    sums[english] += sentence_encoders.encode_english([cut[row] for row in english])
    return sums


def _multilingual(texts: Sequence[str]) -> Floats:
    """Return the multilingual encoder's vectors (n, 384) of texts and their openings."""
    openings = [opening(text) for text in texts]
    row_of = {text: row for row, text in enumerate(dict.fromkeys([*texts, *openings]))}
    rows = sentence_encoders.encode_multilingual(list(row_of))
    whole = rows[[row_of[text] for text in texts]]
    return unit(whole + rows[[row_of[start] for start in openings]])


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
