from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from matcher.arrays import Floats, Mask, Rows
from matcher.deadline import Deadline, DeadlineExceeded
from matcher.initiatives import team_solver, team_solver_exact
from matcher.initiatives.team_alternatives import different_teams
from matcher.initiatives.team_solver import choose_exactly, choose_greedily, coverage_without
from matcher.initiatives.team_solver_exact import signatures
from matcher.initiatives.team_task import Infeasible, Quota, Task, Team
from matcher.needs.coverage import covered_share
from tests.clocks import use_clock

NEAR = 1e-6
CONDITIONS = ("size", "members", "rivals", "pool")
thorough = settings(deadline=None, max_examples=200)
brief = settings(deadline=None, max_examples=80)


def mask(*rows: int, of: int) -> Mask:
    held = np.zeros(of, dtype=np.bool_)
    held[list(rows)] = True
    return held


def task_of(
    meets: Collection[Collection[float]],
    size: int,
    *quotas: Quota,
    members: Collection[int] = (),
    rivals: tuple[tuple[int, int], ...] = (),
    fit: Collection[float] = (),
    weights: Collection[float] = (),
) -> Task:
    """Meets by need; everybody is in the pool, every need counts the same, nobody fits."""
    table = np.array(meets, dtype=np.float64)
    needs, count = table.shape
    return Task(
        table,
        np.array(weights or [1.0] * needs),
        np.array(fit or [0.0] * count),
        np.ones(count, dtype=np.bool_),
        np.array(sorted(members), dtype=np.int64),
        size,
        quotas,
        rivals,
    )


def value_of(task: Task, rows: Collection[int]) -> float:
    """f, straight from its definition."""
    best = sum(
        weight * max((task.meets[need, row] for row in rows), default=0.0)
        for need, weight in enumerate(task.weights)
    )
    covered = best / task.weights.sum() if len(task.weights) else 0.0
    fits = sum(task.fit[row] for row in rows)
    return float((1 - task.fit_share) * covered + task.fit_share * fits / max(task.size, 1))


def every_set(count: int) -> Mask:
    """(2**count, count) all sets of rows."""
    numbers = np.arange(2**count)[:, None]
    sets: Mask = (numbers >> np.arange(count)) & 1 == 1
    return sets


def every_team(task: Task, dropped: Collection[str] = ()) -> Mask:
    """All sets of rows that meet the conditions whose labels aren't dropped."""
    sets = every_set(len(task.fit))
    members = mask(*task.members.tolist(), of=len(task.fit))
    within = task.pool | members
    good = np.ones(len(sets), dtype=np.bool_)
    if "size" not in dropped:
        good &= sets.sum(axis=1) <= task.size
        if within.sum() >= task.size:
            good &= sets.sum(axis=1) == task.size
    if "members" not in dropped:
        good &= sets[:, members].all(axis=1)
    if "pool" not in dropped:
        good &= ~sets[:, ~within].any(axis=1)
    if "rivals" not in dropped:
        for one, other in task.rivals:
            good &= ~(sets[:, one] & sets[:, other]) | (one == other)
    for quota in task.quotas:
        if quota.label not in dropped:
            counted = sets[:, quota.rows].sum(axis=1)
            good &= counted >= quota.at_least
            good &= counted <= (len(task.fit) if quota.at_most is None else quota.at_most)
    found: Mask = sets[good]
    return found


def best_value(task: Task, teams: Mask) -> float:
    return max(value_of(task, np.flatnonzero(team).tolist()) for team in teams)


def assert_sound(task: Task, found: Team) -> None:
    """A team that breaks nothing, described truly."""
    rows = found.rows.tolist()
    assert len(set(rows)) == len(rows)
    teams = every_team(task)
    assert (teams == mask(*rows, of=len(task.fit))).all(axis=1).any()
    # Nobody else could join: as full as can be.
    larger = teams[teams[:, rows].all(axis=1)]
    assert larger.sum(axis=1).max() == len(rows)
    members = sorted(set(task.members.tolist()))
    assert rows[: len(members)] == members
    assert [pick.member for pick in found.picks] == [row in members for row in rows]
    assert found.value == pytest.approx(value_of(task, rows))
    assert found.coverage == pytest.approx(covered_share(task.meets, task.weights, found.rows))
    for place, pick in enumerate(found.picks):
        before, after = found.rows[:place], found.rows[: place + 1]
        added = covered_share(task.meets, task.weights, after) - covered_share(
            task.meets, task.weights, before
        )
        assert pick.gain == pytest.approx(added, abs=1e-12)
    assert found.at_most >= found.value


