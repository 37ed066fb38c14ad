"""What a team must meet, and the integer programs that find teams (HiGHS, through scipy)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from matcher.arrays import Floats, Mask, Rows
from matcher.deadline import NO_DEADLINE, Deadline, DeadlineExceeded

SCALE = 1000.0
"""HiGHS stops within 1e-6 of the optimum; scaling the objective makes that 1e-9."""


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What a team must meet: limits on how many of some organisations are in it.

    The first limit counts everyone: it is the size of the team.
    """

    counts: Rows
    """(q, n) 0 or 1: which organisations each limit counts."""
    least: Rows
    """(q,)"""
    most: Rows
    """(q,)"""
    signature: Rows
    """(n,) who has the same number is counted by the same limits."""
    members: Mask
    """(n,) who is in the team whatever happens."""
    allowed: Mask
    """(n,) who may be in it, members among them."""
    rivals: Rows
    """(p, 2) pairs of rows that exclude each other."""
    deadline: Deadline = NO_DEADLINE
    """By when a team must be found."""

    def count(self, rows: Rows) -> Rows:
        """Return how many of the rows each limit (q,) counts."""
        total: Rows = self.counts[:, rows].sum(axis=1)
        return total

    def rivals_of(self, row: int) -> Rows:
        """Return the rows that can't be in a team with this row."""
        return np.concatenate(
            [self.rivals[self.rivals[:, 0] == row, 1], self.rivals[self.rivals[:, 1] == row, 0]]
        )

    def candidates(self) -> Mask:
        """Return who (n,) is not ruled out beside the members, taken one at a time."""
        free = self.allowed & ~self.members
        taken = self.members[self.rivals]
        free[self.rivals[taken[:, 1], 0]] = False
        free[self.rivals[taken[:, 0], 1]] = False
        so_far = self.count(np.flatnonzero(self.members))
        slots = self.most[0] - so_far[0]
        full = so_far >= self.most
        all_needed = self.least - so_far >= max(slots, 1)
        free &= ~self.counts[full].any(axis=0) & self.counts[all_needed].all(axis=0)
        return free

    def joined_by(self, row: int) -> Rules:
        """Return the same rules with one member more."""
        members = self.members.copy()
        members[row] = True
        return replace(self, members=members)

    def without_rivals_of(self, row: int) -> Rules:
        """Return the same rules in which this row has no rivals."""
        return replace(self, rivals=self.rivals[(self.rivals != row).all(axis=1)])


def signatures(counts: Rows) -> Rows:
    """Return the same number (n,) for organisations that the same limits (q, n) count."""
    found = np.zeros(counts.shape[1], dtype=np.int64)
    for row in counts:
        found = 2 * found + row
        # Renumbered in time, so that any number of limits fits into 64 bits.
        if found.max(initial=0) >= 2**60:
            found = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return found


def find_team(rules: Rules) -> Rows | None:
    """Return the rows of some team that meets the rules, ascending; None where there is none.

    Raises DeadlineExceeded where it can't be told in time.

    Organisations of one signature can stand for one another, so the program only says how many of
    each signature; those with rivals it takes one by one.
    """
    members = np.flatnonzero(rules.members)
    so_far = rules.count(members)
    if (so_far > rules.most).any() or rules.members[rules.rivals].all(axis=1).any():
        return None
    if (so_far >= rules.least).all():
        return members
    free = rules.candidates()
    pairs = rules.rivals[free[rules.rivals].all(axis=1)]
    alone = np.unique(pairs)
    if len(alone):
        # Without them the program is far smaller, and nearly always there are enough others.
        allowed = rules.allowed.copy()
        allowed[alone] = False
        without = find_team(replace(rules, allowed=allowed))
        if without is not None:
            return without
        free[alone] = False
    interchangeable = np.flatnonzero(free)
    kinds, first, sizes = np.unique(
        rules.signature[interchangeable], return_index=True, return_counts=True
    )
    amounts = _solve(
        rules.counts[:, np.concatenate([interchangeable[first], alone])],
        np.concatenate([sizes, np.ones(len(alone), dtype=np.int64)]),
        (rules.least - so_far, rules.most - so_far),
        np.searchsorted(alone, pairs) + len(kinds),
        rules.deadline,
    )
    if amounts is None:
        return None
    of_kinds = [
        interchangeable[rules.signature[interchangeable] == kind][:amount]
        for kind, amount in zip(kinds, amounts[: len(kinds)], strict=True)
    ]
    team: Rows = np.sort(np.concatenate([members, *of_kinds, alone[amounts[len(kinds) :] > 0]]))
    return team


