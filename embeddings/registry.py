"""Fits and loads encoders by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embeddings import composite
from embeddings.composite import CompositeEncoder
from embeddings.default import DefaultEncoder
from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.lexicon import LexiconError, shipped_lexicon
from embeddings.port import Encoder, EncoderError, Progress
from embeddings.remote import RemoteConfig, RemoteEncoder
from embeddings.transformer import TransformerEncoder

NAMES = (DefaultEncoder.name, TransformerEncoder.name, RemoteEncoder.name)


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What the encoders need besides texts; each uses only the options meant for it."""

    lexicon: Path | None = None
    """A file of concepts to add to the shipped ones."""
    folder: Path | None = None
    """`transformer`: the converted folder."""
    threads: int = 2
    """`transformer`: how many texts are encoded at once."""
    url: str = ""
    """`remote`: the address of the service, without `/v1/embeddings`."""
    model: str = ""
    """`remote`: the model's name there."""
    key: str = field(default="", repr=False)
    """`remote`: the key, sent as bearer."""
    timeout: float = 10.0
    """`remote`: seconds to wait for the service."""
    allow_http: bool = False
    """`remote`: whether another machine may be asked without encryption."""
    embedding_store: EmbeddingStore = NO_STORE
    """Embeddings that networks on this machine made before."""


def fit_encoder(
    name: str,
    texts: Sequence[str],
    progress: Progress | None = None,
    options: EncoderOptions | None = None,
) -> Encoder:
    """Fit the encoder called `name` on `texts`.

    `default` is the default encoder alone; the other names combine it with a model.

    Raises EncoderError for an unknown name and for missing or wrong options.
    """
    chosen = options or EncoderOptions()
    _check_name(name)
    try:
        lexicon = shipped_lexicon(chosen.lexicon)
    except LexiconError as error:
        raise EncoderError(str(error)) from error
    if name == DefaultEncoder.name:
        return DefaultEncoder.fit(texts, progress, lexicon, chosen.embedding_store)
    return CompositeEncoder.fit(
        texts, _model(name, chosen), progress, lexicon, chosen.embedding_store
    )


def _model(name: str, chosen: EncoderOptions) -> Encoder:
    if name == TransformerEncoder.name:
        if chosen.folder is None:
            raise EncoderError(
                "the transformer needs a converted folder, made by: "
                "flask --app app encoder convert SOURCE TARGET"
            )
        return TransformerEncoder.load(chosen.folder, chosen.threads, chosen.embedding_store)
    config = RemoteConfig(
        chosen.url, chosen.model, timeout=chosen.timeout, allow_http=chosen.allow_http
    )
    return RemoteEncoder.fit(config, chosen.key)


def load_encoder(folder: Path, embedding_store: EmbeddingStore = NO_STORE) -> Encoder:
    """Load the encoder saved in `folder`, with the threads or time-out that it was saved with.

    What its networks make of stored texts is read from and kept in `embedding_store`.

    The key of a remote encoder isn't saved; it is read from SCHAKEL_REMOTE_KEY.
    Raises EncoderError where there is no readable encoder.
    """
    kind = _kind(folder)
    if kind == composite.KIND:
        return CompositeEncoder.load(folder, load_encoder, embedding_store)
    _check_name(kind)
    if kind == TransformerEncoder.name:
        return TransformerEncoder.load(folder, embedding_store=embedding_store)
    if kind == RemoteEncoder.name:
        return RemoteEncoder.load(folder)
    return DefaultEncoder.load(folder, embedding_store)


def saved_name(folder: Path) -> str:
    """Return the name of the encoder saved in `folder`, without loading it.

    Raises EncoderError where it can't be read.
    """
    kind = _kind(folder)
    return saved_name(folder / composite.MODEL) if kind == composite.KIND else kind


def _kind(folder: Path) -> str:
    try:
        manifest = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        return str(manifest["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder.name}: no readable encoder there") from error


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise EncoderError(f"no encoder is called {name!r}; there is: {', '.join(NAMES)}")