def random_task(seed: int, count: int, needs: int, size: int) -> Task:
    """Without ties, quotas and rivals."""
    draw = np.random.default_rng(seed)
    return Task(
        draw.random((needs, count)) * (draw.random((needs, count)) < 0.6),
        draw.random(needs) + 0.1,
        draw.random(count),
        np.ones(count, dtype=np.bool_),
        np.empty(0, dtype=np.int64),
        size,
    )


@st.composite
def tasks(draw: st.DrawFn, most: int = 9) -> Task:
    """Any: overlapping quotas, rivals, members in the pool or not, many ties."""
    count, needs = draw(st.integers(1, most)), draw(st.integers(0, 4))
    levels = st.integers(0, 4).map(lambda level: level / 4)
    masks = npst.arrays(np.bool_, count)
    row = st.integers(0, count - 1)
    quotas = []
    for number in range(draw(st.integers(0, 4))):
        least = draw(st.integers(0, 3))
        at_most = draw(st.none() | st.integers(max(least - 1, 0), least + 3))
        quotas.append(Quota(f"quota {number}", draw(masks), least, at_most))
    return Task(
        draw(npst.arrays(np.float64, (needs, count), elements=levels)),
        draw(npst.arrays(np.float64, needs, elements=st.integers(1, 3).map(float))),
        draw(npst.arrays(np.float64, count, elements=levels)),
        draw(st.just(np.ones(count, dtype=np.bool_)) | masks),
        np.array(draw(st.lists(row, max_size=3)), dtype=np.int64),
        draw(st.integers(1, 6)),
        tuple(quotas),
        tuple(draw(st.lists(st.tuples(row, row), max_size=5))),
        draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
    )


seeds = st.integers(0, 2**32 - 1)


def test_who_complete_each_other_are_chosen() -> None:
    # A checkerboard: 0 to 3 each meet one need, 4 and 5 meet a little of everything.
    meets = [[1, 0, 0, 0, 0.4, 0.4], [0, 1, 0, 0, 0.4, 0.4], [0, 0, 1, 0, 0.4, 0.4]]
    meets.append([0, 0, 0, 1, 0.4, 0.4])
    team = choose_exactly(task_of(meets, 4))
    assert sorted(team.rows.tolist()) == [0, 1, 2, 3]
    assert team.coverage == 1.0
    assert team.value == pytest.approx(0.9)
    assert team.exact


def test_greedy_picks_who_adds_most() -> None:
    meets = [[0.9, 0.8, 0.0], [0.9, 0.8, 0.0], [0.0, 0.0, 0.6]]
    team = choose_greedily(task_of(meets, 2, fit=[0.1, 1.0, 0.2]))
    assert team.rows.tolist() == [0, 2]
    assert [pick.gain for pick in team.picks] == pytest.approx([0.6, 0.2])
    assert team.coverage == pytest.approx(0.8)
    assert team.value == pytest.approx(0.9 * 0.8 + 0.1 * 0.3 / 2)


def test_weights_decide() -> None:
    meets = [[1, 0], [0, 1]]
    assert choose_greedily(task_of(meets, 1, weights=[1, 3])).rows.tolist() == [1]
    assert choose_greedily(task_of(meets, 1, weights=[3, 1])).rows.tolist() == [0]
    assert choose_greedily(task_of(meets, 1, weights=[1, 3])).coverage == pytest.approx(0.75)


def test_fit_decides_among_equals_then_the_lower_row() -> None:
    meets = [[0.5, 0.5, 0.5, 0.5]]
    assert choose_greedily(task_of(meets, 1, fit=[0.2, 0.3, 0.8, 0.8])).rows.tolist() == [2]
    assert choose_greedily(task_of(meets, 2)).rows.tolist() == [0, 1]


