"""Coverage: how far a set of organisations meets a set of needs; and what one more would add.

C(S) = sum over needs of w * max over the offers of S of s(need, offer) / sum of w. It never falls
when an organisation joins, and what joins later adds less (it is monotone and submodular). Only
whoever may well meet a need counts: s is 0 below POSSIBLE_FIT, so that nobody adds to the coverage
of a need that, by every other page, nobody can cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Rows, find_sorted
from matcher.corpus.corpus import Corpus
from matcher.domain import Need
from matcher.parameters import POSSIBLE_FIT


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """How well each facet, and through its best facet each organisation, meets each need."""

    needs: tuple[Need, ...]
    by_facet: Floats
    """(k, j) probability that a facet meets a need."""
    facet_rows: Rows
    """(j,) rows of the facets that were compared, ascending."""
    meets: Floats
    """(k, r) the same for organisations: their best facet counts, that of a name variant too."""
    rows: Rows
    """(r,) rows of the organisations that were compared, ascending: all, or some candidates."""

    @property
    def weights(self) -> Floats:
        """Return how much each need (k,) counts, adding up to 1."""
        weights = np.array([need.importance for need in self.needs], dtype=np.float64)
        return weights / weights.sum() if len(weights) else weights

    def places_of(self, rows: Rows) -> Rows:
        """Return where organisations (s,), all of which were compared, are in `rows`."""
        places: Rows = np.searchsorted(self.rows, rows)
        return places

    def of(self, rows: Rows) -> Floats:
        """Return how well a set of organisations meets each need (k,)."""
        if not len(rows):
            return np.zeros(len(self.needs))
        best: Floats = self.meets[:, self.places_of(rows)].max(axis=1)
        return best

    def total(self, rows: Rows) -> float:
        """Return C of a set of organisations, 0 to 1; 0 where there are no needs.

        Whoever hardly meets a need doesn't count for it.
        """
        return float(self.weights @ counted(self.of(rows)))

    def single(self) -> Floats:
        """Return C (r,) of each organisation on its own, to rank by: what hardly counts, too."""
        alone: Floats = self.weights @ self.meets
        return alone

    def gains(self, rows: Rows) -> Floats:
        """Return what each organisation (r,) adds to the coverage of a set: its complement."""
        return self._gains(counted(self.meets), counted(self.of(rows)))

    def faint_gains(self, rows: Rows) -> Floats:
        """Return the same where those count who hardly meet a need, too: who comes nearest."""
        return self._gains(self.meets, self.of(rows))

    def _gains(self, meets: Floats, before: Floats) -> Floats:
        gained: Floats = self.weights @ np.maximum(meets - before[:, None], 0.0)
        return gained


def counted(meets: Floats) -> Floats:
    """Return probabilities that needs are met as they count in coverage: 0 below POSSIBLE_FIT."""
    return np.where(meets >= POSSIBLE_FIT, meets, 0.0)


def covered_share(meets: Floats, weights: Floats, rows: Rows) -> float:
    """Return C, 0 to 1, of a set of organisations; 0 where there are no needs.

    `meets` (k, n) is how well each organisation meets each need, `weights` (k,) above 0 how much
    each need counts.
    """
    if not len(weights):
        return 0.0
    return float(weights @ meets[:, rows].max(axis=1, initial=0.0) / weights.sum())


def coverage_of(
    corpus: Corpus,
    needs: Sequence[Need],
    by_facet: Floats,
    facet_rows: Rows,
    rows: Rows | None = None,
) -> Coverage:
    """Aggregate probabilities by facet (k, j) into those of organisations: the best facet counts.

    A text that several organisations own counts for each of them. `rows`, ascending and with all
    name variants of each, are the organisations compared; None means all.
    """
    rows = np.arange(len(corpus)) if rows is None else rows
    meets = np.zeros((len(needs), len(rows)))
    if len(facet_rows) and len(needs) and len(rows):
        facets, places = corpus.facets_of(rows)
        columns = find_sorted(facets, facet_rows)
        compared = columns >= 0
        columns, places = columns[compared], places[compared]
        if len(places):
            starts = np.flatnonzero(np.diff(places, prepend=-1))
            best = np.maximum.reduceat(by_facet[:, columns], starts, axis=1)
            meets[:, places[starts]] = best
            meets = _best_of_variants(corpus, rows, meets)
    return Coverage(tuple(needs), by_facet, facet_rows, meets, rows)


def _best_of_variants(corpus: Corpus, rows: Rows, meets: Floats) -> Floats:
    """Return values (k, r) in which name variants of one organisation have their largest."""
    groups, places = np.unique(corpus.group[rows], return_inverse=True)
    if len(groups) == len(rows):
        return meets
    order = np.argsort(places, kind="stable")
    starts = np.searchsorted(places[order], np.arange(len(groups)))
    best: Floats = np.maximum.reduceat(meets[:, order], starts, axis=1)[:, places]
    return best


def best_facets(corpus: Corpus, coverage: Coverage, row: int) -> tuple[Rows, Floats]:
    """Return for each need (k,) the row of the facet of an organisation that meets it best.

    Beside it the probability. The row is -1 where the organisation owns nothing that was compared.
    Facets of its name variants count as its own.
    """
    own = corpus.facets_owned([row, *corpus.variants_of(row)])
    places = np.flatnonzero(np.isin(coverage.facet_rows, own))
    if not len(places):
        return np.full(len(coverage.needs), -1), np.zeros(len(coverage.needs))
    probabilities = coverage.by_facet[:, places]
    best = probabilities.argmax(axis=1)
    return coverage.facet_rows[places[best]], probabilities[np.arange(len(best)), best]


def harmonic_mean(one: Floats, other: Floats) -> Floats:
    """Return the harmonic mean of values of 0 and more, elementwise; 0 where either is 0."""
    total = one + other
    mean: Floats = np.divide(2 * one * other, total, out=np.zeros_like(total), where=total > 0)
    return mean
