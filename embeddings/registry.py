"""Fits and loads encoders by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embeddings import composite
from embeddings.bulk import embed_many
from embeddings.composite import CompositeEncoder
from embeddings.default import DefaultEncoder
from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.lexicon import LexiconError, shipped_lexicon
from embeddings.port import Encoder, EncoderError, Progress, RawEncoder
from embeddings.remote import RemoteConfig, RemoteEncoder
from embeddings.sentence import SENTENCE_NETWORKS
from embeddings.transformer import TransformerEncoder

NAMES = (DefaultEncoder.name, TransformerEncoder.name, RemoteEncoder.name)


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What the encoders need besides texts; each uses only the options meant for it."""

    lexicon: Path | None = None
    """A file of concepts to add to the shipped ones."""
    folder: Path | None = None
    """`transformer`: the converted folder."""
    url: str = ""
    """`remote`: the address of the service, without `/v1/embeddings`."""
    model: str = ""
    """`remote`: the model's name there."""
    key: str = field(default="", repr=False)
    """`remote`: the key, sent as bearer."""
    timeout: float = 10.0
    """`remote`: seconds to wait for the service."""
    retries: int = 4
    """`remote`: how often a request is repeated."""
    allow_http: bool = False
    """`remote`: whether another machine may be asked without encryption."""
    embedding_store: EmbeddingStore = NO_STORE
    """Where the raw embeddings of stored texts are read and kept."""


def fit_encoder(
    name: str,
    texts: Sequence[str],
    progress: Progress | None = None,
    options: EncoderOptions | None = None,
) -> Encoder:
    """Fit the encoder called `name` on `texts`.

    `default` is the default encoder alone; the other names combine it with a model. Where there is
    an embedding store, the networks read all `texts` first that aren't there, on all cores.

    Raises EncoderError for an unknown name and for missing or wrong options.
    """
    chosen = options or EncoderOptions()
    _check_name(name)
    try:
        lexicon = shipped_lexicon(chosen.lexicon)
    except LexiconError as error:
        raise EncoderError(str(error)) from error
    model = None if name == DefaultEncoder.name else _model(name, chosen)
    if chosen.embedding_store is not NO_STORE:
        networks = [SENTENCE_NETWORKS, *(model.raw_encoders if model else ())]
        report = progress or (lambda stage, fraction: None)
        embed_many(
            networks,
            texts,
            chosen.embedding_store,
            lambda done, total: report("embeddings", done / total),
        )
    words = DefaultEncoder.fit(texts, progress, lexicon, chosen.embedding_store)
    return CompositeEncoder.fit(texts, words, model) if model else words


def raw_encoders(name: str, options: EncoderOptions | None = None) -> tuple[RawEncoder, ...]:
    """Return the networks of the encoder called `name`, before anything is fitted.

    Raises EncoderError for an unknown name and for missing or wrong options.
    """
    _check_name(name)
    if name == DefaultEncoder.name:
        return (SENTENCE_NETWORKS,)
    return (SENTENCE_NETWORKS, *_model(name, options or EncoderOptions()).raw_encoders)


def _model(name: str, chosen: EncoderOptions) -> Encoder:
    if name == TransformerEncoder.name:
        if chosen.folder is None:
            raise EncoderError(
                "the transformer needs a converted folder, made by: "
                "schakel encoder convert SOURCE TARGET"
            )
        return TransformerEncoder.load(chosen.folder, chosen.embedding_store)
    config = RemoteConfig(
        chosen.url,
        chosen.model,
        timeout=chosen.timeout,
        retries=chosen.retries,
        allow_http=chosen.allow_http,
    )
    return RemoteEncoder.fit(config, chosen.key, chosen.embedding_store)


def load_encoder(folder: Path, embedding_store: EmbeddingStore = NO_STORE) -> Encoder:
    """Load the encoder saved in `folder`, with the time-out that it was saved with.

    What its networks make of stored texts is read from and kept in `embedding_store`.

    The key of a remote encoder isn't saved; it is read from SCHAKEL_REMOTE_KEY.
    Raises EncoderError where there is no readable encoder.
    """
    kind = _kind(folder)
    if kind == composite.KIND:
        return CompositeEncoder.load(folder, load_encoder, embedding_store)
    _check_name(kind)
    if kind == TransformerEncoder.name:
        return TransformerEncoder.load(folder, embedding_store)
    if kind == RemoteEncoder.name:
        return RemoteEncoder.load(folder, embedding_store=embedding_store)
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
