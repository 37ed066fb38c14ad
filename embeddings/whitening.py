"""Soft whitening: directions that all texts share count less, those that tell them apart more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Whitening:
    """The map `(row - mean) @ matrix`: mean (dim,) and matrix (dim, kept) float32."""

    mean: Floats
    matrix: Floats

    def update(self, digest: Any) -> None:
        """Add the map to a digest."""
        digest.update(self.mean.tobytes())
        digest.update(np.ascontiguousarray(self.matrix).tobytes())

    def apply(self, rows: Floats) -> Floats:
        """Return whitened rows (n, kept) of length 1; rows of zeros stay zeros.

        Each row is made on its own, so that a batch gives bitwise what single rows give.
        """
        whitened = np.zeros((len(rows), self.matrix.shape[1]), dtype=np.float32)
        for place, row in enumerate(unit(rows)):
            if row.any():
                whitened[place] = (row - self.mean) @ self.matrix
        return unit(whitened)


def fit_whitening(rows: Floats, softness: float, most: int | None = None) -> Whitening:
    """Learn the map from rows (n, dim), which are made length 1 first.

    With `most`, only so many directions are kept, those in which the rows differ most.

    A direction whose spread is s² is divided by the root of s² + softness · (mean spread): soft
    whitening, between plain latent directions and Mahalanobis distance (Su et al., 2021,
    Whitening Sentence Representations).
    """
    known = unit(rows)
    known = known[known.any(axis=1)]
    dim = rows.shape[1]
    if len(known) < 2:
        return Whitening(np.zeros(dim, np.float32), np.eye(dim, most, dtype=np.float32))
    mean = known.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov(known.T.astype(np.float64), bias=True))
    spread = np.maximum(spread, 0.0)[::-1]
    directions = directions[:, ::-1]
    scale = 1.0 / np.sqrt(spread + softness * max(float(spread.mean()), 1e-12))
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dim)])
    matrix = (directions * (scale * signs))[:, :most]
    return Whitening(mean.astype(np.float32), np.ascontiguousarray(matrix, dtype=np.float32))


def save_whitening(whitening: Whitening, folder: Path, name: str) -> None:
    """Write the map into `folder`, under `name`."""
    np.save(folder / f"{name}-mean.npy", whitening.mean, allow_pickle=False)
    np.save(folder / f"{name}-matrix.npy", whitening.matrix, allow_pickle=False)


def load_whitening(folder: Path, name: str) -> Whitening:
    """Read what `save_whitening` wrote; raises OSError or ValueError for what is damaged."""
    mean = np.load(folder / f"{name}-mean.npy", allow_pickle=False)
    return Whitening(mean, np.load(folder / f"{name}-matrix.npy", allow_pickle=False))


def unit(rows: Floats) -> Floats:
    """Return the rows (n, dim) made length 1; what is next to nothing becomes zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    made: Floats = np.where(lengths > 1e-9, rows / np.maximum(lengths, 1e-9), 0.0).astype(
        np.float32
    )
    return made
