"""A linear-chain model: labels a sequence by features of its items and by which labels follow.

A linear-chain conditional random field (Lafferty, McCallum & Pereira, 2001) without the training:
`benchmarks.fit_reading` fits it, and only plain arrays are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from matcher.needs.extraction.data_files import read_arrays, write_arrays

Floats = NDArray[np.float32]


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
        """Return the sequence of labels with the most points."""
        return [self.labels[place] for place in best_path(points, self.transitions)]

    def probabilities(self, points: Floats) -> Floats:
        """Return the probability (n, k) of each label of each item, by forward-backward."""
        forward, backward = points.copy(), np.zeros_like(points)
        for place in range(1, len(points)):
            forward[place] += _log_sum(forward[place - 1][:, None] + self.transitions)
        for place in range(len(points) - 2, -1, -1):
            after = points[place + 1] + backward[place + 1]
            backward[place] = _log_sum((self.transitions + after).T)
        both = forward + backward
        found = np.exp(both - both.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)


def best_path(points: Floats, transitions: Floats) -> list[int]:
    """Return the columns with the most points (n, k) and transitions (k, k) (Viterbi, 1967)."""
    if not len(points):
        return []
    best, origins = points[0], []
    for row in points[1:]:
        scores = best[:, None] + transitions
        origins.append(scores.argmax(axis=0))
        best = scores.max(axis=0) + row
    place = int(best.argmax())
    places = [place]
    for origin in reversed(origins):
        place = int(origin[place])
        places.append(place)
    return places[::-1]


def _log_sum(rows: Floats) -> Floats:
    """Return the logarithm of the sums of the exponentials of columns, safely."""
    largest = rows.max(axis=0)
    return np.asarray(largest + np.log(np.exp(rows - largest).sum(axis=0)), dtype=np.float32)


@cache
def load_chain(name: str) -> Chain:
    """Read a shipped chain, once. Raises ValueError where its file was changed."""
    parts = read_arrays(name)
    features = parts["features"].tobytes().decode().split("\n")
    return Chain(
        tuple(parts["labels"].tolist()),
        {feature: row for row, feature in enumerate(features)},
        parts["weights"].astype(np.float32),
        parts["transitions"].astype(np.float32),
    )


def save_chain(chain: Chain, name: str) -> None:
    """Write what `load_chain` reads; weights are rounded to float16."""
    write_arrays(
        name,
        {
            "labels": np.array(chain.labels),
            "features": np.frombuffer("\n".join(chain.row_of).encode(), dtype=np.uint8),
            "weights": chain.weights.astype(np.float16),
            "transitions": chain.transitions.astype(np.float32),
        },
    )
