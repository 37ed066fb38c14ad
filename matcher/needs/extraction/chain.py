"""A linear-chain model: labels a sequence by features of its items and by which labels follow.

A linear-chain conditional random field (Lafferty, McCallum & Pereira, 2001) without the training:
`benchmarks.fit_reading` fits it, and only plain arrays are stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Chain:
    """Weights of k labels."""

    labels: tuple[str, ...]
    row_of: dict[str, int]
    """The row of `weights` of each feature."""
    weights: Floats
    """(features, k) points that a feature adds to each label."""
    transitions: Floats
    """(k, k) points for the label of the column after that of the row."""

    def points(self, items: Sequence[Sequence[str]]) -> Floats:
        """Return the points (n, k) of n items, by their features."""
        points = np.zeros((len(items), len(self.labels)), dtype=np.float32)
        for place, features in enumerate(items):
            rows = [row for row in map(self.row_of.get, features) if row is not None]
            points[place] = self.weights[rows].sum(axis=0)
        return points

    def decode(self, points: Floats) -> list[str]:
        """Return the sequence of labels with the most points (Viterbi, 1967)."""
        if not len(points):
            return []
        best, origins = points[0], []
        for row in points[1:]:
            scores = best[:, None] + self.transitions
            origins.append(scores.argmax(axis=0))
            best = scores.max(axis=0) + row
        place = int(best.argmax())
        places = [place]
        for origin in reversed(origins):
            place = int(origin[place])
            places.append(place)
        return [self.labels[place] for place in reversed(places)]


@cache
def load_chain(name: str) -> Chain:
    """Read a shipped chain, once. Raises ValueError where its file was changed."""
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        parts = {part: arrays[part] for part in arrays.files}
    if _fingerprint(parts) != str(parts["fingerprint"]):
        raise ValueError(f"{name}.npz is damaged")
    features = parts["features"].tobytes().decode().split("\n")
    return Chain(
        tuple(parts["labels"].tolist()),
        {feature: row for row, feature in enumerate(features)},
        parts["weights"].astype(np.float32),
        parts["transitions"].astype(np.float32),
    )


def save_chain(chain: Chain, name: str) -> None:
    """Write what `load_chain` reads; weights are rounded to float16."""
    parts = {
        "labels": np.array(chain.labels),
        "features": np.frombuffer("\n".join(chain.row_of).encode(), dtype=np.uint8),
        "weights": chain.weights.astype(np.float16),
        "transitions": chain.transitions.astype(np.float32),
    }
    parts["fingerprint"] = np.array(_fingerprint(parts))
    _FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(_FOLDER / f"{name}.npz", allow_pickle=False, **parts)


def _fingerprint(parts: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for name in ("labels", "features", "weights", "transitions"):
        digest.update(np.ascontiguousarray(parts[name]).tobytes())
    return digest.hexdigest()[:16]
