"""The search for weights: coordinate ascent on the measures themselves, over a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.matching.score import combine, qualifies, total_of
from matcher.models.fitted import Quality
from matcher.models.weights import Weights

DEPTH = 100
GRID: Mapping[str, tuple[float, ...]] = {
    "fit": (0.0, 0.25, 0.5, 1.0, 2.0),
    "sentence": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0),
    "mention": (0.0, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3, 2.0),
    "collaboration": (0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0),
    "affiliation": (0.0, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2, 4.0),
    "likely_partners": (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0),
}
ROUNDS = 4
SECOND_START = 3.0
"""The search starts once more from so many times the weights of collaboration and affiliation: by
one of them at a time it wouldn't find where both are larger."""
RECALL, RARE = 0.5, 0.25
"""What recall@50 and recall@100 of rare partners are worth beside nDCG@10."""
MIN_STEP = 0.001
"""What a step must gain on the mean, if that is more than its standard error."""
_DISCOUNTS = 1.0 / np.log2(np.arange(2, 12))
_IDEAL = np.concatenate([[1.0], np.cumsum(_DISCOUNTS)])  # by number of partners, 0 to 10


@dataclass(frozen=True, slots=True, eq=False)
class FitQuery:
    """A query whose answer is known: the features (c,) of its candidates."""

    about: str
    """The text it was made of: queries of one text are not independent of each other."""
    text_by_view: Mapping[str, Floats]
    view_coverage: Mapping[str, float]
    features: Mapping[str, Floats]
    """All features but the text relevance."""
    with_members: bool
    is_partner: Mask
    """(c,) which candidates are to be found."""
    is_rare: Mask
    """(c,) which of them are rare."""
    partners: int
    """How many are to be found, candidates or not."""
    rare: int
    surest: float = 0.0
    """How sure the surest organisation is by votes alone, as log odds."""

    @property
    def depends_on(self) -> frozenset[str]:
        """The names in GRID that make a difference to this query."""
        names = {"sentence"} if len(self.text_by_view) > 1 else set()
        likely = {"likely_partners"} if not self.with_members else set()
        return frozenset({*names, *self.features, *likely} & set(GRID))

    def scores(self, weights: Weights) -> Floats:
        """Return the scores (c,), 0 for candidates without evidence: those that serving gives."""
        parts = combine(
            self.text_by_view,
            self.view_coverage,
            self.features,
            weights,
            with_members=self.with_members,
        )
        count = len(self.is_partner)
        return np.where(qualifies(parts, count), total_of(parts, count), 0.0)

    def first(self, weights: Weights) -> Rows:
        """Return the places of the first hundred, best first."""
        return first_of(self.scores(weights))


def first_of(scores: Floats) -> Rows:
    """Return the places of the first DEPTH scores (c,) above 0, best first; ties go by place."""
    scores = np.round(scores, 6)
    least = np.partition(scores, -DEPTH)[-DEPTH] if len(scores) > DEPTH else 0.0
    places = np.flatnonzero((scores >= least) & (scores > 0))
    order: Rows = places[np.lexsort((places, -scores[places]))][:DEPTH]
    return order


def quality(queries: Sequence[FitQuery], weights: Weights) -> Quality:
    """Return how good the lists are with these weights."""
    figures = np.array([_figures(query, weights) for query in queries]).reshape(-1, 3)
    rare = figures[~np.isnan(figures[:, 2])]
    means = (figures[:, 0], figures[:, 1], rare[:, 2])
    return Quality(*(round(float(np.mean(each)), 4) if len(each) else 0.0 for each in means))


def worth(figures: Quality) -> float:
    """Return what the search goes by: nDCG first, half of recall, a quarter of rare recall."""
    return figures.ndcg_10 + RECALL * figures.recall_50 + RARE * figures.rare_recall_100


