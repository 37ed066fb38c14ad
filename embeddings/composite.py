"""The composite encoder: the views of the default encoder, and a sentence transformer's.

A sentence transformer, on this machine or a server, ranks better together with the views of the
default encoder than in their place (docs/quality.md). Its vectors are whitened on the corpus, since
raw vectors of any two texts are rather similar.

A build fails without the model. A service that answers questions goes on without it.
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
from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.lexicon import Lexicon
from embeddings.port import Encoder, EncoderError, RawEncoder, View
from embeddings.whitening import Whitening, fit_whitening, load_whitening, save_whitening

KIND = "composite"
_MANIFEST = "encoder.json"
_WORDS, MODEL = "words", "model"
_MAX_SAMPLE = 4_000
"""How many texts the whitening is fitted on: models are slow."""
_SOFTNESS = 3.0
RETRY_AFTER = 30.0
"""Seconds after a failure before the model is called again."""
_PROBE = "Does the model answer again?"


class CompositeEncoder:
    """The default encoder and a model; see the invariants of `embeddings.port.Encoder`."""

    def __init__(
        self, words: DefaultEncoder, model: Encoder, whitening: Whitening, *, needed: bool = True
    ) -> None:
        """Combine the parts. With `needed` False, rows have zeros for the model while it fails."""
        self.words = words
        self.model = model
        self.whitening = whitening
        self.failure = ""
        """Why the last call of the model failed; empty where it succeeded."""
        self.incomplete_count = 0
        """How many batches were encoded without the model."""
        self._needed = needed
        self._breaker = CircuitBreaker(RETRY_AFTER)
        digest = hashlib.sha256(f"{words.fingerprint} {model.fingerprint}".encode())
        whitening.update(digest)
        self.fingerprint = f"{model.name}-{digest.hexdigest()[:16]}"

    @classmethod
    def fit(cls, texts: Sequence[str], words: DefaultEncoder, model: Encoder) -> CompositeEncoder:
        """Fit the whitening on `texts`; `words` is fitted on them, and the model ready already."""
        learned = sample(list(texts), _MAX_SAMPLE)
        return cls(words, model, fit_whitening(model.encode_stored(learned), _SOFTNESS))

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.model.name

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.words.dim + self.model.dim

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon of the default encoder."""
        return self.words.lexicon

    @property
    def views(self) -> tuple[View, ...]:
        """The views of the default encoder, and one of the model."""
        return (*self.words.views, View("model", self.words.dim, self.dim))

    @property
    def raw_encoders(self) -> Sequence[RawEncoder]:
        """The networks of the default encoder, and the model."""
        return (*self.words.raw_encoders, *self.model.raw_encoders)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim); of v views each has squared length 1/v, or less (see the port)."""
        return self._joined(self.words.encode(texts), self._model_rows(texts, self.model.encode))

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode` returns; see the port."""
        model = self._model_rows(texts, self.model.encode_stored)
        return self._joined(self.words.encode_stored(texts), model)

    def _joined(
        self, words: NDArray[np.float32], model: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        views = len(self.views)
        shares = np.float32(np.sqrt((views - 1) / views)), np.float32(np.sqrt(1 / views))
        rows: NDArray[np.float32] = np.concatenate([words * shares[0], model * shares[1]], axis=1)
        return rows

    def _model_rows(
        self, texts: Sequence[str], encode: Callable[[Sequence[str]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Return whitened rows (n, model dim), or zeros. Raises EncoderError where it is needed."""
        if self.failure:
            if self._breaker.allows():
                threading.Thread(target=self._probe, daemon=True).start()
        else:
            try:
                return self.whitening.apply(encode(texts))
            except EncoderError as error:
                if self._needed:
                    raise
                self._record_failure(error)
        self.incomplete_count += 1
        return np.zeros((len(texts), self.model.dim), dtype=np.float32)

    def _probe(self) -> None:
        """Try the model with one text, and use it again if that works."""
        try:
            self.model.raw_encoders[0].encode_raw([_PROBE])
        except EncoderError as error:
            self._record_failure(error)
        else:
            self._breaker.record_success()
            self.failure = ""

    def _record_failure(self, error: EncoderError) -> None:
        self._breaker.record_failure()
        self.failure = str(error)

    def save(self, folder: Path) -> None:
        """Write both encoders and the whitening into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.words.save(folder / _WORDS)
        self.model.save(folder / MODEL)
        save_whitening(self.whitening, folder, MODEL)
        manifest = {"kind": KIND, "fingerprint": self.fingerprint}
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(
        cls,
        folder: Path,
        load_model: Callable[[Path, EmbeddingStore], Encoder],
        embedding_store: EmbeddingStore = NO_STORE,
    ) -> CompositeEncoder:
        """Load what `save` wrote, as an encoder that goes on while the model fails.

        Raises EncoderError where the folder can't be read or was changed.
        """
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            whitening = load_whitening(folder, MODEL)
            expected = str(manifest["fingerprint"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        words = DefaultEncoder.load(folder / _WORDS, embedding_store)
        model = load_model(folder / MODEL, embedding_store)
        encoder = cls(words, model, whitening, needed=False)
        if encoder.fingerprint != expected:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder


def model_failure(encoder: Encoder) -> str:
    """Return why the model of an encoder fails at the moment; empty where it doesn't."""
    return encoder.failure if isinstance(encoder, CompositeEncoder) else ""


def incomplete_count(encoder: Encoder) -> int:
    """Return how many batches an encoder has encoded without its model."""
    return encoder.incomplete_count if isinstance(encoder, CompositeEncoder) else 0