@pytest.mark.parametrize("turned", [False, True])
def test_sums_that_only_rounding_tells_apart_are_ties(turned: bool) -> None:
    levels = [0.6, 0.7, 0.5, 0.9, 0.8, 0.0]
    both = [levels, levels[::-1]] if turned else [levels[::-1], levels]
    task = task_of(np.array([*both, *both]).T.tolist(), 1, weights=[0.3] * 6)
    assert choose_greedily(task).rows.tolist() == [0]


def test_without_needs_fit_decides() -> None:
    task = Task(
        np.empty((0, 3)),
        np.empty(0),
        np.array([0.1, 0.9, 0.5]),
        np.ones(3, dtype=np.bool_),
        np.empty(0, dtype=np.int64),
        2,
    )
    team = choose_greedily(task)
    assert team.rows.tolist() == [1, 2]
    assert (team.coverage, team.exact) == (0.0, True)
    assert team.value == pytest.approx(0.07)


def test_members_members_come_first_and_need_not_be_in_the_pool() -> None:
    task = task_of([[0.2, 0.9, 0.9, 1.0], [0.1, 0.0, 0.5, 0.0]], 3, members=[3, 0])
    task = replace(task, pool=mask(1, 2, of=4))
    team = choose_greedily(task)
    assert team.rows.tolist() == [0, 3, 2]
    assert [pick.member for pick in team.picks] == [True, True, False]
    assert [pick.gain for pick in team.picks] == pytest.approx([0.15, 0.4, 0.2])


def test_a_quota_takes_whom_greedy_alone_would_not() -> None:
    meets = [[0.9, 0.8, 0.1, 0.0], [0.9, 0.8, 0.0, 0.2], [0.7, 0.0, 0.0, 0.1]]
    company = Quota("at least 1 company", mask(2, 3, of=4), 1)
    assert choose_greedily(task_of(meets, 2)).rows.tolist() == [0, 1]
    assert choose_greedily(task_of(meets, 2, company)).rows.tolist() == [0, 2]
    assert choose_greedily(task_of(meets, 1, company)).rows.tolist() == [3]
    none = Quota("no academia", mask(0, 1, of=4), 0, 0)
    assert choose_greedily(task_of(meets, 2, none)).rows.tolist() == [3, 2]


def test_overlapping_quotas_leave_room_for_one_another() -> None:
    # Only 4 is counted twice; greedy alone would take 0 first, and then the quotas need 3 more.
    quotas = (
        Quota("2 companies", mask(2, 3, 4, of=6), 2),
        Quota("2 in Utrecht", mask(4, 5, of=6), 2),
    )
    meets = [[1.0, 0.9, 0.1, 0.2, 0.0, 0.0]]
    team = choose_greedily(task_of(meets, 3, *quotas))
    assert sorted(team.rows.tolist()) == [3, 4, 5]


def test_of_rivals_one_is_chosen() -> None:
    meets = [[0.9, 0.8, 0.1], [0.8, 0.9, 0.0]]
    assert choose_greedily(task_of(meets, 2, rivals=((1, 0),))).rows.tolist() == [0, 2]


def test_someone_is_no_rival_of_itself() -> None:
    assert choose_greedily(task_of([[0.5, 0.9]], 1, rivals=((1, 1),))).rows.tolist() == [1]


def test_rivals_do_not_lead_into_a_dead_end() -> None:
    # Who takes 0 first can't have two companies any more.
    company = Quota("2 companies", mask(1, 2, of=4), 2)
    task = task_of([[1.0, 0.1, 0.1, 0.5]], 3, company, rivals=((0, 1), (0, 2)))
    assert sorted(choose_greedily(task).rows.tolist()) == [1, 2, 3]


def test_who_adds_nothing_fills_up_a_small_team() -> None:
    # Greedy takes 0, which stands in the way of 1 and 2; nobody needs 3 and 4.
    task = task_of([[0.6, 1, 0, 0, 0], [0.6, 0, 1, 0, 0]], 6, rivals=((0, 1), (2, 0)))
    assert choose_greedily(task).rows.tolist() == [0, 3, 4]
    best = choose_exactly(task)
    assert best.rows.tolist() == [1, 2, 3, 4]
    assert (best.coverage, best.exact) == (1.0, True)


