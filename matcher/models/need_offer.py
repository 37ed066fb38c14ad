"""The need-offer model: from similarity to the probability that an offer meets a need.

A logistic curve (Platt, 1999) over similarity and over how the two stages of the value chain stand
to each other. It is fitted on judged pairs of needs and offers that come with the service, under
the encoder of each generation, so it means the same under any encoder.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from embeddings.port import Encoder, View, project_onto_view, vocabulary_coverage
from matcher.arrays import Floats
from matcher.domain import Stage
from matcher.parameters import NEED_OFFER_SENTENCE

JUDGED = Path(__file__).parent / "judged.tsv"
CHAIN = {
    Stage.RESEARCH: 0,
    Stage.DEVELOPMENT: 1,
    Stage.PILOT: 2,
    Stage.PRODUCTION: 3,
    Stage.SUPPLY: 4,
    Stage.MARKET: 5,
}
"""The stages from idea to market; regulation, training and finance stand beside them."""
STAGES_COUNT = 0.5
"""How much of what the judged pairs say of stages counts.

Most of their offers were written to differ in stage alone, which in a corpus is rare; with all of
it, whoever is at the same stage comes before those who can do what is needed.
"""
OF_OTHERS = 0.1
"""How much a pair counts in which the offer was written for another need."""
ENOUGH = 10
"""So many outcomes of introductions, with both answers among them, change the curve."""
OF_DECLINED = 0.5
"""How much an introduction counts that was declined."""
STAGES: dict[Stage | None, int] = {**{one: at for at, one in enumerate(Stage)}, None: len(Stage)}
"""The number of each stage, and of none."""
SAME, NEXT, OTHER, UNKNOWN = 0, 1, 2, -1
"""How two stages stand to each other; UNKNOWN where one of them isn't stated."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A need and an offer, and whether somebody with that need would say: yes, they can do it."""

    need: str
    need_stage: Stage | None
    offer: str
    offer_stage: Stage | None
    meets: bool


@dataclass(frozen=True, slots=True)
class NeedOfferModel:
    """The curve: probability = logistic(intercept + slope * similarity + stages[relation])."""

    intercept: float
    slope: float
    stages: tuple[float, float, float]
    """What is added where the stages are the same, next to each other, or others."""

    def probabilities(
        self, similarities: Floats, relations: NDArray[np.int8], *, guessed: bool = False
    ) -> Floats:
        """Return chances for similarities and stage relations of the same shape.

        Where stages were only `guessed`, another stage speaks half as much against an offer.
        """
        shifts = np.array([*self.stages, 0.0])
        if guessed:
            shifts = np.where(shifts < 0, shifts / 2, shifts)
        shift = shifts[relations]
        logit = self.intercept + self.slope * similarities + shift
        probability: Floats = 1.0 / (1.0 + np.exp(-logit))
        return probability


def similarities(
    encoder: Encoder, queries: NDArray[np.float32], vectors: NDArray[np.float32]
) -> Floats:
    """Return (k, m) from 0 to 1 for queries (k, dim) and stored vectors (m, dim).

    The views are mixed by how far each understands the query; the sentence counts less. A stored
    vector of n views has length 1 / sqrt(n) in each; where a view understood only a part of it, the
    similarity is that much less.
    """
    mixed = np.zeros((len(queries), len(vectors)))
    for view, shares in _view_shares(encoder, queries):
        columns = slice(view.start, view.end)
        seen = project_onto_view(queries, view)[:, columns]
        compared = seen @ vectors[:, columns].T * np.sqrt(len(encoder.views))
        mixed += shares * np.clip(compared, 0.0, 1.0)
    return mixed


def _view_shares(encoder: Encoder, queries: NDArray[np.float32]) -> Iterator[tuple[View, Floats]]:
    """Yield each view with its shares (k, 1) for queries (k, dim), which add up to 1.

    Where no view understands a query, they are 0.
    """
    shares = np.array(
        [
            (NEED_OFFER_SENTENCE if view.name == "sentence" else 1.0)
            * vocabulary_coverage(encoder, queries, view)
            for view in encoder.views
        ]
    )[:, :, None]
    total = shares.sum(axis=0)
    shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    yield from zip(encoder.views, shares, strict=True)


def relations_of(needs: Sequence[Stage | None], offers: Sequence[Stage | None]) -> NDArray[np.int8]:
    """Return (needs, offers): SAME, NEXT or OTHER stage; -1 where one isn't known."""
    asked, offered = ([STAGES[one] for one in several] for several in (needs, offers))
    return _RELATIONS[np.ix_(asked, offered)]


