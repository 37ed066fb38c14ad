"""Word matching: how many of the words of one text have a word in another that means the same.

Vectors of whole texts tell which texts have a subject in common. Whether an offer is what a need
asks for, single words decide: a *dressing* that measures isn't one that heals. So the content words
of both texts are compared one by one, by their vectors, and each is matched with the word of the
other text that is nearest to it (Zhang et al., 2020, BERTScore). The vectors are those of the
multilingual network for a word by itself, so words match across languages, compounds included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from embeddings import sentence_encoders
from embeddings.embedding_store import (
    NO_STORE,
    EmbeddingStore,
    MemoryStore,
    Row,
    embed,
)
from embeddings.shipped_files import DATA, checked
from embeddings.vocabulary import content_words
from embeddings.whitening import Floats, unit
from embeddings.words import words_of

MAX_WORDS = 60
"""So many distinct words of a text are compared; later ones seldom say more."""
TOLD_BY = 4
"""So many words of a need, those met best, tell how far it is met: a need is some four words long,
and more are asides. Origin: 2, 4 and all compared on judged pairs and questions."""
_MAP = DATA / "word-map.npy"
"""The linear map (513, 64), float16, from the network's 512 columns; the intercept in the last row.
Made by `embeddings.tools.word_map`."""
_REMEMBERED = 50_000
"""Words whose vectors a process remembers, in some 15 MB."""


class WordNetwork:
    """The multilingual network, for single words: a raw encoder, rows (n, 64) of length 1."""

    dim = 64
    is_local = True

    @property
    def fingerprint(self) -> str:
        """A hash of everything that the rows depend on besides the word."""
        return _fingerprint()

    def encode_raw(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, 64)."""
        word_map = _word_map()
        return unit(sentence_encoders.encode_native(texts) @ word_map[:-1] + word_map[-1])


WORD_NETWORK = WordNetwork()
_remembered = MemoryStore(_REMEMBERED)


@cache
def _word_map() -> Floats:
    weights: Floats = np.load(checked(_MAP), allow_pickle=False).astype(np.float32)
    return weights


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256(_MAP.read_bytes())
    sentence_encoders.update(digest)
    return f"words-{digest.hexdigest()[:16]}"


def compared_words(text: str) -> list[str]:
    """Return the distinct words of a text that are compared, in lower case, at most MAX_WORDS.

    Those are left out that any brief may have, such as *innovation* and *partner*.
    """
    words = dict.fromkeys(word.casefold() for word in words_of(text))
    telling = (word for word in words if content_words(word))
    return list(islice(telling, MAX_WORDS))


class _Remembering:
    """A store, and before it the memory of this process.

    The store is asked for all words nevertheless, and given those that it lacks: it keeps what a
    build has asked it for.
    """

    def __init__(self, store: EmbeddingStore) -> None:
        self._store = store

    def get(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        stored = self._store.get(encoder, keys)
        remembered = _remembered.get(encoder, [key for key in keys if key not in stored])
        self._store.put(encoder, remembered)
        _remembered.put(encoder, stored)
        return stored | remembered

    def put(self, encoder: str, rows: Mapping[bytes, Row]) -> None:
        self._store.put(encoder, rows)
        _remembered.put(encoder, rows)


def word_vectors(words: Sequence[str], store: EmbeddingStore = NO_STORE) -> Floats:
    """Return the vectors (n, 64) of words, from `store`, from memory, or from the network."""
    return embed(WORD_NETWORK, words, _Remembering(store))


@dataclass(frozen=True, slots=True, eq=False)
class TextWords:
    """The vectors of the words of n texts, one text after the other."""

    vectors: Floats
    """(q, 64)."""
    starts: NDArray[np.int64]
    """(n + 1,) where the words of each text begin."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of_sizes(cls, vectors: Floats, sizes: Sequence[int] | NDArray[np.int64]) -> TextWords:
        """Return words, vectors (q, 64), of texts that have so many of them (n,)."""
        return cls(vectors, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    def at(self, places: NDArray[np.int64]) -> TextWords:
        """Return the words of some of the texts (k,)."""
        spans = [slice(self.starts[place], self.starts[place + 1]) for place in places.tolist()]
        parts = [self.vectors[span] for span in spans]
        vectors = np.concatenate([self.vectors[:0], *parts])
        return TextWords.of_sizes(vectors, [len(part) for part in parts])

    @classmethod
    def of_texts(cls, texts: Sequence[str], store: EmbeddingStore = NO_STORE) -> TextWords:
        """Return the words of texts; all that aren't known yet are encoded in one batch."""
        lists = [compared_words(text) for text in texts]
        vectors = word_vectors([word for words in lists for word in words], store)
        return cls.of_sizes(vectors, [len(words) for words in lists])


@dataclass(frozen=True, slots=True, eq=False)
class WordMatches:
    """How far words of texts that ask (k,) and of offers (m,) match; each (k, m), from 0 to 1."""

    met: NDArray[np.float64]
    """The mean over all words that ask, each matched with the word of the offer nearest to it."""
    best_met: NDArray[np.float64]
    """The mean over the TOLD_BY of them that are met best."""
    spoken_of: NDArray[np.float64]
    """The mean over all words of the offer, each matched with the nearest word that asks."""


def match_words(asked: TextWords, offered: TextWords) -> WordMatches:
    """Match the words of texts; one without words is met by nothing."""
    met, best_met, spoken_of = np.zeros((3, len(asked), len(offered)))
    found = WordMatches(met, best_met, spoken_of)
    sizes = np.diff(offered.starts)
    filled = np.flatnonzero(sizes)
    if not len(filled):
        return found
    begins = offered.starts[filled]
    for number in range(len(asked)):
        words = asked.vectors[asked.starts[number] : asked.starts[number + 1]]
        if not len(words):
            continue
        compared = np.clip(words @ offered.vectors.T, 0.0, 1.0)
        best = np.maximum.reduceat(compared, begins, axis=1)
        told_by = min(TOLD_BY, len(words))
        met[number, filled] = best.mean(axis=0)
        best_met[number, filled] = np.partition(best, -told_by, axis=0)[-told_by:].mean(axis=0)
        spoken_of[number, filled] = np.add.reduceat(compared.max(axis=0), begins) / sizes[filled]
    return found
