"""Fits a chain on labelled sequences with python-crfsuite (Okazaki, 2007; MIT)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from matcher.needs.extraction.chain import Chain, Floats

_MIN_WEIGHT = 0.02
"""Smaller weights are left out."""

Items = Sequence[Sequence[str]]
Sequences = list[tuple[Items, list[str]]]


def fit_chain(sequences: Sequences, l1: float = 0.1, l2: float = 1.0) -> Chain:
    """Fit a chain on sequences of (items, labels)."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for items, labels in sequences:
        trainer.append(pycrfsuite.ItemSequence([list(item) for item in items]), labels)
    trainer.set_params({"c1": l1, "c2": l2, "max_iterations": 150, "feature.minfreq": 2})
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        return _as_chain(tagger.info(), tuple(sorted(tagger.labels())))


def _as_chain(info: object, labels: tuple[str, ...]) -> Chain:
    """Turn what was fitted into arrays."""
    rows: dict[str, Floats] = {}
    for (feature, label), weight in info.state_features.items():  # type: ignore[attr-defined]
        row = rows.setdefault(feature, np.zeros(len(labels), dtype=np.float32))
        row[labels.index(label)] = weight
    transitions = np.zeros((len(labels), len(labels)), dtype=np.float32)
    for (label, following), weight in info.transitions.items():  # type: ignore[attr-defined]
        transitions[labels.index(label), labels.index(following)] = weight
    kept = {name: row for name, row in rows.items() if np.abs(row).max() >= _MIN_WEIGHT}
    weights = np.stack(list(kept.values())) if kept else np.zeros((0, len(labels)))
    return Chain(
        labels,
        {name: place for place, name in enumerate(kept)},
        weights.astype(np.float32),
        transitions,
    )
