"""Sentence transformers (Reimers and Gurevych, 2019, Sentence-BERT) from a folder on this machine.

The folder is one that `embeddings.tools.convert` made: an ONNX graph, its tokenizer and
`encoder.json`. Nothing is downloaded, and neither torch nor transformers is needed.

Texts of about one length run through the graph together, padded and masked, on one thread. An int8
graph takes the scales of its activations from the whole batch: in padded batches of 16, components
of MiniLM's vectors moved by up to 0.04, so each text runs through such a graph by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from embeddings.embedding_store import NO_STORE, EmbeddingStore, embed, recent_store
from embeddings.port import EncoderError, RawEncoder, View
from embeddings.whitening import unit
from embeddings.words import readable

MANIFEST = "encoder.json"
TOKENIZER = "tokenizer.json"
MODEL, MODEL_INT8 = "model.onnx", "model-int8.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""The inputs that a graph may have, each int64 of shape (batch, tokens)."""
_CONVERT_AGAIN = "convert the model again: flask --app app encoder convert SOURCE TARGET"
_MAX_TEXT_LENGTH = 20_000
_BATCH_TOKENS = 512
"""Tokens of a batch, with padding. Origin: `python -m benchmarks.embedding` with 256 to 4,096; from
2,048 on the activations outgrow the processor's cache."""


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The settings that the vectors depend on, besides the files."""

    model: str
    """File name of the graph: `MODEL` or `MODEL_INT8`."""
    output: str
    """The graph's output with the vectors of the tokens, float32 (batch, tokens, dim)."""
    pooling: str
    """How the vectors of the tokens are combined: a key of `POOLINGS`."""
    max_tokens: int
    """Longer texts are cut; counts the special tokens at both ends."""
    dim: int
    lower_case: bool = False
    """Whether texts are put in lower case before the tokenizer sees them."""
    unknown_token: int | None = None
    """Number of the token that stands for what the vocabulary lacks."""


POOLINGS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "mean": lambda tokens: tokens.mean(axis=0),
    "cls": lambda tokens: tokens[0],
    "max": lambda tokens: tokens.max(axis=0),
}
"""From token vectors (tokens, dim) float32 of a text to its vector (dim,)."""


@dataclass(frozen=True, slots=True)
class _OpenModel:
    """Tokenizer and session, valid in one process only."""

    process: int
    tokenizer: Any
    session: Any
    inputs: tuple[str, ...]


