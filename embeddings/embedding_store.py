"""Raw embeddings of texts, kept so that no network reads the same text twice.

A raw embedding is what a network makes of a text, before anything that is fitted on the corpus. It
depends on the text and the network alone, so it is stored by both: when a text is written, for the
use of all processes, restarts and index builds. Its components are rounded to float16 as soon as
they are computed, so that vectors are the same whether an embedding was stored or not.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.port import RawEncoder
from embeddings.whitening import Floats

Row = NDArray[np.float16]
"""A raw embedding (dim,)."""
_MAX_RECENT = 1_024
"""Texts of questions whose embeddings an encoder remembers: .8 MB for 384 components."""


class EmbeddingStore(Protocol):
    """Raw embeddings by the fingerprint of their encoder and `text_key`. Threads may share it."""

    def get(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Return the embeddings that are stored under some of `keys`."""
        ...

    def put(self, encoder: str, rows: Mapping[bytes, Row]) -> None:
        """Store embeddings by their keys. One that can't be stored now is computed again later."""
        ...


class MemoryStore:
    """Embeddings in memory: all of them, or the `limit` that were asked for last."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._rows: dict[tuple[str, bytes], Row] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Return the embeddings that are stored under some of `keys`."""
        found: dict[bytes, Row] = {}
        with self._lock:
            for key in keys:
                row = self._rows.pop((encoder, key), None)
                if row is not None:
                    self._rows[encoder, key] = found[key] = row  # now the most recent
        return found

    def put(self, encoder: str, rows: Mapping[bytes, Row]) -> None:
        """Store embeddings, and forget those that were asked for least recently."""
        with self._lock:
            self._rows.update({(encoder, key): row for key, row in rows.items()})
            while self._limit is not None and len(self._rows) > self._limit:
                del self._rows[next(iter(self._rows))]


NO_STORE: EmbeddingStore = MemoryStore(limit=0)
"""Stores nothing: every text is encoded."""


def recent_store() -> MemoryStore:
    """Return a store of the latest questions, which are often asked again with another filter."""
    return MemoryStore(_MAX_RECENT)


def text_key(text: str) -> bytes:
    """Return the key of a text: 16 bytes of BLAKE2b."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def embed(raw: RawEncoder, texts: Sequence[str], store: EmbeddingStore) -> Floats:
    """Return raw embeddings (n, dim) float32, rounded to float16.

    Those in `store` are read; the other texts are encoded in one batch and put there. Raises
    EncoderError.
    """
    keys = [text_key(text) for text in texts]
    rows = store.get(raw.fingerprint, list(dict.fromkeys(keys)))
    rows = {key: row for key, row in rows.items() if len(row) == raw.dim}
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
    if new:
        added = encode_raw(raw, new)
        store.put(raw.fingerprint, added)
        rows |= added
    embedded = np.array([rows[key] for key in keys], dtype=np.float16)
    return embedded.reshape(len(texts), raw.dim).astype(np.float32)


def missing_texts(raw: RawEncoder, texts: Sequence[str], store: EmbeddingStore) -> dict[bytes, str]:
    """Return by key the texts whose embeddings aren't in `store`."""
    by_key = {text_key(text): text for text in texts}
    stored = store.get(raw.fingerprint, list(by_key))
    return {key: text for key, text in by_key.items() if key not in stored}


def encode_raw(raw: RawEncoder, texts: Mapping[bytes, str]) -> dict[bytes, Row]:
    """Return the embeddings of texts by key, computed in one batch. Raises EncoderError."""
    rows = raw.encode_raw(list(texts.values())).astype(np.float16)
    return dict(zip(texts, rows, strict=True))
