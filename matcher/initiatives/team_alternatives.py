"""Several different teams for one task, the best first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace

import numpy as np

from matcher.arrays import Rows
from matcher.deadline import DeadlineExceeded
from matcher.initiatives.team_solver import choose_greedily, grow, rules_of
from matcher.initiatives.team_solver_exact import Rules
from matcher.initiatives.team_task import Task, Team, describe_team, value_of


def different_teams(task: Task, count: int, cap: int, greedy: Team | None = None) -> list[Team]:
    """Return teams one after another, each a different set. Raises Infeasible without any.

    `greedy` is the team of `choose_greedily`, where it is known. After the deadline no more are
    looked for than the first.

    Who isn't a member is in at most `cap` (1 or more) of them. All teams are as large as the first
    and have its bound: no team at all has a higher f. There may be fewer than `count`. After each
    team the rest is split up by who of it stays and who is the first to go (Lawler, 1972), which
    leaves out that team and nothing else.
    """
    first = greedy or choose_greedily(task)
    rules = rules_of(task)
    size = len(first.picks)
    rules = replace(
        rules, least=np.append(size, rules.least[1:]), most=np.append(size, rules.most[1:])
    )
    uses = np.zeros(len(task.fit), dtype=np.int64)
    waiting = [_Branch(-first.value, 0, rules, first.rows)]
    numbered, found = 1, list[Team]()
    while waiting and len(found) < count and not (found and task.deadline.passed):
        branch = heapq.heappop(waiting)
        used_up = (uses >= cap) & ~rules.members
        if (used_up & branch.rules.members).any():
            continue
        allowed = branch.rules.allowed & ~used_up
        if not allowed[branch.rows].all():
            try:
                grown = grow(task, replace(branch.rules, allowed=allowed))
            except DeadlineExceeded:
                break
            if grown is not None:
                value = value_of(task, grown[0])
                heapq.heappush(waiting, _Branch(-value, branch.number, branch.rules, grown[0]))
            continue
        found.append(describe_team(task, branch.rows, first.at_most))
        uses[branch.rows] += 1
        for rest in _rest(branch):
            heapq.heappush(waiting, _Branch(branch.minus_value, numbered, rest, branch.rows))
            numbered += 1
    return found


@dataclass(frozen=True, slots=True, order=True)
class _Branch:
    """Some of the teams, none of them returned yet."""

    minus_value: float
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
