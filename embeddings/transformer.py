"""Sentence transformers (Reimers and Gurevych, 2019, Sentence-BERT) from a folder on this machine.

The folder is one that `embeddings.tools.convert` made: an ONNX graph, its tokenizer and
`encoder.json`. Nothing is downloaded, and neither torch nor transformers is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from embeddings.embedding_store import NO_STORE, EmbeddingStore, embed, recent_store
from embeddings.onnx_model import (
    CONVERT_AGAIN,
    MODEL,
    MODEL_INT8,
    POOLINGS,
    OnnxModel,
    TransformerConfig,
)
from embeddings.port import EncoderError, RawEncoder, View
from embeddings.whitening import unit

MANIFEST = "encoder.json"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class TransformerNetwork:
    """A graph as a raw encoder: rows (n, dim) of length 1, or zeros where no token is known."""

    fingerprint: str
    model: OnnxModel

    @property
    def dim(self) -> int:
        """The number of columns of the embeddings."""
        return self.model.config.dim

    @property
    def is_local(self) -> bool:
        """It runs on this machine."""
        return True

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim). Raises EncoderError where the graph can't be opened or run."""
        return self.model.encode(texts)


class TransformerEncoder:
    """An encoder over a converted folder; see the invariants of `embeddings.port.Encoder`."""

    name = "transformer"

    def __init__(
        self,
        folder: Path,
        config: TransformerConfig,
        files: dict[str, str],
        embedding_store: EmbeddingStore = NO_STORE,
    ) -> None:
        """Take what `load` found; `files` are SHA-256 digests by file name."""
        self.config = config
        self._folder = folder
        self._files = dict(files)
        self._embedding_store = embedding_store
        self._recent = recent_store()
        self.fingerprint = _fingerprint(config, files)
        self._network = TransformerNetwork(
            self.fingerprint, _shared_model(self.fingerprint, folder, config)
        )

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self.config.dim

    @property
    def views(self) -> tuple[View, ...]:
        """One view: all columns."""
        return (View(self.name, 0, self.dim),)

    @property
    def raw_encoders(self) -> Sequence[RawEncoder]:
        """The graph."""
        return (self._network,)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) float32 of length 1, or zeros where no token is known.

        Raises EncoderError where the graph can't be opened or run.
        """
        return unit(embed(self._network, texts, self._recent))

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode` returns; see the port."""
        return unit(embed(self._network, texts, self._embedding_store))

    def save(self, folder: Path) -> None:
        """Write the encoder into `folder`, linking the files where that is possible.

        Raises EncoderError where a file is gone.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in self._files:
            if not (self._folder / name).exists():
                raise EncoderError(f"{self._folder.name}: {name} is gone; {CONVERT_AGAIN}")
            _link_or_copy(self._folder / name, folder / name)
        write_manifest(folder, self.config, self._files)

    @classmethod
    def load(cls, folder: Path, embedding_store: EmbeddingStore = NO_STORE) -> TransformerEncoder:
        """Load a converted or saved folder.

        Raises EncoderError where it can't be read or a file in it was changed.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            config = TransformerConfig(**manifest["config"])
            files = {str(name): str(digest) for name, digest in manifest["files"].items()}
            encoder = cls(folder, config, files, embedding_store)
            # Before the digests: a manifest that names other files doesn't get them read.
            known = config.pooling in POOLINGS and config.model in (MODEL, MODEL_INT8)
            known = known and set(files) == {config.model, TOKENIZER}
            whole = known and files == file_digests(folder, config)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncoderError(
                f"{folder.name}: no readable transformer there; {CONVERT_AGAIN}"
            ) from error
        if not whole or encoder.fingerprint != manifest["fingerprint"]:
            raise EncoderError(f"{folder.name}: the transformer there is damaged; {CONVERT_AGAIN}")
        return encoder


def _fingerprint(config: TransformerConfig, files: dict[str, str]) -> str:
    seen = json.dumps([asdict(config), files], sort_keys=True)
    return f"transformer-{hashlib.sha256(seen.encode()).hexdigest()[:16]}"


def _shared_model(fingerprint: str, folder: Path, config: TransformerConfig) -> OnnxModel:
    """Return the model that another encoder with the same files uses, or a new one.

    The encoders of two generations, and that of writes, share some 100 MB.
    """
    model = _models.get(fingerprint)
    if model is None:
        model = OnnxModel(folder / config.model, folder / TOKENIZER, config)
        _models[fingerprint] = model
    return model


_models: WeakValueDictionary[str, OnnxModel] = WeakValueDictionary()


def write_manifest(folder: Path, config: TransformerConfig, files: dict[str, str]) -> None:
    """Write `encoder.json`, with which `folder` can be loaded."""
    manifest = {
        "kind": TransformerEncoder.name,
        "config": asdict(config),
        "files": files,
        "fingerprint": _fingerprint(config, files),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def file_digests(folder: Path, config: TransformerConfig) -> dict[str, str]:
    """Return the SHA-256 in hex of graph and tokenizer. Raises OSError where one is missing."""
    digests = {}
    for name in (config.model, TOKENIZER):
        with open(folder / name, "rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _link_or_copy(source: Path, target: Path) -> None:
    if target.exists():
        if target.samefile(source):
            return
        target.unlink()
    try:
        os.link(source, target)
    except OSError:  # another file system, or not ours to link
        shutil.copyfile(source, target)
