"""A fast encoder for tests in which it doesn't matter what vectors mean.

    pytestmark = pytest.mark.usefixtures("hash_vectors")  # indexes are built with it

    @pytest.fixture
    def home(hash_home: Path) -> Path:  # and this is the one with the demo data
        return hash_home

Nothing is fitted and no network reads: a word is where its hash says, a text is the sum of its
words. So texts with words in common are near each other, in every view alike.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.default import DefaultEncoder
from embeddings.port import Encoder, EncoderError, RawEncoder, View
from matcher.corpus import generation
from matcher.indexing import encoders

KIND = "hash"
_COLUMNS = 64
_MARKS = 8
"""So many columns of a view tell a word; two words rarely share more than one."""
_WORD = re.compile(r"[^\W\d_]+")


class HashEncoder:
    """See `embeddings.port.Encoder` for what it promises; the views have the default names."""

    name = KIND
    raw_encoders: Sequence[RawEncoder] = ()
    fingerprint = "hash-1"
    views = tuple(
        View(name, number * _COLUMNS, (number + 1) * _COLUMNS)
        for number, name in enumerate(("word_vectors", "sentence"))
    )
    dim = len(views) * _COLUMNS

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) of length 1, or zeros for a text without letters."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                columns, signs = _marks(word)
                row[columns] += signs
            for view in self.views:
                part = row[view.start : view.end]
                length = np.linalg.norm(part) * np.sqrt(len(self.views))
                part /= max(float(length), 1e-9)
        return rows

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode` returns; no network needs a store."""
        return self.encode(texts)

    def save(self, folder: Path) -> None:
        """Write the manifest; there is nothing else."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {"kind": KIND, "fingerprint": self.fingerprint}
        (folder / "encoder.json").write_text(json.dumps(manifest), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> HashEncoder:
        """Read what `save` wrote. Raises EncoderError where it can't be read or was changed."""
        try:
            manifest = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError(f"{folder.name}: no readable encoder there") from error
        if manifest != {"kind": KIND, "fingerprint": cls.fingerprint}:
            raise EncoderError(f"{folder.name}: the encoder was changed")
        return cls()


def use_hash_vectors(patch: pytest.MonkeyPatch) -> None:
    """Let builds make this encoder in place of the default, and generations load it."""
    fit, load = encoders.fit_encoder, generation.load_encoder
    networks = encoders.raw_encoders

    def fitted(name: str, *rest: Any) -> Encoder:
        return HashEncoder() if name == DefaultEncoder.name else fit(name, *rest)

    def unfitted(name: str, *rest: Any) -> tuple[RawEncoder, ...]:
        return () if name == DefaultEncoder.name else networks(name, *rest)

    patch.setattr(encoders, "fit_encoder", fitted)
    patch.setattr(encoders, "raw_encoders", unfitted)
    patch.setattr(
        generation,
        "load_encoder",
        lambda at, *rest: HashEncoder.load(at) if _saved_in(at) else load(at, *rest),
    )


def _saved_in(folder: Path) -> bool:
    path = folder / "encoder.json"
    return path.is_file() and f'"kind": "{KIND}"' in path.read_text(encoding="utf-8")


@lru_cache(maxsize=50_000)
def _marks(word: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the columns of a word (k,), in each view others, and what it adds there: 1 or -1."""
    size = 2 * _MARKS * len(HashEncoder.views)
    digest = hashlib.shake_128(word.encode("utf-8", "surrogatepass")).digest(size)
    drawn = np.frombuffer(digest, dtype=np.uint16).astype(np.int64)
    starts = np.repeat([view.start for view in HashEncoder.views], _MARKS)
    columns, firsts = np.unique(starts + drawn % _COLUMNS, return_index=True)
    return columns, np.where(drawn[firsts] // _COLUMNS % 2, 1.0, -1.0).astype(np.float32)
