"""Weights learned from history: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.evaluation.metrics import ndcg, recall
from matcher.matching.scoring import SPEAKING, Weights, saturate

DEPTH = 100
GRID: Mapping[str, tuple[float, ...]] = {
    "meaning": (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0),
    "sentences": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0),
    "named": (0.0, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3, 2.0),
    "network": (0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0),
    "acquainted": (0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0),
    "kin": (0.0, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2, 4.0),
    "akin": (0.0, 0.1, 0.2, 0.4, 0.8, 1.2, 2.0, 3.0),
    "on_topic": (0.0, 0.5, 1.0, 2.0, 4.0),
}
LAST = ("akin",)
"""Learned when all others are: it is in questions without members alone, and what counts in all
questions would be learned otherwise for its sake, at the cost of those with members."""
ROUNDS = 4
FURTHER = 3.0
"""The search starts once more from so many times the weights of network and kin: one of them at a
time, it wouldn't find where both are larger."""
RECALL, RARE = 0.5, 0.25
"""What recall@50 and recall@100 of rare partners are worth beside nDCG@10."""
MIN_STEP = 0.001
"""What a step must gain on the mean, if that is more than its standard error."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question whose answer is known: the parts (k,) by name, with the votes by view."""

    about: str
    """What it was made of: questions with the same are not independent of each other."""
    rows: Rows
    """Who can be an answer (k,), ascending: neither a member given nor a variant not shown."""
    by_view: Mapping[str, Floats]
    vocabulary_coverage: Mapping[str, float]
    """Which share of the text each view understands."""
    parts: Mapping[str, Floats]
    """named; where members were given kin and cross_sector, else akin."""
    partners: frozenset[int]
    """The rows of those to be found, and below of the rare ones."""
    rare: frozenset[int]
    surest: float = 0.0
    """How sure the surest organisation is of the text, as log odds."""
    worked: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    """By part, network or acquainted: the strength of the network, and what nearness to the text
    adds to it for each unit of `on_topic`."""

    @property
    def weighed_by(self) -> frozenset[str]:
        """The names in GRID that make a difference to this question."""
        nearness = {"on_topic"} if self.worked else set()
        return frozenset({"meaning", "sentences", *self.parts, *self.worked, *nearness} & set(GRID))

    def scores(self, weights: Weights) -> Floats:
        """Return the scores (k,) from 0 to 1; 0 for those that nothing speaks for.

        The same as `score_parts` makes of the parts, in fewer steps: learning asks for the scores
        of each question hundreds of times.
        """
        text, shares = np.zeros(len(self.rows)), 0.0
        for name, votes in self.by_view.items():
            share = weights.of_view(name) * self.vocabulary_coverage[name]
            text += share * votes
            shares += share
        speaking = text * (weights.text / (shares or 1.0))
        total, others = weights.text, np.zeros(1)
        for name, values in self.parts.items():
            share = getattr(weights, name)
            total += share
            if name in SPEAKING:
                speaking += share * values
            else:
                others = others + share * values
        for name, (strength, nearby) in self.worked.items():
            share = getattr(weights, name)
            total += share
            worked = strength + weights.on_topic * nearby
            speaking += share * saturate(worked, weights.half_network)
        return np.where(speaking > 0, (speaking + others) / (total or 1.0), 0.0)

    def first(self, weights: Weights) -> Rows:
        """Return the places in `rows` of the first 100, best first."""
        scores = np.round(self.scores(weights), 6)
        least = np.partition(scores, -DEPTH)[-DEPTH] if len(scores) > DEPTH else 0.0
        places = np.flatnonzero((scores >= least) & (scores > 0))
        order: Rows = places[np.lexsort((places, -scores[places]))][:DEPTH]
        return order


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over questions."""

    ndcg_10: float
    recall_50: float
    rare_recall_100: float

    @property
    def worth(self) -> float:
        """What training goes by: nDCG first, half as much recall, a quarter of rare partners."""
        return self.ndcg_10 + RECALL * self.recall_50 + RARE * self.rare_recall_100


def quality(questions: Sequence[Asked], weights: Weights) -> Quality:
    """Return how good the lists are with these weights."""
    figures = np.array([_figures(one, weights) for one in questions]).reshape(-1, 3)
    rare = figures[~np.isnan(figures[:, 2])]
    means = (figures[:, 0], figures[:, 1], rare[:, 2])
    return Quality(*(round(float(np.mean(each)), 4) if len(each) else 0.0 for each in means))


def learn_weights(modes: Sequence[Sequence[Asked]], start: Weights) -> Weights:
    """Return the weights with which the lists of questions are worth most on the mean.

    Coordinate ascent over a grid, on the measures themselves (Metzler & Croft, 2007, Linear
    feature-based models for information retrieval): few weights, none negative. A step is taken
    only if what it gains is more than its standard error, project by project (after the rule of
    one standard error in Breiman et al., 1984): smaller gains are chance. The end of a second start
    counts if it gains on that of the first by the same rule.
    """
    lists = [_Worth(questions) for questions in modes if questions]
    first = [name for name in GRID if name not in LAST]
    near = _ascend(lists, start, first)
    larger = replace(start, network=FURTHER * start.network, kin=FURTHER * start.kin)
    far = _ascend(lists, larger, first)
    gains = _gains([worth(near) for worth in lists], [worth(far) for worth in lists])
    return _ascend(lists, far if gains else near, LAST)


class _Worth:
    """What the lists of questions are worth, worked out once for the weights that matter."""

    def __init__(self, questions: Sequence[Asked]) -> None:
        self._questions = questions
        abouts = [one.about for one in questions]
        _, self._project, self._several = np.unique(abouts, return_inverse=True, return_counts=True)
        self._names = sorted(frozenset[str]().union(*(one.weighed_by for one in questions)))
        self._known: dict[tuple[float, ...], Floats] = {}

    def __call__(self, weights: Weights) -> Floats:
        """Return the mean worth (p,) of the lists of each project that questions were made of."""
        key = tuple(float(getattr(weights, name)) for name in self._names)
        if key not in self._known:
            sums = np.bincount(self._project, weights=_worths(self._questions, weights))
            self._known[key] = sums / self._several
        return self._known[key]


def _ascend(lists: Sequence[_Worth], start: Weights, names: Sequence[str]) -> Weights:
    """Return the weights to which steps from a start lead, where only those of `names` change."""

    def worth(weights: Weights) -> list[Floats]:
        return [one(weights) for one in lists]

    best, best_worth = start, worth(start)
    for _ in range(ROUNDS):
        before = best
        for name in names:
            for value in GRID[name]:
                tried = replace(best, **{name: value})  # type: ignore[arg-type]
                tried_worth = worth(tried)
                if _gains(best_worth, tried_worth):
                    best, best_worth = tried, tried_worth
        if best == before:
            break
    return best


def _worths(questions: Sequence[Asked], weights: Weights) -> Floats:
    """Return what the list of each question (q,) is worth; their mean is `Quality.worth`.

    One that stands there twice is asked once.
    """
    different = {id(one): one for one in questions}
    known = {number: _figures(one, weights) for number, one in different.items()}
    figures = np.array([known[id(one)] for one in questions])
    told = ~np.isnan(figures[:, 2])
    rare = np.where(told, figures[:, 2], 0.0) * len(figures) / max(int(told.sum()), 1)
    worths: Floats = figures[:, 0] + RECALL * figures[:, 1] + RARE * rare
    return worths


def _figures(one: Asked, weights: Weights) -> tuple[float, float, float]:
    """Return nDCG@10, recall@50 and rare recall@100 of a list; nan where nobody is rare."""
    ranked = one.rows[one.first(weights)].tolist()
    rare = recall(ranked, one.rare, 100) if one.rare else np.nan
    return ndcg(ranked, one.partners, 10), recall(ranked, one.partners, 50), rare


def _gains(before: Sequence[Floats], after: Sequence[Floats]) -> bool:
    """Return whether lists of questions are worth more after a step than before, and not by chance.

    Every list counts as much as another.
    """
    if not before:
        return False
    steps = [later - earlier for earlier, later in zip(before, after, strict=True)]
    gain = np.mean([step.mean() for step in steps])
    error = np.sqrt(sum(step.var() / len(step) for step in steps)) / len(steps)
    return bool(gain > max(MIN_STEP, error))
