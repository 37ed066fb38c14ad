"""A whole team chosen from a pool: who together meet the needs best, within quotas.

f(S) = (1 - fit_share) * C(S) + fit_share * sum of fit over S / size, where C(S) is how far the
team S meets the needs: sum of w * max over S of meets / sum of w. f never falls when someone
joins, and who joins later adds less (it is monotone and submodular).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.initiatives.team_solver_exact import Rules, best_team, find_team, signatures

SIZE, MEMBERS, RIVALS, POOL = "size", "members", "rivals", "pool"
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
    kept: Rows
    """Who is in the team whatever happens, in the pool or not; counts in size and quotas."""
    size: int
    """Of the whole team. Only where the pool and who is kept are fewer may a team be smaller."""
    quotas: tuple[Quota, ...] = ()
    rivals: tuple[tuple[int, int], ...] = ()
    """Pairs of rows of which at most one may be in the team."""
    fit_share: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """One organisation of a team."""

    row: int
    gain: float
    """The coverage it added when it was picked."""
    kept: bool


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """A team."""

    picks: tuple[Pick, ...]
    """Who is kept first, in ascending row, then in the order of picking."""
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


def coverage(meets: Floats, weights: Floats, rows: Rows) -> float:
    """Return from 0 to 1 how far a team meets the needs: meets (k, n), weights (k,)."""
    if not len(weights):
        return 0.0
    return float(weights @ meets[:, rows].max(axis=1, initial=0.0) / weights.sum())


def choose(task: Task) -> Team:
    """Return a good team, and how much better another could be; raise Infeasible.

    Greedy on f: without quotas and rivals it reaches 1 - 1/e of what can be gained beyond those
    kept (Nemhauser et al., 1978). Gains are computed anew for each pick: one pass over (k, n) is
    quicker here than the heap of Minoux (1978) is in Python.
    """
    grown = _grow(task, _rules(task))
    if grown is None:
        raise Infeasible(_conflict(task))
    rows, bound = grown
    if not task.quotas and not task.rivals:
        alone = _value(task, np.unique(task.kept))
        bound = min(bound, alone + (_value(task, rows) - alone) / (1 - 1 / math.e))
    return _line_up(task, rows, bound)


def choose_exactly(task: Task, seconds: float = 10.0) -> Team:
    """Return the best team, or the best one found in time; raise Infeasible."""
    greedy = choose(task)
    if greedy.exact:
        return greedy
    rules, kept = _rules(task), np.unique(task.kept)
    beyond = _beyond(task, kept, slice(None))
    worth = (1 - task.fit_share) * _shares(task)[:, None] * beyond
    found = best_team(rules, worth, _bonus(task), seconds)
    bound = min(greedy.at_most, _value(task, kept) + found.bound)
    rows = greedy.rows
    if found.rows is not None and _value(task, found.rows) > greedy.value:
        rows = found.rows
    # Where the pool is too small to fill the team, those who add nothing join as well.
    grown = _grow(task, replace(rules, members=_marked(rows, len(task.fit))))
    rows = rows if grown is None else grown[0]
    return _line_up(task, rows, _value(task, rows) if found.proven else bound)


def cost_of_quotas(task: Task, chosen: Team) -> dict[str, float]:
    """Return by label how much more the needs would be met without a quota, or without rivals."""
    without = {
        quota.label: replace(task, quotas=tuple(one for one in task.quotas if one is not quota))
        for quota in task.quotas
    }
    if task.rivals:
        without[RIVALS] = replace(task, rivals=())
    return {
        label: max(choose(freer).coverage - chosen.coverage, 0.0)
        for label, freer in without.items()
    }


def several(task: Task, count: int, cap: int) -> list[Team]:
    """Return teams one after another, each a different set; raise Infeasible if there is none.

    Who isn't kept is in at most `cap` (1 or more) of them. All have as many members as the first,
    and its bound: no team at all has a higher f. Fewer than `count` come back where there are no
    more. After each team the rest is split up by who of it stays and who is the first to go
    (Lawler, 1972), which leaves out that team and nothing else.
    """
    first = choose(task)
    rules = _rules(task)
    rules = replace(rules, least=np.append(len(first.picks), rules.least[1:]))
    uses = np.zeros(len(task.fit), dtype=np.int64)
    waiting = [_Branch(-first.value, 0, rules, first.rows)]
    made, found = 1, list[Team]()
    while waiting and len(found) < count:
        branch = heapq.heappop(waiting)
        used_up = (uses >= cap) & ~rules.members
        if (used_up & branch.rules.members).any():
            continue
        allowed = branch.rules.allowed & ~used_up
        if not allowed[branch.rows].all():
            grown = _grow(task, replace(branch.rules, allowed=allowed))
            if grown is not None:
                value = _value(task, grown[0])
                heapq.heappush(waiting, _Branch(-value, branch.number, branch.rules, grown[0]))
            continue
        found.append(_line_up(task, branch.rows, first.at_most))
        uses[branch.rows] += 1
        for rest in _rest(branch):
            heapq.heappush(waiting, _Branch(branch.less_value, made, rest, branch.rows))
            made += 1
    return found


@dataclass(frozen=True, slots=True, order=True)
class _Branch:
    """Some of the teams, none of them returned yet."""

    less_value: float
    number: int
    rules: Rules = field(compare=False)
    rows: Rows = field(compare=False)
    """The best of them; or what was the best of more, if the rules don't allow all of these."""