class OnnxModel:
    """Encodes texts with an ONNX graph, on one thread.

    The graph is opened once per process, for the first text: a session that crossed a fork is
    never used. A row is zeros where the text has no letter or no token that the model knows.
    """

    def __init__(self, model: Path, tokenizer: Path, config: TransformerConfig) -> None:
        self.config = config
        self._model = model
        self._tokenizer = tokenizer
        self._opened: _OpenModel | None = None
        self._batch_tokens = 0 if config.model == MODEL_INT8 else _BATCH_TOKENS

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the open graph: another process opens its own."""
        return {**self.__dict__, "_opened": None}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) float32 of length 1, or zeros where no token is known.

        Raises EncoderError where the graph can't be opened or run.
        """
        vectors = np.zeros((len(texts), self.config.dim), dtype=np.float32)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            if any(map(str.isalpha, text[:_MAX_TEXT_LENGTH])):
                places.setdefault(text[:_MAX_TEXT_LENGTH], []).append(place)
        if not places:
            return vectors
        opened = self._open()
        tokenized = [
            (tokens, same)
            for tokens, same in zip(
                self._tokenize(opened, list(places)), places.values(), strict=True
            )
            if self._knows(tokens)
        ]
        tokenized.sort(key=lambda one: len(one[0].ids))
        for batch in self._batches(tokenized):
            rows = self._rows(opened, [tokens for tokens, _ in batch])
            for row, (_, same) in zip(rows, batch, strict=True):
                vectors[same] = row
        return vectors

    def _open(self) -> _OpenModel:
        opened = self._opened
        if opened is None or opened.process != os.getpid():
            with _opening:
                opened = self._opened
                if opened is None or opened.process != os.getpid():
                    session = open_session(self._model)
                    inputs = tuple(tensor.name for tensor in session.get_inputs())
                    tokenizer = open_tokenizer(self._tokenizer, self.config.max_tokens)
                    self._opened = opened = _OpenModel(os.getpid(), tokenizer, session, inputs)
        return opened

    def _tokenize(self, opened: _OpenModel, texts: Sequence[str]) -> list[Any]:
        lower = self.config.lower_case
        return [
            opened.tokenizer.encode(readable(text.lower() if lower else text)) for text in texts
        ]

    def _knows(self, tokens: Any) -> bool:
        return any(
            not special and number != self.config.unknown_token
            for number, special in zip(tokens.ids, tokens.special_tokens_mask, strict=True)
        )

    def _batches(self, tokenized: Iterable[tuple[Any, list[int]]]) -> Iterator[list[Any]]:
        """Split texts, the shortest first, into batches of `_batch_tokens` padded tokens."""
        batch: list[Any] = []
        for one in tokenized:
            if batch and (len(batch) + 1) * len(one[0].ids) > self._batch_tokens:
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch

    def _rows(self, opened: _OpenModel, batch: Sequence[Any]) -> NDArray[np.float32]:
        """Return the vectors of tokenized texts, (n, dim) float32."""
        shape = len(batch), max(len(tokens.ids) for tokens in batch)
        values = {name: np.zeros(shape, dtype=np.int64) for name in INPUTS}
        for row, tokens in enumerate(batch):
            parts = (tokens.ids, tokens.attention_mask, tokens.type_ids)
            for name, part in zip(INPUTS, parts, strict=True):
                values[name][row, : len(part)] = part
        feeds = {name: values[name] for name in opened.inputs}
        try:
            output = opened.session.run([self.config.output], feeds)[0]
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise EncoderError(f"the transformer can't run; {_CONVERT_AGAIN}") from error
        if output.shape != (*shape, self.config.dim) or not np.isfinite(output).all():
            raise EncoderError(f"the transformer gives unusable vectors; {_CONVERT_AGAIN}")
        pool = POOLINGS[self.config.pooling]
        pooled = [
            pool(np.asarray(row[: len(tokens.ids)], dtype=np.float32))
            for row, tokens in zip(output, batch, strict=True)
        ]
        return unit(np.array(pooled))


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
                raise EncoderError(f"{self._folder.name}: {name} is gone; {_CONVERT_AGAIN}")
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
                f"{folder.name}: no readable transformer there; {_CONVERT_AGAIN}"
            ) from error
        if not whole or encoder.fingerprint != manifest["fingerprint"]:
            raise EncoderError(f"{folder.name}: the transformer there is damaged; {_CONVERT_AGAIN}")
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


def import_onnxruntime() -> Any:
    """Return the package onnxruntime. Raises EncoderError where it is not installed.

    Its Linux wheels send usage statistics unless this variable is set before the first import.
    Nothing may leave this machine; besides, threads that send statistics don't survive a fork.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as error:
        raise EncoderError("the transformer needs onnxruntime: pip install onnxruntime") from error
    return onnxruntime


def open_session(path: Path) -> Any:
    """Open a graph for one thread at a time. Raises EncoderError where it can't be opened."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    # With one thread there is no pool: nothing spins between requests or hangs after a fork.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise EncoderError(f"{path.name} can't be opened; {_CONVERT_AGAIN}") from error


def open_tokenizer(path: Path, max_tokens: int) -> Any:
    """Open a tokenizer that cuts at `max_tokens`. Raises EncoderError where it can't be opened."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise EncoderError("the transformer needs tokenizers: pip install tokenizers") from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens)
    except Exception as error:  # nor have those of tokenizers
        raise EncoderError(f"{path.name} can't be opened; {_CONVERT_AGAIN}") from error
    return tokenizer


def _link_or_copy(source: Path, target: Path) -> None:
    if target.exists():
        if target.samefile(source):
            return
        target.unlink()
    try:
        os.link(source, target)
    except OSError:  # another file system, or not ours to link
        shutil.copyfile(source, target)


_opening = threading.Lock()


def _unlock_after_fork() -> None:
    """Replace the lock: a thread of the parent may have held it when it forked."""
    global _opening
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_unlock_after_fork)