def test_a_small_pool_makes_a_small_team() -> None:
    task = replace(task_of([[0.1, 0.2, 0.3, 0.4]], 5), pool=mask(0, 2, of=4))
    assert choose_greedily(task).rows.tolist() == [2, 0]
    assert choose_exactly(replace(task, rivals=((0, 2),))).rows.tolist() == [2]
    quota = Quota("2 of the first", mask(0, 1, of=4), 2)
    with pytest.raises(Infeasible) as conflict:
        choose_greedily(replace(task, quotas=(quota,)))
    assert conflict.value.conflict == ("2 of the first", "pool")


@given(seeds, st.integers(1, 8), st.integers(0, 4))
def test_coverage_never_falls_when_a_partner_joins(seed: int, count: int, needs: int) -> None:
    task = random_task(seed, count, needs, count)
    order = np.random.default_rng(seed).permutation(count)
    covered = [covered_share(task.meets, task.weights, order[:n]) for n in range(count + 1)]
    assert covered[0] == 0.0
    assert all(after >= before for before, after in zip(covered, covered[1:], strict=False))
    assert covered[-1] <= 1.0


@given(seeds, st.integers(1, 6))
def test_a_double_of_a_member_adds_nothing(seed: int, needs: int) -> None:
    task = random_task(seed, 4, needs, 2)
    task = replace(
        task, meets=task.meets[:, [0, 1, 2, 2]], members=np.array([2]), pool=mask(3, of=4)
    )
    team = choose_greedily(task)
    assert team.rows.tolist() == [2, 3]
    assert team.picks[1].gain == 0.0
    assert team.coverage == team.picks[0].gain


@thorough
@given(tasks())
def test_a_team_is_found_exactly_when_there_is_one(task: Task) -> None:
    teams = every_team(task)
    if len(teams):
        found = choose_greedily(task)
        assert_sound(task, found)
        best = best_value(task, teams)
        assert found.at_most >= best - 1e-9
        assert not found.exact or found.value == pytest.approx(best)
    else:
        with pytest.raises(Infeasible):
            choose_greedily(task)


@thorough
@given(tasks(most=12))
def test_nothing_is_ever_broken(task: Task) -> None:
    try:
        found = choose_greedily(task)
    except Infeasible:
        assert not len(every_team(task))
    else:
        assert_sound(task, found)


@thorough
@given(tasks())
def test_the_program_agrees_with_trying_every_team(task: Task) -> None:
    teams = every_team(task)
    if len(teams):
        found = choose_exactly(task)
        assert_sound(task, found)
        assert found.exact
        assert found.value == pytest.approx(best_value(task, teams), abs=NEAR)
        assert found.at_most == pytest.approx(found.value, abs=NEAR)
    else:
        with pytest.raises(Infeasible):
            choose_exactly(task)


@thorough
@given(tasks())
def test_a_conflict_is_one_and_can_not_be_made_smaller(task: Task) -> None:
    try:
        choose_greedily(task)
    except Infeasible as found:
        labels = {*CONDITIONS, *(quota.label for quota in task.quotas)}
        others = labels - set(found.conflict)
        assert labels >= set(found.conflict)
        assert not len(every_team(task, others))
        for label in found.conflict:
            assert len(every_team(task, {*others, label}))
        assert all(label in str(found) for label in found.conflict)


