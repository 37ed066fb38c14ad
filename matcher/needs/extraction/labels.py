"""Labels the pieces of a brief in two stages.

The first stage looks at each piece by two models: a chain over words and cues (`chain`), and a
linear one over the vectors that the multilingual sentence encoder gives the piece and its
neighbours, so that other words for the same count. The second, a logistic regression over what both
make of everything around a piece (stacked sequential learning; Cohen and Carvalho, 2005), decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from embeddings.sentence_encoders import encode_native
from matcher.needs.extraction.chain import Floats, best_path, load_chain
from matcher.needs.extraction.data_files import read_arrays, write_arrays
from matcher.needs.extraction.label_rules import rule_points
from matcher.needs.extraction.piece_context import context_of, group_means, shifted
from matcher.needs.extraction.piece_features import features_of
from matcher.needs.extraction.pieces import Piece, lines_of

VECTOR_STEPS = (0, -1, 1, -2, 2)
"""Whose vectors count for a piece, besides the means of its sentence, its line and the brief."""
VECTOR_SLOTS = len(VECTOR_STEPS) + 3
_MAX_ENCODED, _MAX_ENCODED_LENGTH = 400, 400
"""So many pieces of a brief, each cut to so many characters, have a vector; others have zeros."""
_MIN_CAPITALS = 2
"""So many words in capitals are put in lower case: the encoder takes them for other words."""
_CHAIN, _STAGES = "pieces", "labels"
RULE_WEIGHT = 1.0
"""Origin: 0 to 1 compared by cross-validation over authors."""


class Label(StrEnum):
    """What a piece is; in the order of the columns of the models."""

    ASKED = "asked"
    """The first piece of something that is looked for."""
    ASKED_ON = "asked_on"
    """Goes on with what the piece before asks for."""
    CONTEXT = "context"
    COURTESY = "courtesy"
    HAS = "has"
    NOT_WANTED = "not_wanted"


@dataclass(frozen=True, slots=True)
class LabelModel:
    """The fitted weights of all but the chain, for k labels and encoder dimension 512."""

    mean: Floats
    """(512,) the mean vector of pieces."""
    vector_weights: Floats
    """(512, slots * k): how the vector of each slot adds to the points of each label."""
    vector_bias: Floats
    """(k,)"""
    weights: Floats
    """(d, k) of the second stage, for the d columns of `context_of`."""
    bias: Floats
    """(k,)"""
    transitions: Floats
    """(k, k) points for the label of the column after that of the row."""


def label_pieces(text: str, pieces: Sequence[Piece]) -> tuple[list[Label], list[list[str]]]:
    """Return the label of each piece of a text, and its features for the chain."""
    if not pieces:
        return [], []
    lines = lines_of(text, pieces)
    items = features_of(text, pieces, lines)
    chain, model = load_chain(_CHAIN), load_label_model()
    by_words = chain.probabilities(chain.points(items))
    by_vectors = vector_points(vectors_of(pieces), pieces, model)
    rules = rule_points(pieces)
    rows = context_of(pieces, lines, (by_vectors, by_words, rules))
    points = log_probabilities(rows @ model.weights + model.bias)
    labels = list(Label)
    asked_on = labels.index(Label.ASKED_ON)
    points[:, [labels.index(Label.ASKED), asked_on, labels.index(Label.NOT_WANTED)]] += (
        RULE_WEIGHT * rules
    )
    points[0, asked_on] = points.min() - 1
    return [labels[place] for place in best_path(points, model.transitions)], items


def vectors_of(pieces: Sequence[Piece]) -> Floats:
    """Return the vectors (n, 512) of pieces."""
    texts = [piece.text[:_MAX_ENCODED_LENGTH] for piece in pieces[:_MAX_ENCODED]]
    vectors = encode_native([_lower_capitals(text) for text in texts])
    missing = np.zeros((len(pieces) - len(texts), vectors.shape[1]), dtype=np.float32)
    return np.concatenate([vectors, missing])


def _lower_capitals(text: str) -> str:
    return text.lower() if text.isupper() and len(text.split()) >= _MIN_CAPITALS else text


def vector_points(vectors: Floats, pieces: Sequence[Piece], model: LabelModel) -> Floats:
    """Return the points (n, k) of pieces by their vectors (n, 512) and those around them."""
    slots = (vectors - model.mean) @ model.vector_weights
    parts: list[Floats] = np.split(slots.astype(np.float32), VECTOR_SLOTS, axis=1)
    return np.asarray(model.vector_bias + np.sum(in_slots(parts, pieces), axis=0), dtype=np.float32)


def in_slots(parts: Sequence[Floats], pieces: Sequence[Piece]) -> list[Floats]:
    """Return for each slot the rows of its part (n, m) that count there for each piece."""
    near, means = parts[: len(VECTOR_STEPS)], parts[len(VECTOR_STEPS) :]
    found = [shifted(part, step) for part, step in zip(near, VECTOR_STEPS, strict=True)]
    groups = [[piece.sentence for piece in pieces], [piece.line for piece in pieces]]
    groups.append([0] * len(pieces))
    return found + [
        group_means(part, numbers)[numbers] for part, numbers in zip(means, groups, strict=True)
    ]


def log_probabilities(points: Floats) -> Floats:
    """Return the logarithms of the probabilities that points (n, k) stand for, not below 1e-4."""
    found = np.exp(points - points.max(axis=1, keepdims=True))
    return np.asarray(np.log(found / found.sum(axis=1, keepdims=True) + 1e-4), dtype=np.float32)


@cache
def load_label_model() -> LabelModel:
    """Read the shipped model, once. Raises ValueError where its file was changed."""
    return LabelModel(
        **{name: part.astype(np.float32) for name, part in read_arrays(_STAGES).items()}
    )


def save_label_model(model: LabelModel) -> None:
    """Write what `load_label_model` reads; weights are rounded to float16."""
    parts = {name: getattr(model, name) for name in LabelModel.__slots__}
    write_arrays(_STAGES, {name: part.astype(np.float16) for name, part in parts.items()})