def search_weights(modes: Sequence[Sequence[FitQuery]], start: Weights) -> Weights:
    """Return the weights with which the lists of queries are worth most on the mean.

    Coordinate ascent over a grid, on the measures themselves (Metzler & Croft, 2007, Linear
    feature-based models for information retrieval): few weights, none negative. A step is taken
    only if what it gains is more than its standard error, project by project (after the rule of
    one standard error in Breiman et al., 1984): smaller gains are chance. The end of the second
    start counts if it gains on that of the first by the same rule.
    """
    lists = [_Worth(queries) for queries in modes if queries]
    near = _ascend(lists, start)
    larger = replace(
        start,
        collaboration=SECOND_START * start.collaboration,
        affiliation=SECOND_START * start.affiliation,
    )
    far = _ascend(lists, larger)
    gains = _gains([worth_of(near) for worth_of in lists], [worth_of(far) for worth_of in lists])
    return far if gains else near


class _Worth:
    """What the lists of queries are worth, worked out once for the weights that matter."""

    def __init__(self, queries: Sequence[FitQuery]) -> None:
        self._queries = queries
        abouts = [query.about for query in queries]
        _, self._project, self._queries_of_project = np.unique(
            abouts, return_inverse=True, return_counts=True
        )
        self._names = sorted(frozenset[str]().union(*(query.depends_on for query in queries)))
        self._known: dict[tuple[float, ...], Floats] = {}

    def __call__(self, weights: Weights) -> Floats:
        """Return the mean worth (p,) of the lists of each project that queries were made of."""
        key = tuple(float(getattr(weights, name)) for name in self._names)
        if key not in self._known:
            sums = np.bincount(self._project, weights=_worths(self._queries, weights))
            self._known[key] = sums / self._queries_of_project
        return self._known[key]


def _ascend(lists: Sequence[_Worth], start: Weights) -> Weights:
    """Return the weights to which steps from a start lead."""

    def worths(weights: Weights) -> list[Floats]:
        return [worth_of(weights) for worth_of in lists]

    best, best_worths = start, worths(start)
    for _ in range(ROUNDS):
        before = best
        for name, values in GRID.items():
            for value in values:
                tried = replace(best, **{name: value})
                tried_worths = worths(tried)
                if _gains(best_worths, tried_worths):
                    best, best_worths = tried, tried_worths
        if best == before:
            break
    return best


def _worths(queries: Sequence[FitQuery], weights: Weights) -> Floats:
    """Return what the list of each query (q,) is worth; their mean is the worth of `quality`.

    A query that stands there twice is asked once.
    """
    known = {id(query): query for query in queries}
    by_id = {number: _figures(query, weights) for number, query in known.items()}
    figures = np.array([by_id[id(query)] for query in queries])
    has_rare = ~np.isnan(figures[:, 2])
    rare = np.where(has_rare, figures[:, 2], 0.0) * len(figures) / max(int(has_rare.sum()), 1)
    worths: Floats = figures[:, 0] + RECALL * figures[:, 1] + RARE * rare
    return worths


def _figures(query: FitQuery, weights: Weights) -> tuple[float, float, float]:
    """Return nDCG@10, recall@50 and rare recall@100 of a list; nan where nobody is rare."""
    places = query.first(weights)
    hits = query.is_partner[places]
    first = hits[:10]
    gain = float(_DISCOUNTS[: len(first)] @ first)
    ideal = float(_IDEAL[min(10, query.partners)])
    rare = float(query.is_rare[places].sum()) / query.rare if query.rare else np.nan
    return gain / ideal, float(hits[:50].sum()) / query.partners, rare


def _gains(before: Sequence[Floats], after: Sequence[Floats]) -> bool:
    """Return whether lists are worth more after a step than before, and not by chance.

    Every list counts as much as another.
    """
    if not before:
        return False
    steps = [later - earlier for earlier, later in zip(before, after, strict=True)]
    gain = np.mean([step.mean() for step in steps])
    error = np.sqrt(sum(step.var() / len(step) for step in steps)) / len(steps)
    return bool(gain > max(MIN_STEP, error))