def stage_relations(asked: NDArray[np.int64], offered: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the same for stages by their number in STAGES, of shapes that go together."""
    related: NDArray[np.int8] = _RELATIONS[asked, offered]
    return related


def mixed_queries(encoder: Encoder, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors (k, dim) whose inner product with a stored vector is nearly its similarity.

    That views don't fall below 0 each on its own is left out.
    """
    mixed = np.zeros(queries.shape, dtype=np.float32)
    for view, shares in _view_shares(encoder, queries):
        mixed += shares * project_onto_view(queries, view) * np.sqrt(len(encoder.views))
    return mixed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an introduction taught: a need, the offer nearest to it, and whether they met."""

    need: str
    offer: str
    met: bool


def fit_need_offer_model(
    encoder: Encoder,
    outcomes: Sequence[Outcome] = (),
    pairs: Sequence[Judged] | None = None,
    stages_count: float = STAGES_COUNT,
) -> NeedOfferModel:
    """Fit the curve to judged pairs under an encoder, and to what introductions taught.

    Each need is also set against the offers that were written for other needs, which don't meet it
    but for a rare exception; so the chances are those of a corpus in which few offers of many meet
    a need, and not those of the near misses that judges are asked about. `outcomes` count once
    there are ENOUGH of them with both answers; no is weaker evidence, since people decline for
    other reasons too.
    """
    pairs = judged_pairs() if pairs is None else pairs
    stage_of = {pair.need: pair.need_stage for pair in pairs}
    needs = list(stage_of)
    offers = encoder.encode_stored([pair.offer for pair in pairs])
    compared = similarities(encoder, encoder.encode_stored(needs), offers)
    relations = relations_of(list(stage_of.values()), [pair.offer_stage for pair in pairs])
    own = np.array([[pair.need == need for pair in pairs] for need in needs])
    meets = own & np.array([pair.meets for pair in pairs])
    stages = np.eye(4)[relations.ravel()][:, :3]
    features = np.hstack([compared.reshape(-1, 1), stages])
    labels, counts = meets.ravel(), np.where(own, 1.0, OF_OTHERS).ravel()
    if len(outcomes) >= ENOUGH and len({one.met for one in outcomes}) == 2:
        asked, offered = ([one.need for one in outcomes], [one.offer for one in outcomes])
        vectors = encoder.encode_stored(asked), encoder.encode_stored(offered)
        near = np.diagonal(similarities(encoder, *vectors))
        met = np.array([one.met for one in outcomes])
        features = np.vstack([features, np.column_stack([near, np.zeros((len(near), 3))])])
        labels = np.concatenate([labels, met])
        counts = np.concatenate([counts, np.where(met, 1.0, OF_DECLINED)])
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, max_iter=1000)
    model.fit(features, labels, sample_weight=counts)
    stages = stages_count * model.coef_[0][1:]
    intercept, slope = _line(features[:, 0], labels, counts, features[:, 1:] @ stages)
    same, next_to, other = (float(one) for one in stages)
    return NeedOfferModel(intercept, max(slope, 0.0), (same, next_to, other))


def _line(
    compared: Floats, labels: NDArray[np.bool_], counts: Floats, shifts: Floats
) -> tuple[float, float]:
    """Return intercept and slope of a logistic curve (n,) on top of given shifts."""

    def loss(line: Floats) -> float:
        logits = line[0] + line[1] * compared + shifts
        return float(np.sum(counts * (np.logaddexp(0.0, logits) - labels * logits)))

    intercept, slope = minimize(loss, np.array([-4.0, 8.0]), method="BFGS").x
    return float(intercept), float(slope)


@cache
def judged_pairs() -> tuple[Judged, ...]:
    """Return the judged pairs that come with the service."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return tuple(
            Judged(
                row["need"],
                Stage(row["need_stage"]) if row["need_stage"] else None,
                row["offer"],
                Stage(row["offer_stage"]) if row["offer_stage"] else None,
                row["meets"] == "1",
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        )


def _relation(one: Stage, other: Stage) -> int:
    if one is other:
        return SAME
    if one in CHAIN and other in CHAIN and abs(CHAIN[one] - CHAIN[other]) == 1:
        return NEXT
    return OTHER


_RELATIONS = np.full((len(Stage) + 1, len(Stage) + 1), -1, dtype=np.int8)
_RELATIONS[:-1, :-1] = [[_relation(one, other) for other in Stage] for one in Stage]
