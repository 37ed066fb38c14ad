"""The default encoder: word vectors and sentence vectors, fitted on the corpus.

A vector has two views in adjacent columns: `embeddings.word_vectors` (a small shipped table of word
vectors) and `embeddings.sentence` (two small networks from Python packages). Both count equally in
the inner product of two vectors; `views` tells their columns. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.lexicon import Lexicon, LexiconError, lexicon_from, saved_lexicon, shipped_lexicon
from embeddings.port import EncoderError, Progress, RawEncoder, View
from embeddings.sentence import SENTENCE_NETWORKS, SentenceVectors
from embeddings.vocabulary import Vocabulary, content_words
from embeddings.whitening import Floats
from embeddings.word_vectors import WordVectors

Item = TypeVar("Item")
_BACKGROUND = Path(__file__).parent / "background.txt"
_MANIFEST = "encoder.json"
_LEXICON = "lexicon.json"
_MAX_TEXT_LENGTH = 20_000
_MAX_WORD_SAMPLE = 10_000
"""How many texts, evenly spread over the corpus, the word vectors are fitted on."""
_MAX_SENTENCE_SAMPLE = 4_000
"""How many the sentence vectors are fitted on; fewer, as the networks are slow."""
_MIN_SAMPLE = 500
"""With fewer texts, the shipped background sentences are added."""


class DefaultEncoder:
    """The default encoder; see the invariants of `embeddings.port.Encoder`."""

    name = "default"

    def __init__(
        self, vocabulary: Vocabulary, words: WordVectors, sentence: SentenceVectors
    ) -> None:
        self._vocabulary = vocabulary
        self._words = words
        self._sentence = sentence
        self.fingerprint = self._fingerprint()

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        progress: Progress | None = None,
        lexicon: Lexicon | None = None,
        embedding_store: EmbeddingStore = NO_STORE,
    ) -> DefaultEncoder:
        """Fit on any number of `texts`, even none; `lexicon` defaults to the shipped one.

        What the networks make of texts is read from and kept in `embedding_store`.
        """
        report = progress or (lambda stage, fraction: None)
        lexicon = lexicon or shipped_lexicon()
        fitted_on = sample(list(texts), _MAX_WORD_SAMPLE)
        if len(fitted_on) < _MIN_SAMPLE:
            fitted_on = fitted_on + _BACKGROUND.read_text(encoding="utf-8").split("\n")
        fitted_on = [text for text in fitted_on if text.strip()]
        report("words", 0.0)
        cut = [text[:_MAX_TEXT_LENGTH] for text in fitted_on]
        vocabulary, words = Vocabulary.fit(cut), WordVectors.fit(cut, lexicon)
        report("words", 1.0)
        report("sentences", 0.0)
        sentence = SentenceVectors.fit(sample(fitted_on, _MAX_SENTENCE_SAMPLE), embedding_store)
        report("sentences", 1.0)
        return cls(vocabulary, words, sentence)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.views[-1].end

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon of the word vectors."""
        return self._words.lexicon

    @property
    def views(self) -> tuple[View, ...]:
        """The columns of the word vectors and of the sentence vectors."""
        words = self._words.dim
        return (
            View("word_vectors", 0, words),
            View("sentence", words, words + self._sentence.dim),
        )

    @property
    def raw_encoders(self) -> Sequence[RawEncoder]:
        """The networks of the sentence view."""
        return (SENTENCE_NETWORKS,)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim), zeros where no content word is known.

        The sentence view has squared length 1/2; so has the word view of a text whose words are all
        known, and less in proportion otherwise. The networks give a vector for any string, so only
        texts with a known word are passed to them.
        """
        return self._encode(texts, self._sentence.encode)

    def encode_stored(self, texts: Sequence[str]) -> Floats:
        """Return what `encode` returns; see the port."""
        return self._encode(texts, self._sentence.encode_stored)

    def _encode(
        self, texts: Sequence[str], encode_sentences: Callable[[Sequence[str]], Floats]
    ) -> Floats:
        cut = [text[:_MAX_TEXT_LENGTH] for text in texts]
        words = self._words.encode(cut)
        known = np.array(
            [self._knows(text, bool(row.any())) for text, row in zip(cut, words, strict=True)],
            dtype=np.bool_,
        )
        words[~known] = 0.0
        sentence = np.zeros((len(cut), self._sentence.dim), dtype=np.float32)
        places = np.flatnonzero(known)
        sentence[places] = encode_sentences([texts[place] for place in places.tolist()])
        rows: Floats = np.concatenate([words, sentence], axis=1) * np.float32(np.sqrt(1 / 2))
        return rows

    def _knows(self, text: str, has_word_vector: bool) -> bool:
        words = content_words(text)
        return bool(words) and (has_word_vector or any(map(self._vocabulary.knows, words)))

    def save(self, folder: Path) -> None:
        """Write the encoder as JSON and .npy files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._vocabulary.save(folder)
        self._words.save(folder)
        self._sentence.save(folder)
        lexicon = json.dumps(saved_lexicon(self._words.lexicon))
        (folder / _LEXICON).write_text(lexicon, encoding="utf-8")
        manifest = {"kind": self.name, "fingerprint": self.fingerprint}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, embedding_store: EmbeddingStore = NO_STORE) -> DefaultEncoder:
        """Load what `save` wrote. Raises EncoderError where it can't be read or was changed."""
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            expected = str(manifest["fingerprint"])
            lexicon = _lexicon((folder / _LEXICON).read_text(encoding="utf-8"))
            encoder = cls(
                Vocabulary.load(folder),
                WordVectors.load(folder, lexicon),
                SentenceVectors.load(folder, embedding_store),
            )
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            LexiconError,
        ) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        if encoder.fingerprint != expected:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        self._vocabulary.update(digest)
        self._words.update(digest)
        self._sentence.update(digest)
        return f"{self.name}-{digest.hexdigest()[:16]}"


@lru_cache(maxsize=2)
def _lexicon(saved: str) -> Lexicon:
    """Parse a saved lexicon; cached, as generations mostly share one."""
    return lexicon_from(json.loads(saved))


def sample(items: list[Item], limit: int) -> list[Item]:
    """Return the items, or `limit` of them, evenly spread."""
    if len(items) <= limit:
        return items
    places = np.linspace(0, len(items) - 1, limit).astype(int)
    return [items[place] for place in places]
