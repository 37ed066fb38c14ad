"""What team is wanted out of whom, and what a team is worth.

f(S) = (1 - fit_share) * C(S) + fit_share * sum of fit over S / size, where C(S) is how far the
team S meets the needs: sum of w * max over S of meets / sum of w. f never falls when someone
joins, and who joins later adds less (it is monotone and submodular).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.needs.coverage import covered_share

SIZE, MEMBERS, RIVALS, POOL = "size", "members", "rivals", "pool"
"""Labels of the conditions that aren't quotas: they name what is in conflict."""
CLOSE = 1e-9
"""Values closer than this are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Quota:
    """How many of some organisations a team must have at least and at most."""

    label: str
    """Shown to users where it is in conflict; no two in a task have the same."""
    rows: Mask
    """(n,) which organisations it counts."""
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What team is wanted, out of whom."""

    meets: Floats
    """(k, n) from 0 to 1: how well each organisation meets each need."""
    weights: Floats
    """(k,) above 0: how much each need counts; k may be 0."""
    fit: Floats
    """(n,) from 0 to 1: how well each organisation fits in general. Decides among equals."""
    pool: Mask
    """(n,) who may be chosen."""
    members: Rows
    """Who is in the team whatever happens, in the pool or not; counts in size and quotas."""
    size: int
    """Of the whole team. Only where pool and members are fewer may a team be smaller."""
    quotas: tuple[Quota, ...] = ()
    rivals: tuple[tuple[int, int], ...] = ()
    """Pairs of rows of which at most one may be in the team."""
    fit_share: float = 0.1
    deadline: Deadline = NO_DEADLINE
    """When the search for better teams ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """One organisation of a team."""

    row: int
    gain: float
    """The coverage it added when it was picked."""
    member: bool


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """A team."""

    picks: tuple[Pick, ...]
    """Members first, in ascending row, then the others in the order of picking."""
    coverage: float
    """How far it meets the needs, from 0 to 1; 0 where there are no needs."""
    value: float
    """f of the team."""
    at_most: float
    """No team that meets the conditions has a higher f."""
    exact: bool
    """Whether this team is proven to have the highest f."""

    @property
    def rows(self) -> Rows:
        """Return the rows in the order of the picks."""
        return np.array([pick.row for pick in self.picks], dtype=np.int64)


class Infeasible(Exception):
    """No team meets the conditions."""

    def __init__(self, conflict: tuple[str, ...]):
        super().__init__(f"no team meets: {', '.join(conflict)}")
        self.conflict = conflict
        """Labels of conditions that can't be met together, though without any one they can."""


def value_of(task: Task, rows: Rows) -> float:
    """Return f of a team."""
    covered = (1 - task.fit_share) * covered_share(task.meets, task.weights, rows)
    return covered + float(fit_bonus(task)[rows].sum())


def gains_of(task: Task, rows: Rows, others: Rows | slice) -> Floats:
    """Return what each of others (m,) outside a team adds to its f."""
    covered = need_shares(task) @ improvements(task, rows, others)
    gains: Floats = (1 - task.fit_share) * covered + fit_bonus(task)[others]
    return gains


def improvements(task: Task, rows: Rows, others: Rows | slice) -> Floats:
    """Return how much better each of others (m,) meets each need (k, m) than a team does."""
    met = task.meets[:, rows].max(axis=1, initial=0.0)
    improved: Floats = np.maximum(task.meets[:, others] - met[:, None], 0.0)
    return improved


def fit_bonus(task: Task) -> Floats:
    """Return what the fit of each organisation (n,) counts in f."""
    return task.fit_share / max(task.size, 1) * task.fit


def need_shares(task: Task) -> Floats:
    """Return how much each need (k,) counts, adding up to 1."""
    return task.weights / task.weights.sum() if len(task.weights) else task.weights


def describe_team(task: Task, rows: Rows, bound: float) -> Team:
    """Describe a team whose f is at most `bound`: members first, then as greedy picks them."""
    members = np.unique(task.members)
    others = np.setdiff1d(rows, members)
    order = members.tolist()
    while len(others):
        gains = np.round(gains_of(task, np.array(order, dtype=np.int64), others), 12)
        order.append(int(others[np.argmax(gains)]))
        others = others[others != order[-1]]
    team = np.array(order, dtype=np.int64)
    covered = [covered_share(task.meets, task.weights, team[:n]) for n in range(len(team) + 1)]
    picks = tuple(
        Pick(row, covered[n + 1] - covered[n], n < len(members)) for n, row in enumerate(order)
    )
    value = value_of(task, team)
    return Team(picks, covered[-1], value, max(bound, value), bound <= value + CLOSE)
