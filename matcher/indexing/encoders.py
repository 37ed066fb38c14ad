"""The encoder that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.port import Encoder, RawEncoder
from embeddings.registry import EncoderOptions, fit_encoder, raw_encoders
from embeddings.remote import MAX_RETRIES_ONLINE
from matcher.progress import Progress
from matcher.settings import Settings

_RETRIES = 4
"""How often a build repeats a request to a service that fails."""


def fitted_encoder(
    settings: Settings, texts: Sequence[str], report: Progress, embedding_store: EmbeddingStore
) -> Encoder:
    """Return the encoder that the settings name, fitted on `texts`. Raises EncoderError."""
    return fit_encoder(
        settings.encoder,
        texts,
        lambda stage, part: report(stage, int(part * 100), 100),
        _options(settings, _RETRIES, embedding_store),
    )


class RawEncoders:
    """The networks of the encoder that the settings name, loaded when first called."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: tuple[RawEncoder, ...] | None = None

    def __call__(self) -> tuple[RawEncoder, ...]:
        """Return the networks. Raises EncoderError where they can't be loaded."""
        if self._loaded is None:
            options = _options(self._settings, MAX_RETRIES_ONLINE)
            self._loaded = raw_encoders(self._settings.encoder, options)
        return self._loaded


def _options(
    settings: Settings, retries: int, embedding_store: EmbeddingStore = NO_STORE
) -> EncoderOptions:
    return EncoderOptions(
        lexicon=Path(settings.lexicon) if settings.lexicon else None,
        folder=Path(settings.model_folder) if settings.model_folder else None,
        url=settings.remote_url,
        model=settings.remote_model,
        key=settings.remote_key,
        timeout=float(settings.remote_timeout),
        retries=retries,
        allow_http=settings.remote_http,
        embedding_store=embedding_store,
    )
