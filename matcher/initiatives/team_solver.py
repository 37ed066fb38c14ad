"""A whole team chosen from a pool: who together meet the needs best, within quotas."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from matcher.arrays import Floats, Mask, Rows, mask_of
from matcher.deadline import DeadlineExceeded
from matcher.initiatives.team_solver_exact import Rules, best_team, find_team, signatures
from matcher.initiatives.team_task import (
    MEMBERS,
    POOL,
    RIVALS,
    SIZE,
    Infeasible,
    Task,
    Team,
    describe_team,
    fit_bonus,
    gains_of,
    improvements,
    need_shares,
    value_of,
)
from matcher.needs.coverage import covered_share

MAX_SEARCHED = 4_000
"""Candidates among whom the best team is searched. Origin: HiGHS simplifies a problem before it
looks at the time, for a third of a second with so many, and for seven with five times as many."""


def choose_greedily(task: Task) -> Team:
    """Return a good team, and how much better another could be; raise Infeasible.

    Raises DeadlineExceeded where there isn't time to find any.

    Greedy on f: without quotas and rivals it reaches 1 - 1/e of what can be gained beyond the
    members (Nemhauser et al., 1978). Gains are computed anew for each pick: one pass over (k, n) is
    quicker here than the heap of Minoux (1978) is in Python.
    """
    grown = grow(task, rules_of(task))
    if grown is None:
        raise Infeasible(_conflict(task))
    rows, bound = grown
    if not task.quotas and not task.rivals and not task.deadline.passed:
        alone = value_of(task, np.unique(task.members))
        bound = min(bound, alone + (value_of(task, rows) - alone) / (1 - 1 / math.e))
    return describe_team(task, rows, bound)


def choose_exactly(task: Task, greedy: Team | None = None) -> Team:
    """Return the best team, or the best one found in time; raise Infeasible.

    `greedy` is the team of `choose_greedily`, where it is known.
    """
    greedy = greedy or choose_greedily(task)
    if greedy.exact or task.deadline.passed:
        return greedy
    rules, members = rules_of(task), np.unique(task.members)
    searched = _searched(task, rules, greedy)
    is_whole = searched is None
    if searched is not None:
        rules = replace(rules, allowed=searched)
    improved = improvements(task, members, slice(None))
    worth = (1 - task.fit_share) * need_shares(task)[:, None] * improved
    found = best_team(rules, worth, fit_bonus(task))
    bound = greedy.at_most
    if is_whole:
        bound = min(bound, value_of(task, members) + found.bound)
    rows = greedy.rows
    if found.rows is not None and value_of(task, found.rows) > greedy.value:
        rows = found.rows
    # Where the pool is too small to fill the team, those who add nothing join as well.
    if not task.deadline.passed:
        grown = grow(task, replace(rules_of(task), members=mask_of(rows, len(task.fit))))
        rows = rows if grown is None else grown[0]
    proven = is_whole and found.proven
    return describe_team(task, rows, value_of(task, rows) if proven else bound)


def _searched(task: Task, rules: Rules, greedy: Team) -> Mask | None:
    """Return who is searched for the best team where there are too many candidates; else None.

    They are those who are worth most on their own, and those of the greedy team.
    """
    free = np.flatnonzero(rules.candidates())
    if len(free) <= MAX_SEARCHED:
        return None
    gains = gains_of(task, np.unique(task.members), free)
    best = free[np.argsort(-gains, kind="stable")[:MAX_SEARCHED]]
    return rules.members | mask_of(np.concatenate([best, greedy.rows]), len(task.fit))


def coverage_without(task: Task) -> dict[str, float]:
    """Return by label how far the needs would be met without a quota, or without rivals.

    What isn't known by the deadline is left out.
    """
    without = {
        quota.label: replace(
            task, quotas=tuple(other for other in task.quotas if other is not quota)
        )
        for quota in task.quotas
    }
    if task.rivals:
        without[RIVALS] = replace(task, rivals=())
    found: dict[str, float] = {}
    for label, freer in without.items():
        try:
            found[label] = choose_greedily(freer).coverage
        except DeadlineExceeded:
            break
    return found


def rules_of(task: Task, dropped: Collection[str] = ()) -> Rules:
    """Return what a team must meet, without the conditions of the labels that are dropped.

    Dropping a condition only ever makes more teams possible; so whether the team may be smaller
    goes by the pool even where that is dropped.
    """
    count = len(task.fit)
    members = mask_of(task.members, count)
    within = task.pool | members
    size = (task.size if within.sum() >= task.size else 0, task.size)
    limits = [(np.ones(count, dtype=np.bool_), *((0, count) if SIZE in dropped else size))]
    for quota in task.quotas:
        if quota.label not in dropped:
            at_most = count if quota.at_most is None else quota.at_most
            limits.append((quota.rows, quota.at_least, at_most))
    allowed = np.ones_like(within) if POOL in dropped else within
    rivals = np.array(() if RIVALS in dropped else task.rivals, dtype=np.int64).reshape(-1, 2)
    rivals = rivals[(rivals[:, 0] != rivals[:, 1]) & allowed[rivals].all(axis=1)]
    counts = np.array([rows for rows, _, _ in limits], dtype=np.int64)
    return Rules(
        counts,
        np.array([least for _, least, _ in limits]),
        np.array([most for _, _, most in limits]),
        signatures(counts),
        np.zeros_like(members) if MEMBERS in dropped else members,
        allowed,
        rivals,
        task.deadline,
    )


def _conflict(task: Task) -> tuple[str, ...]:
    """Return labels of conditions that can't be met together, though without any one they can.

    Found by a deletion filter (Chinneck & Dravnieks, 1991): what can be left out with the rest
    still in conflict is left out for good. A quota that has too few to choose from comes first.
    """
    within = task.pool | mask_of(task.members, len(task.fit))
    for quota in task.quotas:
        at_most = math.inf if quota.at_most is None else quota.at_most
        if quota.at_least > min(quota.rows.sum(), at_most) or at_most < 0:
            return (quota.label,)
        if quota.at_least > (quota.rows & within).sum():
            return (quota.label, POOL)
    labels = [*(quota.label for quota in task.quotas), SIZE, MEMBERS, RIVALS, POOL]
    dropped: set[str] = set()
    for label in [POOL, RIVALS, MEMBERS, *labels]:
        if find_team(rules_of(task, {*dropped, label})) is None:
            dropped.add(label)
    return tuple(label for label in labels if label not in dropped)


def grow(task: Task, rules: Rules) -> tuple[Rows, float] | None:
    """Add to the members who gains most, one after another; None if no team meets the rules.

    `plan` is always a whole team that meets the rules with all who are chosen in it, so there are
    no dead ends, and where time runs out it is returned as it is. Beside the rows comes the
    data-dependent bound of Leskovec et al. (2007): no team has more than f so far and the largest
    gains there.
    """
    plan = find_team(rules)
    if plan is None:
        return None
    free = rules.candidates()
    reachable, slots = free.copy(), task.size - int(rules.members.sum())
    everyone = slice(None)
    bound = _limit(task, rules, reachable, slots)
    while not rules.deadline.passed:
        rows = np.flatnonzero(rules.members)
        gains = gains_of(task, rows, everyone)
        most = _largest(gains[reachable & ~rules.members], slots)
        bound = min(bound, value_of(task, rows) + most)
        free &= rules.candidates()
        try:
            found = _next(rules, np.round(gains, 12), free, plan)
        except DeadlineExceeded:
            break
        if found is None:
            return rows, bound
        row, plan = found
        rules = rules.joined_by(row)
    return np.sort(plan), bound


def _next(rules: Rules, gains: Floats, free: Mask, plan: Rows) -> tuple[int, Rows] | None:
    """Return the best row that can join, and a whole team with it; None where nobody can.

    Strikes out of `free` (n,) who can't: who can't now can't later either. What holds for someone
    without rivals holds for everyone of the same signature.
    """
    while free.any():
        row = int(np.argmax(np.where(free, gains, -1.0)))
        team = _plan_with(rules, plan, row)
        if team is not None:
            return row, team
        rivals = rules.rivals_of(row)
        if not len(rivals) or find_team(rules.without_rivals_of(row).joined_by(row)) is None:
            free &= rules.signature != rules.signature[row]
        free[row] = False
    return None


def _plan_with(rules: Rules, plan: Rows, row: int) -> Rows | None:
    """Return a whole team with a row in it: the plan, changed as little as can be.

    A row more or one exchanged for another nearly always does; only else it is solved anew.
    """
    if row in plan:
        return plan
    spare = plan[~rules.members[plan]]
    clashes = np.isin(spare, rules.rivals_of(row))
    with_row = rules.count(plan) + rules.counts[:, row]
    if not clashes.any() and (with_row <= rules.most).all():
        return np.append(plan, row)
    after = with_row[:, None] - rules.counts[:, spare]
    meets = ((after >= rules.least[:, None]) & (after <= rules.most[:, None])).all(axis=0)
    can_go = spare[meets & (clashes.sum() == clashes)]
    if len(can_go):
        return np.append(plan[plan != can_go[0]], row)
    return find_team(rules.joined_by(row))


def _limit(task: Task, rules: Rules, reachable: Mask, slots: int) -> float:
    """Return f if everybody in reach met the needs together, with the best fits."""
    members = np.flatnonzero(rules.members)
    everyone = np.flatnonzero(rules.members | reachable)
    fits = float(fit_bonus(task)[members].sum()) + _largest(fit_bonus(task)[reachable], slots)
    return (1 - task.fit_share) * covered_share(task.meets, task.weights, everyone) + fits


def _largest(values: Floats, count: int) -> float:
    """Return the sum of the largest values."""
    if count >= len(values):
        return float(values.sum())
    return float(np.partition(values, len(values) - count)[len(values) - count :].sum())
