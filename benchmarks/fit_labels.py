"""Fits the two stages that label the pieces of briefs (`matcher.needs.extraction.labels`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit_chain import fit_chain
from matcher.needs.extraction.chain import Chain, Floats
from matcher.needs.extraction.label_rules import rule_points
from matcher.needs.extraction.labels import (
    VECTOR_SLOTS,
    Label,
    LabelModel,
    in_slots,
    vector_points,
)
from matcher.needs.extraction.piece_context import context_of
from matcher.needs.extraction.pieces import Line, Piece

_LABELS = tuple(Label)
_DIRECTIONS = 256
"""How many main directions of the vectors count. Origin: 128 and 256 compared by folds."""
_RIDGE = 6000.0
"""Origin: compared by folds, together with `_DIRECTIONS`."""
_FOLDS = 4
"""The second stage is fitted on what the first says of briefs that it never saw."""
_PENALTY = 0.01
"""The inverse strength C of the second stage's. Origin: .001 to .01 compared by folds."""
_TRANSITION_WEIGHT = 0.5
"""The second stage knows the neighbours already: transitions count half. Origin: .5 and 1."""
_NEVER = -3.0
"""Points of what goes on with a need after what asks for nothing."""


@dataclass(frozen=True, slots=True)
class LabelledPieces:
    """The pieces of a brief, with their features for the chain, vectors and labels."""

    persona: str
    """Briefs of one persona are never on both sides of a fold."""
    pieces: Sequence[Piece]
    lines: Sequence[Line]
    items: Sequence[Sequence[str]]
    vectors: Floats
    labels: list[str]

    @property
    def columns(self) -> list[int]:
        """The column of each label."""
        return [_LABELS.index(Label(label)) for label in self.labels]


def fit_labels(briefs: Sequence[LabelledPieces]) -> tuple[Chain, LabelModel]:
    """Fit both stages on briefs."""
    from sklearn.linear_model import LogisticRegression

    rows: list[Floats] = []
    right: list[int] = []
    for fitted, unseen in folds(briefs, _FOLDS):
        chain, vectors = _fit_first(fitted)
        rows += [_context(brief, chain, vectors) for brief in unseen]
        right += [column for brief in unseen for column in brief.columns]
    together = np.concatenate(rows)
    mean, scale = together.mean(axis=0), together.std(axis=0) + 1e-3
    second = LogisticRegression(C=_PENALTY, max_iter=200).fit((together - mean) / scale, right)
    weights = (second.coef_ / scale).T
    chain, first = _fit_first(briefs)
    bias = second.intercept_ - mean @ weights
    return chain, LabelModel(
        first.mean,
        first.vector_weights,
        first.vector_bias,
        weights.astype(np.float32),
        bias.astype(np.float32),
        _transitions(briefs),
    )


def folds(
    briefs: Sequence[LabelledPieces], count: int
) -> Iterator[tuple[list[LabelledPieces], list[LabelledPieces]]]:
    """Yield `count` pairs of briefs to fit on and of those of other personas."""
    personas = sorted({brief.persona for brief in briefs})
    np.random.default_rng(0).shuffle(personas)
    for number in range(count):
        left_out = frozenset(personas[number::count])
        yield (
            [brief for brief in briefs if brief.persona not in left_out],
            [brief for brief in briefs if brief.persona in left_out],
        )


def _fit_first(briefs: Sequence[LabelledPieces]) -> tuple[Chain, LabelModel]:
    chain = fit_chain([(brief.items, brief.labels) for brief in briefs])
    return chain, _fit_vectors(briefs)


def _context(brief: LabelledPieces, chain: Chain, model: LabelModel) -> Floats:
    by_words = chain.probabilities(chain.points(brief.items))
    by_vectors = vector_points(brief.vectors, brief.pieces, model)
    return context_of(brief.pieces, brief.lines, (by_vectors, by_words, rule_points(brief.pieces)))


def _fit_vectors(briefs: Sequence[LabelledPieces]) -> LabelModel:
    """Fit a ridge regression of the labels on the vectors around each piece."""
    everything = np.concatenate([brief.vectors for brief in briefs])
    mean = everything.mean(axis=0)
    centred = everything - mean
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :_DIRECTIONS]
    rows = np.concatenate(
        [
            np.concatenate(
                in_slots([(brief.vectors - mean) @ directions] * VECTOR_SLOTS, brief.pieces), axis=1
            )
            for brief in briefs
        ]
    )
    right = np.array([column for brief in briefs for column in brief.columns])
    targets = 2 * np.eye(len(_LABELS), dtype=np.float32)[right] - 1
    middle, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    standard = (rows - middle) / scale
    squares = standard.T @ standard + _RIDGE * np.eye(rows.shape[1], dtype=np.float32)
    weights = np.linalg.solve(squares, standard.T @ (targets - targets.mean(axis=0)))
    weights /= scale[:, None]
    bias = targets.mean(axis=0) - middle @ weights
    by_slot = [directions @ part for part in np.split(weights, VECTOR_SLOTS)]
    nothing: Floats = np.zeros((0, len(_LABELS)), dtype=np.float32)
    return LabelModel(mean, np.concatenate(by_slot, axis=1), bias, nothing, nothing, nothing)


def _transitions(briefs: Sequence[LabelledPieces]) -> Floats:
    """Return how much likelier a label is after another than by itself, as damped logarithms."""
    counts: NDArray[np.float64] = np.ones((len(_LABELS), len(_LABELS)))
    for brief in briefs:
        np.add.at(counts, (brief.columns[:-1], brief.columns[1:]), 1)
    after = counts / counts.sum(axis=1, keepdims=True)
    points = _TRANSITION_WEIGHT * np.log(after / after.mean(axis=0))
    asked_on = _LABELS.index(Label.ASKED_ON)
    for place, label in enumerate(_LABELS):
        if label not in {Label.ASKED, Label.ASKED_ON}:
            points[place, asked_on] += _NEVER
    return np.asarray(points, dtype=np.float32)
