from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from matcher.arrays import Floats
from matcher.evaluation.weight_search import (
    DEPTH,
    GRID,
    Asked,
    Quality,
    learn_weights,
    quality,
)
from matcher.matching.scoring import Weights, rank, saturate, score_parts, spoken_for

COUNT = 60
NUMBERS = itertools.count()


def question(
    partners: set[int],
    views: dict[str, Floats],
    parts: dict[str, Floats] | None = None,
    *,
    rows: list[int] | None = None,
    about: str | None = None,
) -> Asked:
    count = len(next(iter(views.values())))
    return Asked(
        about=about or str(next(NUMBERS)),
        rows=np.arange(count) if rows is None else np.array(rows),
        by_view=views,
        vocabulary_coverage={name: 1.0 for name in views},
        parts={"named": np.zeros(count), **(parts or {})},
        partners=frozenset(partners),
        rare=frozenset(),
    )


def asked_where(telling: str, several: int = 30) -> list[Asked]:
    """Questions in which one part or view marks the partners and all others are noise."""
    draw = np.random.default_rng(5)
    questions = []
    for _ in range(several):
        partners = set(draw.choice(COUNT, 5, replace=False).tolist())
        marked = np.zeros(COUNT)
        marked[sorted(partners)] = 1.0
        noise = {name: draw.random(COUNT) for name in ("meaning", "wording", "network", "named")}
        found = {**noise, telling: marked}
        views = {name: found[name] for name in ("meaning", "wording")}
        parts = {name: found[name] for name in ("network", "named")}
        if telling in views:
            parts = {name: np.zeros(COUNT) for name in parts}
        else:
            other = "named" if telling == "network" else "network"
            parts[other] = np.zeros(COUNT)
        questions.append(question(partners, views, parts))
    return questions


@pytest.mark.parametrize("telling", ["network", "named"])
def test_the_part_that_tells_the_partners_gets_more_weight(telling: str) -> None:
    questions, start = asked_where(telling), Weights()
    learned = learn_weights([questions], start)
    assert getattr(learned, telling) > getattr(start, telling)
    before, after = quality(questions, start), quality(questions, learned)
    assert after.worth > before.worth
    assert after.ndcg_10 > 0.99 and after.recall_50 == 1.0


@pytest.mark.parametrize(("telling", "wrong"), [("meaning", 0.15), ("wording", 0.9)])
def test_the_view_that_tells_the_partners_gets_the_votes(telling: str, wrong: float) -> None:
    questions, start = asked_where(telling), Weights(meaning=wrong)
    learned = learn_weights([questions], start)
    assert learned.of_view(telling) >= 0.5 > start.of_view(telling)
    assert quality(questions, start).ndcg_10 < quality(questions, learned).ndcg_10 == 1.0


def test_a_part_that_only_disturbs_gets_less_weight() -> None:
    draw = np.random.default_rng(6)
    questions = [
        replace(one, parts={"named": draw.random(COUNT), "network": draw.random(COUNT)})
        for one in asked_where("meaning")
    ]
    start = Weights(named=1.3, network=3.0)
    learned = learn_weights([questions], start)
    assert learned.named < start.named and learned.network < start.network


def test_where_only_work_on_the_topic_tells_it_counts_more() -> None:
    """All worked with the members, the partners on this topic."""
    draw = np.random.default_rng(9)
    questions = []
    for one in asked_where("meaning"):
        marked = np.isin(np.arange(COUNT), sorted(one.partners)).astype(np.float64)
        views = {name: draw.random(COUNT) for name in one.by_view}
        worked = {"network": (draw.random(COUNT), marked)}
        questions.append(replace(one, by_view=views, parts={"named": marked * 0}, worked=worked))
    start = Weights(on_topic=0.0)
    learned = learn_weights([questions], start)
    assert learned.on_topic > 0 and learned.network > start.network
    assert quality(questions, learned).worth > quality(questions, start).worth


def test_all_modes_count_together() -> None:
    modes = [asked_where("network"), [], asked_where("named")]
    learned = learn_weights(modes, Weights())
    assert learned.network > Weights().network and learned.named > Weights().named


def test_only_the_weights_of_the_grid_are_learned() -> None:
    learned = learn_weights([asked_where("network")], Weights())
    kept = {name: getattr(Weights(), name) for name in GRID}
    assert replace(learned, **kept) == Weights()
    for name, values in GRID.items():
        assert getattr(learned, name) in {*values, getattr(Weights(), name)}


def test_kin_of_the_likely_is_learned_when_all_else_is() -> None:
    draw = np.random.default_rng(7)
    without, beside = [], []
    for _ in range(30):
        partners = set(draw.choice(COUNT, 5, replace=False).tolist())
        marked = np.isin(np.arange(COUNT), sorted(partners)).astype(float)
        views = {name: draw.random(COUNT) + 0.1 for name in ("meaning", "wording")}
        parts = {"named": np.maximum(marked - 0.7 * draw.random(COUNT), 0.0)}
        without.append(question(partners, views, parts))
        beside.append(question(partners, views, {**parts, "akin": marked}))
    assert replace(Weights(), akin=0.0) == Weights()
    before, learned = (learn_weights([several], Weights()) for several in (without, beside))
    assert learned.akin > 0.0 and replace(learned, akin=0.0) == before != Weights()
    assert quality(beside, learned).worth > quality(beside, before).worth


