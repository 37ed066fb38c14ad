"""Soft whitening: scales directions down in which vectors vary much, and up where little."""

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
        """Add the map to a hash."""
        digest.update(self.mean.tobytes())
        digest.update(np.ascontiguousarray(self.matrix).tobytes())

    def apply(self, rows: Floats) -> Floats:
        """Return whitened rows (n, kept) of length 1; rows of zeros stay zeros."""
        scaled = unit(rows)
        whitened = ((scaled - self.mean) @ self.matrix).astype(np.float32, copy=False)
        whitened[~scaled.any(axis=1)] = 0.0
        return unit(whitened)


def fit_whitening(rows: Floats, softness: float, max_dim: int | None = None) -> Whitening:
    """Fit the map on rows (n, dim), which are first scaled to length 1.

    With `max_dim`, only so many principal components are kept, those of the largest variance.

    A component of variance s² is divided by the root of s² + softness · (mean variance). This lies
    between unscaled components and Mahalanobis distance (Su et al., 2021, Whitening Sentence
    Representations).
    """
    known = unit(rows)
    known = known[known.any(axis=1)]
    dim = rows.shape[1]
    if len(known) < 2:
        return Whitening(np.zeros(dim, np.float32), np.eye(dim, max_dim, dtype=np.float32))
    mean = known.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(known.T.astype(np.float64), bias=True))
    variance = np.maximum(variance, 0.0)[::-1]
    directions = directions[:, ::-1]
    scale = 1.0 / np.sqrt(variance + softness * max(float(variance.mean()), 1e-12))
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dim)])
    matrix = (directions * (scale * signs))[:, :max_dim]
    return Whitening(mean.astype(np.float32), np.ascontiguousarray(matrix, dtype=np.float32))


def save_whitening(whitening: Whitening, folder: Path, name: str) -> None:
    """Write the map into `folder`, under `name`."""
    np.save(folder / f"{name}-mean.npy", whitening.mean, allow_pickle=False)
    np.save(folder / f"{name}-matrix.npy", whitening.matrix, allow_pickle=False)


def load_whitening(folder: Path, name: str) -> Whitening:
    """Load what `save_whitening` wrote. Raises OSError or ValueError where it is damaged."""
    mean = np.load(folder / f"{name}-mean.npy", allow_pickle=False)
    return Whitening(mean, np.load(folder / f"{name}-matrix.npy", allow_pickle=False))


def unit(rows: Floats) -> Floats:
    """Return the rows (n, dim) scaled to length 1; rows shorter than 1e-9 become zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = np.where(lengths > 1e-9, rows / np.maximum(lengths, 1e-9), 0.0).astype(
        np.float32
    )
    return scaled
