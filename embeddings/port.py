"""The encoder port: the interface of everything that turns text into vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Called as `progress(stage, fraction)`; `fraction` runs from 0 to 1 within each stage."""


class EncoderError(Exception):
    """An encoder is unknown, can't be fitted or called, or its folder can't be read."""


class View(NamedTuple):
    """The columns `start` to `end` - 1, which hold one kind of embedding of the text."""

    name: str
    start: int
    end: int


class RawEncoder(Protocol):
    """A network: from a text to an embedding that doesn't depend on any corpus.

    What it makes of a text is kept in an `embeddings.embedding_store`, rounded to float16. A local
    one can be pickled, to run in another process.
    """

    @property
    def fingerprint(self) -> str:
        """A name of up to 64 characters that changes whenever the embeddings would."""
        ...

    @property
    def dim(self) -> int:
        """The number of columns of the embeddings."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that several processes encode faster than one."""
        ...

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return embeddings, float32 of shape (len(texts), dim), of absolute values below 65,000.

        All texts go through the network in batches. Raises EncoderError.
        """
        ...


class Encoder(Protocol):
    """Text to vectors.

    Invariants that every encoder keeps:

    * a text has the same vector whatever else is in the batch, but for rounding: components differ
      by 1e-3 at most, and mostly by nothing, since embeddings are rounded to float16. Nothing may
      depend on vectors that are bitwise equal;
    * equal texts in one batch have equal vectors;
    * with n views, each has squared length 1/n in a row, or less where it knows only part of the
      text, so a row has length 1 where all of the text is known; it is all zeros where nothing is
      known (see `understood`), never NaN or infinite;
    * an encoder doesn't change once made, so threads may share it.

    One exception: a loaded `embeddings.composite` encoder gives zeros in the model's view while the
    model fails; see `composite.model_failure`.
    """

    @property
    def name(self) -> str:
        """The encoder's name as `registry.fit_encoder` takes it, such as `default`."""
        ...

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        ...

    @property
    def views(self) -> tuple[View, ...]:
        """The views that make up the columns, at least one."""
        ...

    @property
    def fingerprint(self) -> str:
        """A short name that changes whenever the vectors would."""
        ...

    @property
    def raw_encoders(self) -> Sequence[RawEncoder]:
        """The networks whose embeddings the vectors are made of; none where it has no network."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of `texts`, float32 of shape (len(texts), dim), in their order.

        For the texts of a question: nothing of them is kept in the embedding store.
        """
        ...

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode` returns, of texts that are stored, such as those of facets.

        What the networks make of them is read from the embedding store, where an earlier call or
        another process put it; the rest is computed in one batch and put there.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the encoder into `folder`, made if it is missing; `load_encoder` loads it.

        A loaded encoder has the same fingerprint, and vectors that differ by rounding at most.
        Writing isn't atomic: the caller makes the folder visible to others afterwards.
        """
        ...


def understood(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each row of `vectors` (n, dim) whether anything of its text was known."""
    result: NDArray[np.bool_] = np.any(vectors != 0.0, axis=1)
    return result


def project_onto_view(vectors: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Return `vectors` (n, dim) with length 1 in the columns of one view and zeros elsewhere.

    A row that is zeros in the view becomes all zeros.
    """
    projected = np.zeros_like(vectors)
    part = vectors[:, view.start : view.end]
    lengths = np.linalg.norm(part, axis=1, keepdims=True)
    unit = np.where(lengths > 1e-6, part / np.maximum(lengths, 1e-6), 0)
    projected[:, view.start : view.end] = unit
    return projected


def project_onto_views(vectors: NDArray[np.float32], views: Sequence[View]) -> NDArray[np.float32]:
    """Return the projections (v * n, dim) of `vectors` (n, dim) onto each view, view by view."""
    return np.concatenate([project_onto_view(vectors, view) for view in views])


def vocabulary_coverage(
    encoder: Encoder, vectors: NDArray[np.float32], view: View
) -> NDArray[np.float32]:
    """Return for each row (n,) the share of its text that is known to a view: 0 to 1."""
    part = vectors[:, view.start : view.end]
    share: NDArray[np.float32] = np.minimum((part**2).sum(axis=1) * len(encoder.views), 1.0)
    return share