def test_without_gain_the_weights_stay() -> None:
    silent = question({1, 2}, {"meaning": np.zeros(4), "wording": np.zeros(4)})
    certain = question({1}, {"meaning": np.eye(4)[1], "wording": np.eye(4)[1]})
    start = Weights(named=0.3)
    assert learn_weights([], start) == start
    assert learn_weights([[], []], start) == start
    assert learn_weights([[silent]], start) == start
    assert learn_weights([[certain] * 3], start) == start


def test_learning_twice_learns_the_same() -> None:
    questions = asked_where("named")
    assert learn_weights([questions], Weights()) == learn_weights([questions], Weights())


def test_quality_has_known_values() -> None:
    votes = np.array([0.0, 0.9, 0.8, 0.7])
    one = question({1, 3}, {"meaning": votes, "wording": votes})
    one = replace(one, rare=frozenset({3}))
    other = question({0}, {"meaning": votes, "wording": votes})
    found = quality([one, other], Weights())
    ndcg = 1.5 / (1 + 1 / np.log2(3)) / 2
    assert found.ndcg_10 == pytest.approx(ndcg, abs=1e-4)
    assert (found.recall_50, found.rare_recall_100) == (0.5, 1.0)
    assert found.worth == pytest.approx(found.ndcg_10 + 0.25 + 0.25)
    assert quality([], Weights()) == Quality(0.0, 0.0, 0.0)


def test_scores_are_from_nought_to_one_and_go_by_trust() -> None:
    views = {"meaning": np.array([1.0, 0.0]), "wording": np.array([0.0, 1.0])}
    both = question({0}, views)
    weights = Weights(meaning=0.75, text=1.0, named=0.0)
    assert both.scores(weights).tolist() == [0.75, 0.25]
    deaf = replace(both, vocabulary_coverage={"meaning": 0.0, "wording": 0.5})
    assert deaf.scores(weights).tolist() == [0.0, 1.0]
    full = question({0}, {"meaning": np.ones(2)}, {"named": np.ones(2), "network": np.ones(2)})
    assert full.scores(Weights()).tolist() == pytest.approx([1.0, 1.0])


def test_lists_hold_whom_something_speaks_for() -> None:
    """Kin alone puts nobody in a list, as in the service; rows are those of the corpus."""
    votes, kin = np.array([0.4, 0.0, 0.4, 0.7]), np.array([0.0, 1.0, 1.0, 0.0])
    one = question({7}, {"meaning": votes, "wording": votes}, {"kin": kin}, rows=[2, 5, 6, 7])
    assert one.rows[one.first(Weights(kin=0.1))].tolist() == [7, 6, 2]
    assert one.rows[one.first(Weights(kin=4.0))].tolist() == [6, 7, 2]
    assert quality([one], Weights(kin=0.1)).ndcg_10 == 1.0


def test_the_beginning_of_a_list_is_the_beginning_of_what_users_see() -> None:
    draw = np.random.default_rng(7)
    for count in (1, 5, DEPTH, 3 * DEPTH):
        votes = np.round(draw.random(count), 1)
        one = question({0}, {"meaning": votes, "wording": votes})
        scores = one.scores(Weights())
        everyone = np.ones(count, dtype=np.bool_)
        assert one.first(Weights()).tolist() == rank(scores, everyone)[:DEPTH].tolist()


def test_only_weights_that_matter_are_told_apart() -> None:
    votes = np.ones(3)
    by_text = question({0}, {"meaning": votes, "wording": votes})
    assert by_text.weighed_by == {"meaning", "sentences", "named"}
    with_members = replace(by_text, worked={"network": (votes, votes)})
    assert with_members.weighed_by == by_text.weighed_by | {"network", "on_topic"}


def test_questions_of_one_project_prove_no_more_than_one() -> None:
    """Two projects gain by a step, five lose less: chance, however often each is asked."""
    marks, other = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    views = {"meaning": np.full(3, 0.5), "wording": np.full(3, 0.5)}

    def asked(several: int, *, apart: bool) -> list[Asked]:
        return [
            question(
                {1},
                views,
                {"named": marks if project < 2 else other},
                about=f"{project} {copy}" if apart else str(project),
            )
            for project in range(7)
            for copy in range(several)
        ]

    start = Weights(named=0.0)
    assert learn_weights([asked(1, apart=True)], start).named == 0.0
    assert learn_weights([asked(80, apart=False)], start).named == 0.0
    assert learn_weights([asked(80, apart=True)], start).named > 0.0


def test_scores_are_those_that_the_service_makes_of_the_parts() -> None:
    draw = np.random.default_rng(3)
    for number in range(20):
        names = ("meaning", "wording", "sentences")
        one = question(
            {1},
            {name: draw.random(COUNT) * (draw.random(COUNT) < 0.3) for name in names},
            {name: draw.random(COUNT) * (draw.random(COUNT) < 0.5) for name in ("named", "kin")},
        )
        strength, nearby = draw.random(COUNT) * (draw.random(COUNT) < 0.2), draw.random(COUNT)
        one = replace(one, worked={"network": (strength, nearby * (strength > 0))})
        weights = Weights(meaning=0.3, named=0.4 * (number % 2), network=1.5, kin=2.4, on_topic=3.0)
        shares = {name: weights.of_view(name) for name in names}
        text = sum(shares[name] * one.by_view[name] for name in names) / sum(shares.values())
        network = saturate(strength + 3.0 * nearby * (strength > 0), weights.half_network)
        parts = score_parts({"text": text, **one.parts, "network": network}, weights)
        expected = np.where(spoken_for(parts, COUNT) > 0, sum(parts.values()), 0.0)
        assert one.scores(weights) == pytest.approx(expected, abs=1e-12)
