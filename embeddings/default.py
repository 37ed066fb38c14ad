"""The default encoder: two views side by side, fitted on the corpus; nothing is downloaded.

Each text has two views in one vector: `embeddings.word_vectors` (a small shipped table of what
words mean) and `embeddings.sentence` (two small sentence networks that come in packages). Both
count equally in the similarity of two vectors; whoever votes by each view alone finds its columns
in `views`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from embeddings.embedding_store import NONE_KEPT, EmbeddingStore
from embeddings.lexicon import Lexicon, LexiconError, lexicon_from, saved_lexicon, shipped_lexicon
from embeddings.port import EncoderError, Progress, View
from embeddings.sentence import SentenceVectors
from embeddings.vocabulary import Vocabulary, content_words
from embeddings.whitening import Floats
from embeddings.word_vectors import WordVectors

_BACKGROUND = Path(__file__).parent / "background.txt"
_MANIFEST = "encoder.json"
_LEXICON = "lexicon.json"
_MAX_TEXT_LENGTH = 20_000
_MAX_WORD_SAMPLE = 30_000
"""At most so many texts, evenly spread, are fitted on."""
_MAX_SENTENCE_SAMPLE = 4_000
"""On at most so many the whitening of sentences is fitted: the networks take their time."""
_BACKGROUND_BELOW = 500
"""With fewer texts than this the shipped background sentences are fitted on, too."""


class DefaultEncoder:
    """The default encoder; see `embeddings.port.Encoder` for what it promises."""

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
        embedding_store: EmbeddingStore = NONE_KEPT,
    ) -> DefaultEncoder:
        """Fit on `texts` (any number, none too), with the shipped lexicon or a given one.

        With an `embedding_store`, no network reads a text that is kept there.
        """
        report = progress or (lambda stage, fraction: None)
        lexicon = lexicon or shipped_lexicon()
        learned = sample([text[:_MAX_TEXT_LENGTH] for text in texts], _MAX_WORD_SAMPLE)
        if len(learned) < _BACKGROUND_BELOW:
            learned = learned + _BACKGROUND.read_text(encoding="utf-8").split("\n")
        learned = [text for text in learned if text.strip()]
        report("words", 0.0)
        vocabulary, words = Vocabulary.fit(learned), WordVectors.fit(learned, lexicon)
        report("words", 1.0)
        report("sentences", 0.0)
        sentence = SentenceVectors.fit(sample(learned, _MAX_SENTENCE_SAMPLE), embedding_store)
        report("sentences", 1.0)
        return cls(vocabulary, words, sentence)

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.views[-1].end

    @property
    def lexicon(self) -> Lexicon:
        """The concepts that it finds in texts."""
        return self._words.lexicon

    @property
    def views(self) -> tuple[View, ...]:
        """The columns of the words and of the sentence."""
        words = self._words.dim
        return (
            View("word_vectors", 0, words),
            View("sentence", words, words + self._sentence.dim),
        )

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim), zeros where no content word is known.

        The sentence has the squared length 1/2; the words as much for a text that they understand
        in full, and less for others, down to nothing. The networks find something in any letters,
        so they read only texts of which something is known.
        """
        cut = [text[:_MAX_TEXT_LENGTH] for text in texts]
        words = self._words.encode(cut)
        known = np.array(
            [self._knows(text, bool(row.any())) for text, row in zip(cut, words, strict=True)],
            dtype=np.bool_,
        )
        words[~known] = 0.0
        sentence = np.zeros((len(cut), self._sentence.dim), dtype=np.float32)
        places = np.flatnonzero(known)
        sentence[places] = self._sentence.encode([cut[place] for place in places])
        rows: Floats = np.concatenate([words, sentence], axis=1) * np.float32(np.sqrt(1 / 2))
        return rows

    def _knows(self, text: str, words_know: bool) -> bool:
        content = content_words(text)
        return bool(content) and (words_know or any(map(self._vocabulary.knows, content)))

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
    def load(cls, folder: Path) -> DefaultEncoder:
        """Read what `save` wrote. Raises EncoderError where it cannot be read or was changed."""
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            expected = str(manifest["fingerprint"])
            lexicon = _lexicon((folder / _LEXICON).read_text(encoding="utf-8"))
            encoder = cls(
                Vocabulary.load(folder),
                WordVectors.load(folder, lexicon),
                SentenceVectors.load(folder),
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
    """Return a saved lexicon; generations mostly share one, so the last ones are kept."""
    return lexicon_from(json.loads(saved))


def sample(texts: list[str], most: int) -> list[str]:
    """Return the texts, or so many of them, evenly spread."""
    if len(texts) <= most:
        return texts
    places = np.linspace(0, len(texts) - 1, most).astype(int)
    return [texts[place] for place in places]