def _solve(
    counts: Rows, sizes: Rows, limits: tuple[Rows, Rows], pairs: Rows, deadline: Deadline
) -> Rows | None:
    """Return how many to take of each kind (v,), at most sizes (v,); None if it can't be done.

    counts (q, v) says which limits count a kind; of each pair (p, 2) of kinds one may be taken.
    """
    deadline.check()
    if not len(sizes):
        return None if (limits[0] > 0).any() else np.empty(0, dtype=np.int64)
    found = milp(
        np.zeros(len(sizes)),
        integrality=np.ones(len(sizes), dtype=np.int64),
        bounds=Bounds(0.0, sizes.astype(np.float64)),
        constraints=[
            LinearConstraint(sparse.csr_array(counts.astype(np.float64)), *limits),
            *_one_of_each(pairs, len(sizes)),
        ],
        options={"time_limit": deadline.remaining},
    )
    if found.status == 2:
        return None
    if found.status == 1 and found.x is None:
        raise DeadlineExceeded
    if found.x is None:
        raise RuntimeError(f"HiGHS: {found.message}")
    return np.rint(found.x).astype(np.int64)


def _one_of_each(pairs: Rows, count: int) -> list[LinearConstraint]:
    """Return the condition on variables (count,) that of each pair (p, 2) at most one is taken."""
    if not len(pairs):
        return []
    every = np.arange(len(pairs))
    columns = (np.concatenate([every, every]), np.concatenate([pairs[:, 0], pairs[:, 1]]))
    matrix = sparse.csr_array((np.ones(2 * len(pairs)), columns), shape=(len(pairs), count))
    return [LinearConstraint(matrix, -np.inf, 1.0)]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The best team that was found in time."""

    rows: Rows | None
    """None where time ran out before there was any."""
    bound: float
    """No team is worth more."""
    proven: bool
    """Whether no team is better."""


def best_team(rules: Rules, worth: Floats, bonus: Floats) -> Solution:
    """Return the team that is worth most, or the best one found before the deadline of the rules.

    It is worth the best `worth` (k, n) for each need, plus each `bonus` (n,).

    The rules can be met. Members count for nothing here, what they are worth is taken off before.
    Besides a binary x for each candidate there is a share y of each need for each candidate that
    is worth anything to it, at most x; the shares of a need add up to at most 1.
    """
    members, free = np.flatnonzero(rules.members), np.flatnonzero(rules.candidates())
    if not len(free):
        return Solution(members, 0.0, True)
    needs, columns = np.nonzero(worth[:, free] > 0)
    shares, count = len(needs), len(free) + len(needs)
    so_far = rules.count(members)
    column_of = np.full(len(bonus), -1)
    column_of[free] = np.arange(len(free))
    pairs = column_of[rules.rivals]
    found = milp(
        -SCALE * np.concatenate([bonus[free], worth[needs, free[columns]]]),
        integrality=np.repeat([1, 0], [len(free), shares]),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(
                sparse.hstack(
                    [
                        sparse.csr_array(rules.counts[:, free].astype(np.float64)),
                        sparse.csr_array((len(so_far), shares)),
                    ]
                ),
                rules.least - so_far,
                rules.most - so_far,
            ),
            *_shares_of_needs(needs, columns, len(free), len(worth)),
            *_one_of_each(pairs[(pairs >= 0).all(axis=1)], count),
        ],
        options={"time_limit": rules.deadline.remaining, "mip_rel_gap": 0.0},
    )
    bound = np.inf if found.mip_dual_bound is None else -found.mip_dual_bound / SCALE
    if found.x is None:
        return Solution(None, float(bound), False)
    team = np.sort(np.concatenate([members, free[found.x[: len(free)] > 0.5]]))
    return Solution(team, float(bound), found.status == 0)


def _shares_of_needs(
    needs: Rows, columns: Rows, candidates: int, need_count: int
) -> list[LinearConstraint]:
    """Return that each share (s,) needs its candidate, and that those of a need add up to 1."""
    shares = len(needs)
    if not shares:
        return []
    every = np.arange(shares)
    ones = np.ones(shares)
    within = sparse.csr_array(
        (
            np.concatenate([ones, -ones]),
            (np.concatenate([every, every]), np.concatenate([candidates + every, columns])),
        ),
        shape=(shares, candidates + shares),
    )
    added = sparse.csr_array(
        (ones, (needs, candidates + every)), shape=(need_count, candidates + shares)
    )
    return [LinearConstraint(within, -np.inf, 0.0), LinearConstraint(added, -np.inf, 1.0)]