@brief
@given(seeds, st.integers(2, 10), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_greedy_comes_close(seed: int, count: int, needs: int, size: int, keep: bool) -> None:
    task = random_task(seed, count, needs, size)
    task = replace(task, members=np.array([0] if keep else [], dtype=np.int64))
    found, best = choose_greedily(task), choose_exactly(task)
    alone = value_of(task, task.members.tolist())
    assert best.value + 1e-9 >= found.value
    assert found.value - alone >= (1 - 1 / math.e) * (best.value - alone) - NEAR
    assert found.at_most >= best.value - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_program_proves_how_good_greedy_is(seed: int) -> None:
    draw = np.random.default_rng(seed)
    kind, country = draw.integers(0, 3, 60), draw.integers(0, 4, 60)
    task = replace(
        random_task(seed, 60, 8, 6),
        quotas=(
            Quota("at least 2 companies", kind == 0, 2),
            Quota("1 to 2 institutes", kind == 1, 1, 2),
            Quota("at most 2 Dutch", country == 0, 0, 2),
            Quota("at least 2 Belgian", country == 1, 2),
        ),
        rivals=tuple((int(a), int(b)) for a, b in draw.integers(0, 60, (20, 2))),
    )
    found, best = choose_greedily(task), choose_exactly(task)
    assert best.exact
    assert 0.9 * best.value <= found.value <= best.value + NEAR
    assert best.value <= found.at_most + 1e-9
    chosen = set(best.rows.tolist())
    assert len(chosen) == 6
    assert sum(kind[row] == 0 for row in chosen) >= 2
    assert 1 <= sum(kind[row] == 1 for row in chosen) <= 2
    assert sum(country[row] == 0 for row in chosen) <= 2
    assert sum(country[row] == 1 for row in chosen) >= 2
    assert not any({a, b} <= chosen for a, b in task.rivals if a != b)


def keeps_rules(task: Task, team: Team) -> bool:
    """Whether a team is as large as it must be, with the members, the quotas and no rivals."""
    rows = set(team.rows.tolist())
    kept = all(
        quota.at_least <= quota.rows[list(rows)].sum() <= (quota.at_most or task.size)
        for quota in task.quotas
    )
    apart = not any({one, other} <= rows for one, other in task.rivals if one != other)
    return kept and apart and len(rows) == task.size and rows >= set(task.members.tolist())


def quota_task() -> Task:
    """A task with quotas and rivals for which integer programs are needed."""
    draw = np.random.default_rng(3)
    quotas = tuple(
        Quota(label, draw.random(40) < 0.4, least, at_most)
        for label, least, at_most in (("a", 3, 4), ("b", 3, 5), ("c", 2, None))
    )
    return replace(random_task(5, 40, 8, 8), quotas=quotas, rivals=((0, 1), (1, 2), (3, 9)))


def test_whenever_time_runs_out_teams_keep_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = use_clock(monkeypatch, step=1.0)
    task, values = quota_task(), []
    for seconds in range(1, 60):
        clock.now = 0.0
        timed = replace(task, deadline=Deadline(seconds))
        try:
            greedy = choose_greedily(timed)
        except DeadlineExceeded:
            assert not values, "once there was time for a team, more time must not take it away"
            continue
        teams = [greedy, *different_teams(timed, 4, 1, greedy), choose_exactly(timed, greedy)]
        assert all(keeps_rules(task, team) for team in teams)
        assert all(team.value <= greedy.at_most + NEAR for team in teams)
        assert coverage_without(timed).keys() <= {"a", "b", "c", "rivals"}
        values.append(greedy.value)
    assert values[-1] == choose_greedily(task).value > values[0]


def test_all_searches_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, solve = use_clock(monkeypatch, step=0.0), team_solver_exact.milp

    def slow_milp(*problem: object, options: dict[str, float], **more: object) -> object:
        assert options["time_limit"] <= 10.0 - clock.now
        clock.now += 1.0
        return solve(*problem, options={**options, "time_limit": 60.0}, **more)

    monkeypatch.setattr(team_solver_exact, "milp", slow_milp)
    task = replace(quota_task(), deadline=Deadline.after(10.0))
    greedy = choose_greedily(task)
    coverage_without(task)
    different_teams(task, 10, 10, greedy)
    choose_exactly(task, greedy)
    assert 1.0 <= clock.now <= 10.0


def test_among_too_many_candidates_the_best_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    task = random_task(1, 60, 8, 6)
    greedy, best = choose_greedily(task), choose_exactly(task)
    assert best.exact and best.value > greedy.value
    monkeypatch.setattr(team_solver, "MAX_SEARCHED", 30)
    found = choose_exactly(task)
    assert greedy.value <= found.value <= best.value
    assert found.at_most >= best.value
    assert not found.exact


def test_out_of_time_greedy_stands() -> None:
    task = replace(random_task(1, 60, 8, 6), rivals=((0, 1),))
    greedy = choose_greedily(task)
    assert not greedy.exact
    found = choose_exactly(replace(task, deadline=Deadline.after(0.0)), greedy)
    assert not found.exact
    assert found.value >= greedy.value
    assert found.value < found.at_most <= greedy.at_most


@brief
@given(seeds, st.integers(3, 12), st.integers(1, 4))
def test_the_order_of_rows_and_needs_does_not_matter(seed: int, count: int, needs: int) -> None:
    draw = np.random.default_rng(seed)
    quotas = tuple(
        Quota(label, draw.random(count) < 0.5, least, at_most)
        for label, least, at_most in (("a", 1, 2), ("b", 0, 2), ("c", 1, None))
    )
    task = replace(random_task(seed, count, needs, 3), quotas=quotas, rivals=((0, 1), (1, 2)))
    order: NDArray[np.int64] = draw.permutation(count)
    place = np.argsort(order)
    moved = replace(
        task,
        meets=task.meets[:, order],
        fit=task.fit[order],
        quotas=tuple(replace(quota, rows=quota.rows[order]) for quota in quotas),
        rivals=tuple((int(place[a]), int(place[b])) for a, b in task.rivals),
    )
    needs_order = draw.permutation(needs)
    turned = replace(task, meets=task.meets[needs_order], weights=task.weights[needs_order])
    try:
        found = choose_greedily(task)
    except Infeasible:
        for other in (moved, turned):
            with pytest.raises(Infeasible):
                choose_greedily(other)
    else:
        assert order[choose_greedily(moved).rows].tolist() == found.rows.tolist()
        assert choose_greedily(turned).rows.tolist() == found.rows.tolist()
        assert choose_greedily(turned).value == pytest.approx(found.value)


def test_conflicts_name_what_is_in_conflict() -> None:
    meets = [[0.5] * 6]
    companies = Quota("4 companies", mask(0, 1, 2, 3, of=6), 4)
    others = Quota("2 others", mask(4, 5, of=6), 2)
    unrelated = Quota("at most 5 Dutch", mask(0, 1, 2, 3, 4, of=6), 0, 5)
    few = Quota("at most 1 of 0 and 1", mask(0, 1, of=6), 0, 1)
    impossible = Quota("3 others", mask(4, 5, of=6), 3)

    def conflict_of(task: Task) -> tuple[str, ...]:
        with pytest.raises(Infeasible) as found:
            choose_greedily(task)
        return found.value.conflict

    assert conflict_of(task_of(meets, 5, unrelated, companies, others)) == (
        "4 companies",
        "2 others",
        "size",
    )
    assert conflict_of(task_of(meets, 5, companies, few)) == (companies.label, few.label)
    assert conflict_of(task_of(meets, 5, unrelated, few, members=[0, 1])) == (few.label, "members")
    assert conflict_of(task_of(meets, 5, rivals=((2, 4),), members=[2, 4])) == ("members", "rivals")
    assert conflict_of(task_of(meets, 1, members=[2, 4])) == ("size", "members")
    assert conflict_of(task_of(meets, 6, rivals=((2, 4),))) == ("size", "rivals")
    assert conflict_of(task_of(meets, 6, others, few)) == (few.label, "size")
    assert conflict_of(task_of(meets, 1, companies, impossible, few)) == ("3 others",)
    assert conflict_of(task_of(meets, 5, others, rivals=((4, 5),))) == ("2 others", "rivals")
    both = (Quota("2 low", mask(0, 1, 2, of=6), 2), Quota("2 high", mask(2, 3, 4, of=6), 2))
    small = replace(task_of(meets, 3, *both), pool=~mask(2, of=6))
    assert conflict_of(small) == ("2 low", "2 high", "size", "pool")
    outside = replace(task_of(meets, 3, few, others), pool=mask(0, 1, 2, 3, 4, of=6))
    assert conflict_of(outside) == ("2 others", "pool")
    assert conflict_of(replace(outside, quotas=(Quota("x", others.rows, 2, 1),))) == ("x",)


def test_what_a_quota_costs() -> None:
    meets = [[1.0, 0.0, 0.0, 0.3], [0.0, 0.8, 0.0, 0.0]]
    young = Quota("one of 2 and 3", mask(2, 3, of=4), 1)
    small = Quota("at most 3 small", mask(0, 1, 2, of=4), 0, 3)
    task = task_of(meets, 2, young, small)
    chosen = choose_greedily(task)
    assert chosen.rows.tolist() == [0, 2]
    without = coverage_without(task)
    assert without == pytest.approx({young.label: 0.9, small.label: chosen.coverage})
    rivals = replace(task, quotas=(small,), rivals=((0, 1),))
    chosen = choose_greedily(rivals)
    assert chosen.rows.tolist() == [0, 2]
    without = coverage_without(rivals)
    assert without == pytest.approx({small.label: chosen.coverage, "rivals": 0.9})


@brief
@given(tasks())
def test_what_is_covered_without_each_condition_is_known(task: Task) -> None:
    try:
        choose_greedily(task)
    except Infeasible:
        return
    without = coverage_without(task)
    rivals = {"rivals"} if task.rivals else set()
    assert set(without) == {quota.label for quota in task.quotas} | rivals
    assert all(0.0 <= covered <= 1.0 for covered in without.values())


def test_several_teams_in_turn() -> None:
    task = task_of([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]], 3, members=[5])
    teams = [sorted(one.rows.tolist()) for one in different_teams(task, 5, 1)]
    assert teams == [[0, 1, 5], [2, 3, 5]]
    teams = [sorted(one.rows.tolist()) for one in different_teams(task, 3, 2)]
    assert teams[0] == [0, 1, 5]
    assert teams[1] == [0, 2, 5]
    assert different_teams(task, 0, 1) == []


