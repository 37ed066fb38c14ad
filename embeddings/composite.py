"""A model's view beside those of the default encoder: names and rare words, and what is meant.

A sentence transformer, on this machine or behind an address, votes better beside the wording and
the meaning of words than in their place (docs/quality.md). Its vectors are whitened on the corpus:
as they come, all texts are somewhat alike.

A build needs the model. Whoever answers questions goes on without it where it doesn't answer.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.circuit_breaker import CircuitBreaker
from embeddings.default import DefaultEncoder, sample
from embeddings.embedding_store import NONE_KEPT, EmbeddingStore
from embeddings.lexicon import Lexicon
from embeddings.port import Encoder, EncoderError, Progress, View
from embeddings.whitening import Whitening, fit_whitening, load_whitening, save_whitening

KIND = "beside"
_MANIFEST = "encoder.json"
_WORDS, MODEL = "words", "model"
_SAMPLE = 4_000
"""On so many texts at most the whitening is learned: a model takes its time."""
_SOFTNESS = 3.0
REST = 30.0
"""Seconds for which a model that didn't answer isn't asked again."""
_PROBE = "Does the model answer again?"


class BesideEncoder:
    """The default encoder's views and a model's; see `embeddings.port.Encoder` for its promises."""

    def __init__(
        self, words: DefaultEncoder, model: Encoder, whitening: Whitening, *, needed: bool = True
    ) -> None:
        """Take the parts; where the model isn't `needed`, what it fails to read has zeros there."""
        self.words = words
        self.model = model
        self.whitening = whitening
        self.fault = ""
        """Why the model failed when it was asked last; empty where it answered."""
        self.missed = 0
        """How often texts were encoded without it."""
        self._needed = needed
        self._reach = CircuitBreaker(REST)
        digest = hashlib.sha256(f"{words.fingerprint} {model.fingerprint}".encode())
        whitening.update(digest)
        self.fingerprint = f"{model.name}-{digest.hexdigest()[:16]}"

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        model: Encoder,
        progress: Progress | None = None,
        lexicon: Lexicon | None = None,
        embedding_store: EmbeddingStore = NONE_KEPT,
    ) -> BesideEncoder:
        """Fit the default encoder and the whitening on `texts`; the model was fitted before."""
        words = DefaultEncoder.fit(texts, progress, lexicon, embedding_store)
        learned = sample(list(texts), _SAMPLE)
        return cls(words, model, fit_whitening(model.encode(learned), _SOFTNESS))

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.words.dim + self.model.dim

    @property
    def lexicon(self) -> Lexicon:
        """The concepts that it finds in texts."""
        return self.words.lexicon

    @property
    def views(self) -> tuple[View, ...]:
        """The columns of the default encoder's views, and of the model."""
        return (*self.words.views, View("model", self.words.dim, self.dim))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim), each view of squared length 1/n, or less where it knows less."""
        views = len(self.views)
        words = self.words.encode(texts) * np.float32(np.sqrt((views - 1) / views))
        model = self._model_rows(texts) * np.float32(np.sqrt(1 / views))
        rows: NDArray[np.float32] = np.concatenate([words, model], axis=1)
        return rows

    def _model_rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return whitened rows (n, dim of the model). Raises EncoderError where it is needed."""
        if self.fault:
            if self._reach.allows():
                threading.Thread(target=self._ask_again, daemon=True).start()  # nobody waits for it
        else:
            try:
                return self.whitening.apply(self.model.encode(texts))
            except EncoderError as error:
                if self._needed:
                    raise
                self._away(error)
        self.missed += 1
        return np.zeros((len(texts), self.model.dim), dtype=np.float32)

    def _ask_again(self) -> None:
        """Ask a model that is away for one text, and go on with it if it answers."""
        try:
            self.model.encode([_PROBE])
        except EncoderError as error:
            self._away(error)
        else:
            self._reach.record_success()
            self.fault = ""

    def _away(self, error: EncoderError) -> None:
        self._reach.record_failure()
        self.fault = str(error)

    def save(self, folder: Path) -> None:
        """Write both encoders and the whitening into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.words.save(folder / _WORDS)
        self.model.save(folder / MODEL)
        save_whitening(self.whitening, folder, MODEL)
        manifest = {"kind": KIND, "fingerprint": self.fingerprint}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, load_model: Callable[[Path], Encoder]) -> BesideEncoder:
        """Read what `save` wrote, to answer with: it goes on while the model is away.

        Raises EncoderError where it cannot be read or was changed.
        """
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            whitening = load_whitening(folder, MODEL)
            expected = str(manifest["fingerprint"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        words, model = DefaultEncoder.load(folder / _WORDS), load_model(folder / MODEL)
        encoder = cls(words, model, whitening, needed=False)
        if encoder.fingerprint != expected:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder


def fault_of(encoder: Encoder) -> str:
    """Return why a part of an encoder doesn't answer at the moment; empty where all do."""
    return encoder.fault if isinstance(encoder, BesideEncoder) else ""


def missed_of(encoder: Encoder) -> int:
    """Return how often an encoder did without a part of it; it grows while that is away."""
    return encoder.missed if isinstance(encoder, BesideEncoder) else 0
