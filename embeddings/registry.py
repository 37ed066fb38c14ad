"""Encoders by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from embeddings.lsa import LsaEncoder
from embeddings.port import Encoder, EncoderError, Progress

_ENCODERS = {LsaEncoder.name: LsaEncoder}


def fit_encoder(name: str, texts: Sequence[str], progress: Progress | None = None) -> Encoder:
    """Fit the encoder called `name` on `texts`. Raises EncoderError for an unknown name."""
    return _kind(name).fit(texts, progress=progress)


def load_encoder(folder: Path) -> Encoder:
    """Load the encoder saved in `folder`. Raises EncoderError where there is none to be read."""
    try:
        manifest = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        kind = str(manifest["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder.name}: no readable encoder there") from error
    return _kind(kind).load(folder)


def _kind(name: str) -> type[LsaEncoder]:
    if name not in _ENCODERS:
        raise EncoderError(f"no encoder is called {name!r}; there is: {', '.join(_ENCODERS)}")
    return _ENCODERS[name]
