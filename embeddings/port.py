"""The encoder port: what every way from text to vectors has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Called as `progress(stage, fraction)`; `fraction` runs from 0 to 1 within each stage."""


class EncoderError(Exception):
    """An encoder is unknown, cannot be fitted, or its folder cannot be read."""


class View(NamedTuple):
    """Columns `start` up to, not with, `end` that see the text in a way of their own."""

    name: str
    start: int
    end: int


class Encoder(Protocol):
    """Text to vectors.

    Invariants that every encoder keeps:

    * equal texts have equal vectors, whatever else is in the batch (batch equals single);
    * with n views, each has the squared length 1/n in a row, or less where it understands only a
      part of the text, so a row of all that is understood has length 1; it is all zeros where the
      text says nothing that the encoder knows (see `understood`), never NaN or infinite;
    * an encoder does not change after it was made, so that it may be shared by threads.

    One exception: with a model beside the default (`embeddings.composite`), whoever answers
    questions gets zeros in its view while it is away; `composite.fault_of` says so.
    """

    @property
    def name(self) -> str:
        """The encoder's name, such as `lsa`: what `registry.fit_encoder` takes."""
        ...

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        ...

    @property
    def views(self) -> tuple[View, ...]:
        """The views side by side in the vectors; one view of all columns where there is one."""
        ...

    @property
    def fingerprint(self) -> str:
        """A short name that changes whenever the vectors would."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of `texts`, float32 of shape (len(texts), dim), in their order."""
        ...

    def save(self, folder: Path) -> None:
        """Write the encoder into `folder`, made if it is missing; `load_encoder` reads it back.

        An encoder that was saved and loaded gives bitwise equal vectors and has the same
        fingerprint. The caller makes the folder visible to others, so writing is not atomic.
        """
        ...


def understood(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each row of `vectors` (n, dim) whether the encoder knew anything of its text."""
    result: NDArray[np.bool_] = np.any(vectors != 0.0, axis=1)
    return result


def project_onto_view(vectors: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Return `vectors` (n, dim) with length 1 in the columns of one view and zeros elsewhere.

    Rows of which the view knows nothing become zeros.
    """
    seen = np.zeros_like(vectors)
    part = vectors[:, view.start : view.end]
    lengths = np.linalg.norm(part, axis=1, keepdims=True)
    seen[:, view.start : view.end] = np.where(lengths > 1e-6, part / np.maximum(lengths, 1e-6), 0)
    return seen


def vocabulary_coverage(
    encoder: Encoder, vectors: NDArray[np.float32], view: View
) -> NDArray[np.float32]:
    """Return for each row (n,) which share of its text a view understands: 0 to 1."""
    part = vectors[:, view.start : view.end]
    share: NDArray[np.float32] = np.minimum((part**2).sum(axis=1) * len(encoder.views), 1.0)
    return share
