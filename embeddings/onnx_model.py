"""ONNX graphs of transformers, run on batches of texts.

Texts of about one length run through a graph together, padded and masked, on one thread. An int8
graph takes the scales of its activations from the whole batch: in padded batches of 16, components
of MiniLM's vectors moved by up to 0.04, so each text runs through such a graph by itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.port import EncoderError
from embeddings.whitening import unit
from embeddings.words import readable

MODEL, MODEL_INT8 = "model.onnx", "model-int8.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""The inputs that a graph may have, each int64 of shape (batch, tokens)."""
CONVERT_AGAIN = "convert the model again: schakel encoder convert SOURCE TARGET"
_MAX_TEXT_LENGTH = 20_000
_BATCH_TOKENS = 512
"""Tokens of a batch, with padding. Origin: 256 to 4,096 compared with MiniLM on the demo texts;
from 2,048 on the activations outgrow the processor's cache."""


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
            raise EncoderError(f"the transformer can't run; {CONVERT_AGAIN}") from error
        if output.shape != (*shape, self.config.dim) or not np.isfinite(output).all():
            raise EncoderError(f"the transformer gives unusable vectors; {CONVERT_AGAIN}")
        pool = POOLINGS[self.config.pooling]
        pooled = [
            pool(np.asarray(row[: len(tokens.ids)], dtype=np.float32))
            for row, tokens in zip(output, batch, strict=True)
        ]
        return unit(np.array(pooled))


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
        raise EncoderError(f"{path.name} can't be opened; {CONVERT_AGAIN}") from error


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
        raise EncoderError(f"{path.name} can't be opened; {CONVERT_AGAIN}") from error
    return tokenizer


_opening = threading.Lock()


def _unlock_after_fork() -> None:
    """Replace the lock: a thread of the parent may have held it when it forked."""
    global _opening
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_unlock_after_fork)