def test_all_teams_are_found_where_nobody_is_used_up() -> None:
    found = different_teams(task_of([[0.9, 0.8, 0.7, 0.6, 0.5]], 2), 99, 99)
    assert [one.value for one in found] == sorted((one.value for one in found), reverse=True)
    assert len({frozenset(one.rows.tolist()) for one in found}) == math.comb(5, 2)
    assert len(found) == math.comb(5, 2)


@brief
@given(tasks(most=8), st.integers(1, 6), st.integers(1, 3))
def test_several_teams_differ_and_use_nobody_too_often(task: Task, count: int, cap: int) -> None:
    if not len(every_team(task)):
        with pytest.raises(Infeasible):
            different_teams(task, count, cap)
        return
    found = different_teams(task, count, cap)
    sets = [frozenset(one.rows.tolist()) for one in found]
    assert 1 <= len(sets) <= count
    assert len(set(sets)) == len(sets)
    assert found[0].rows.tolist() == choose_greedily(task).rows.tolist()
    members = set(task.members.tolist())
    used_up = set()
    for row in set().union(*sets) - members:
        times = sum(row in one for one in sets)
        assert times <= cap
        if times == cap:
            used_up.add(row)
    teams = [frozenset(np.flatnonzero(team).tolist()) for team in every_team(task)]
    for one, team in zip(found, sets, strict=True):
        assert team in teams
        assert len(team) == len(sets[0])
        assert one.value == pytest.approx(value_of(task, list(team)))
        assert one.at_most >= one.value
    left = [one for one in teams if len(one) == len(sets[0]) and not one & used_up]
    assert len(sets) == count or not set(left) - set(sets)


def test_many_limits_still_tell_organisations_apart() -> None:
    draw = np.random.default_rng(3)
    counts: Rows = draw.integers(0, 2, (70, 40))
    counts[:, 7] = counts[:, 3]
    counts[:, 9] = counts[:, 3]
    counts[0, 9] = 1 - counts[0, 3]
    found = signatures(counts)
    assert found[7] == found[3]
    assert len(np.unique(found)) == len(np.unique(counts, axis=1).T) == 39


def test_coverage_of_a_set_is_that_of_its_best() -> None:
    covered: Floats = np.array([[0.25, 0.5]])
    assert covered_share(covered, np.array([2.0]), np.array([1, 0])) == 0.5
    assert covered_share(covered, np.array([2.0]), np.empty(0, dtype=np.int64)) == 0.0
    assert covered_share(np.empty((0, 2)), np.empty(0), np.array([0])) == 0.0