def _rest(branch: _Branch) -> list[Rules]:
    """Split up the teams of a branch without its best one."""
    parts, rules = [], branch.rules
    for row in branch.rows[~rules.members[branch.rows]].tolist():
        allowed = rules.allowed.copy()
        allowed[row] = False
        parts.append(replace(rules, allowed=allowed))
        rules = rules.joined_by(row)
    return parts


def _rules(task: Task, dropped: Collection[str] = ()) -> Rules:
    """Return what a team must meet, without the conditions of the labels that are dropped.

    Dropping a condition only ever makes more teams possible; so whether the team may be smaller
    goes by the pool even where that is dropped.
    """
    count = len(task.fit)
    members = _marked(task.kept, count)
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
    )


def _conflict(task: Task) -> tuple[str, ...]:
    """Return labels of conditions that can't be met together, though without any one they can.

    Found by a deletion filter (Chinneck & Dravnieks, 1991): what can be left out with the rest
    still in conflict is left out for good. A quota that has too few to choose from comes first.
    """
    within = task.pool | _marked(task.kept, len(task.fit))
    for quota in task.quotas:
        at_most = math.inf if quota.at_most is None else quota.at_most
        if quota.at_least > min(quota.rows.sum(), at_most) or at_most < 0:
            return (quota.label,)
        if quota.at_least > (quota.rows & within).sum():
            return (quota.label, POOL)
    labels = [*(quota.label for quota in task.quotas), SIZE, MEMBERS, RIVALS, POOL]
    dropped: set[str] = set()
    for label in [POOL, RIVALS, MEMBERS, *labels]:
        if find_team(_rules(task, {*dropped, label})) is None:
            dropped.add(label)
    return tuple(label for label in labels if label not in dropped)


