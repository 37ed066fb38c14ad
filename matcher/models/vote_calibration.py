"""What votes for an organisation are worth: learned from past projects, asked of all others.

Whoever takes part in nearly all projects of one field gets some votes for whatever is asked, from
the many of them that are a little like it, and would head lists of fields it never worked in. For
others the same votes are a good sign. So each organisation has a curve of its own, from its share
of the votes to the chance that it took part; where that is below the curve of all together, its
votes count for less. They never count for more: that would bury those with few projects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sparse
from pydantic import ConfigDict
from scipy.optimize import minimize
from scipy.special import expit

from matcher.arrays import Floats, Rows, find_sorted

SMALL = 0.01
"""Shares of the votes much below this are all the same."""
PULL = 10.0
"""How strongly the curves of organisations are pulled towards that of all together."""
FEWEST = 40
"""From fewer past projects nothing is learned."""
_ROUNDS, _STEP, _DONE = 60, 0.5, 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class VoteCalibration:
    """Curves: chance = logistic(intercept + slope * log(share + SMALL))."""

    common: tuple[float, float]
    """Intercept and slope of all together."""
    own: Floats
    """Those of each organisation (n, 2), by row."""

    def worth(self, shares: Floats) -> Floats:
        """Return what votes are worth (n,), from 0 to 1, by each organisation's share of them.

        What is left of the votes is never less where the share is larger.
        """
        common = expit(self.common[0] + self.common[1] * np.log(shares + SMALL))
        return np.minimum(expit(self.log_odds(shares)) / common, 1.0)

    def log_odds(self, shares: Floats) -> Floats:
        """Return how sure each organisation (n,) is to take part, as log odds."""
        odds: Floats = self.own[:, 0] + self.own[:, 1] * np.log(shares + SMALL)
        return odds

    def surest(self, log_odds: Floats) -> float:
        """Return the log odds of the surest (n,), or of a newcomer without votes if more."""
        newcomer = self.common[0] + self.common[1] * np.log(SMALL)
        return float(log_odds.max(initial=newcomer))


@dataclass(frozen=True, slots=True, eq=False)
class VoteCurves:
    """The curves as they are stored, by the keys of organisations."""

    __pydantic_config__: ClassVar = ConfigDict(arbitrary_types_allowed=True)
    common: tuple[float, float]
    keys: Rows
    """(n,) ascending."""
    own: Floats
    """Intercept and slope (n, 2) of each."""

    def for_keys(self, keys: Rows) -> VoteCalibration:
        """Return the curves of organisations (k,); those not known have the common one."""
        places = find_sorted(keys, self.keys)
        own = np.empty((len(keys), 2))
        own[:] = self.common
        own[places >= 0] = self.own[places[places >= 0]]
        return VoteCalibration(self.common, own)


def fit_vote_calibration(
    shares: sparse.csr_array, took_part: sparse.csr_array
) -> VoteCalibration | None:
    """Learn from past projects: the shares of the votes (q, n) and who took part (q, n).

    Each project's own votes are left out of its row. Returns None where too little is known, or
    where votes say nothing.
    """
    asked, count = shares.shape
    if asked < FEWEST or not took_part.nnz:
        return None
    row, column = shares.nonzero()
    voted = row.astype(np.int64) * count + column
    where = took_part.nonzero()
    hit = np.isin(voted, where[0].astype(np.int64) * count + where[1]).astype(np.float64)
    # Of each organisation, all projects that gave it no vote are one entry.
    without = asked - np.bincount(column, minlength=count)
    missed = np.bincount(where[1], minlength=count) - np.bincount(column, hit, minlength=count)
    everyone = np.arange(count)
    told = _Told(
        rows=np.concatenate([column, everyone]),
        x=np.log(np.concatenate([shares.data, np.zeros(count)]) + SMALL),
        projects=np.concatenate([np.ones(len(column)), without]),
        hits=np.concatenate([hit, missed]),
    )
    common = _common(told)
    return None if common[1] <= 0 else VoteCalibration(common, _own(told, common, count))


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Entries (e,): an organisation, its x, in how many projects, and how often it took part."""

    rows: Rows
    x: Floats
    projects: Floats
    hits: Floats


def _common(told: _Told) -> tuple[float, float]:
    def loss(curve: Floats) -> tuple[float, Floats]:
        logit = curve[0] + curve[1] * told.x
        wrong = told.projects * expit(logit) - told.hits
        value = told.projects @ np.logaddexp(0.0, logit) - told.hits @ logit
        return float(value), np.array([wrong.sum(), wrong @ told.x])

    rate = told.hits.sum() / told.projects.sum()
    start = np.array([np.log(rate / (1.0 - rate)) if rate < 1.0 else 0.0, 0.0])
    found = minimize(loss, start, jac=True, method="BFGS").x
    return float(found[0]), float(found[1])


def _own(told: _Told, common: tuple[float, float], count: int) -> Floats:
    """Return intercepts and slopes (n, 2): Newton's method, for all organisations at once."""

    def summed(values: Floats) -> Floats:
        sums: Floats = np.bincount(told.rows, weights=values, minlength=count).astype(np.float64)
        return sums

    own = np.tile(np.array(common), (count, 1))
    for _ in range(_ROUNDS):
        probability = expit(own[told.rows, 0] + own[told.rows, 1] * told.x)
        right = told.hits - told.projects * probability
        curved = told.projects * probability * (1.0 - probability)
        first = summed(right) - PULL * (own[:, 0] - common[0])
        second = summed(right * told.x) - PULL * (own[:, 1] - common[1])
        a, c = summed(curved) + PULL, summed(curved * told.x**2) + PULL
        b = summed(curved * told.x)
        whole = a * c - b**2
        steps = np.stack([(c * first - b * second) / whole, (a * second - b * first) / whole], 1)
        own += np.clip(steps, -_STEP, _STEP)
        if np.abs(steps).max() < _DONE:
            break
    # With a slope this much lower, votes would be worth less the more of them there are.
    own[:, 1] = np.maximum(own[:, 1], common[1] - 1.0)
    return own