def _grow(task: Task, rules: Rules) -> tuple[Rows, float] | None:
    """Add to the members who gains most, one after another; None if no team meets the rules.

    `plan` is always a whole team that meets the rules with all who are chosen in it, so there are
    no dead ends. Beside the rows comes the data-dependent bound of Leskovec et al. (2007): no team
    has more than f so far and the largest gains there.
    """
    plan = find_team(rules)
    if plan is None:
        return None
    free = rules.candidates()
    reachable, slots = free.copy(), task.size - int(rules.members.sum())
    everyone = slice(None)
    bound = _limit(task, rules, reachable, slots)
    while True:
        rows = np.flatnonzero(rules.members)
        gains = _gains(task, rows, everyone)
        most = _largest(gains[reachable & ~rules.members], slots)
        bound = min(bound, _value(task, rows) + most)
        free &= rules.candidates()
        found = _next(rules, np.round(gains, 12), free, plan)
        if found is None:
            return rows, bound
        row, plan = found
        rules = rules.joined_by(row)


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
    with_row = rules.of(plan) + rules.counts[:, row]
    if not clashes.any() and (with_row <= rules.most).all():
        return np.append(plan, row)
    after = with_row[:, None] - rules.counts[:, spare]
    meets = ((after >= rules.least[:, None]) & (after <= rules.most[:, None])).all(axis=0)
    can_go = spare[meets & (clashes.sum() == clashes)]
    if len(can_go):
        return np.append(plan[plan != can_go[0]], row)
    return find_team(rules.joined_by(row))


def _line_up(task: Task, rows: Rows, bound: float) -> Team:
    """Describe a team; who isn't kept is put in the order in which greedy picks them."""
    kept = np.unique(task.kept)
    others = np.setdiff1d(rows, kept)
    order = kept.tolist()
    while len(others):
        gains = np.round(_gains(task, np.array(order, dtype=np.int64), others), 12)
        order.append(int(others[np.argmax(gains)]))
        others = others[others != order[-1]]
    team = np.array(order, dtype=np.int64)
    covered = [coverage(task.meets, task.weights, team[:n]) for n in range(len(team) + 1)]
    picks = tuple(
        Pick(row, covered[n + 1] - covered[n], n < len(kept)) for n, row in enumerate(order)
    )
    value = _value(task, team)
    return Team(picks, covered[-1], value, max(bound, value), bound <= value + CLOSE)


def _value(task: Task, rows: Rows) -> float:
    """Return f of a team."""
    covered = (1 - task.fit_share) * coverage(task.meets, task.weights, rows)
    return covered + float(_bonus(task)[rows].sum())


def _gains(task: Task, rows: Rows, others: Rows | slice) -> Floats:
    """Return what each of others (m,) outside a team adds to its f."""
    covered = _shares(task) @ _beyond(task, rows, others)
    gains: Floats = (1 - task.fit_share) * covered + _bonus(task)[others]
    return gains


def _beyond(task: Task, rows: Rows, others: Rows | slice) -> Floats:
    """Return how much better each of others (m,) meets each need (k, m) than a team does."""
    met = task.meets[:, rows].max(axis=1, initial=0.0)
    beyond: Floats = np.maximum(task.meets[:, others] - met[:, None], 0.0)
    return beyond


def _bonus(task: Task) -> Floats:
    """Return what the fit of each organisation (n,) counts in f."""
    return task.fit_share / max(task.size, 1) * task.fit


def _shares(task: Task) -> Floats:
    """Return how much each need (k,) counts, adding up to 1."""
    return task.weights / task.weights.sum() if len(task.weights) else task.weights


def _limit(task: Task, rules: Rules, reachable: Mask, slots: int) -> float:
    """Return f if everybody in reach met the needs together, with the best fits."""
    members = np.flatnonzero(rules.members)
    everyone = np.flatnonzero(rules.members | reachable)
    fits = float(_bonus(task)[members].sum()) + _largest(_bonus(task)[reachable], slots)
    return (1 - task.fit_share) * coverage(task.meets, task.weights, everyone) + fits


def _largest(values: Floats, count: int) -> float:
    """Return the sum of the largest values."""
    if count >= len(values):
        return float(values.sum())
    return float(np.partition(values, len(values) - count)[len(values) - count :].sum())


def _marked(rows: Rows, count: int) -> Mask:
    """Return a mask (count,) that holds at rows."""
    mask = np.zeros(count, dtype=np.bool_)
    mask[rows] = True
    return mask
