from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from matcher.arrays import Floats
from matcher.evaluation.weight_search import (
    DEPTH,
    GRID,
    FitQuery,
    first_of,
    quality,
    search_weights,
    worth,
)
from matcher.matching.rerank import _ranked
from matcher.models.fitted import Quality
from matcher.models.weights import Weights

COUNT = 60
NUMBERS = itertools.count()
VIEWS = {"word_vectors": "words", "sentence": "sentence"}


def query(
    partners: set[int],
    views: dict[str, Floats],
    features: dict[str, Floats] | None = None,
    *,
    with_members: bool = False,
    rare: frozenset[int] = frozenset(),
    elsewhere: int = 0,
    about: str | None = None,
) -> FitQuery:
    """A query about so many partners; `elsewhere` more of them aren't among the candidates."""
    count = len(next(iter(views.values())))
    return FitQuery(
        about=about or str(next(NUMBERS)),
        text_by_view=views,
        view_coverage={name: 1.0 for name in views},
        features={"mention": np.zeros(count), **(features or {})},
        with_members=with_members,
        is_partner=np.isin(np.arange(count), sorted(partners)),
        is_rare=np.isin(np.arange(count), sorted(rare)),
        partners=len(partners) + elsewhere,
        rare=len(rare),
    )


def queries_where(telling: str, several: int = 30) -> list[FitQuery]:
    """Queries in which one feature or view marks the partners and all others are noise."""
    draw = np.random.default_rng(5)
    queries = []
    for _ in range(several):
        partners = set(draw.choice(COUNT, 5, replace=False).tolist())
        marked = np.zeros(COUNT)
        marked[sorted(partners)] = 1.0
        names = ("word_vectors", "sentence", "collaboration", "mention")
        noise = {name: draw.random(COUNT) for name in names}
        found = {**noise, telling: marked}
        views = {name: found[name] for name in VIEWS}
        features = {name: found[name] for name in ("collaboration", "mention")}
        if telling in views:
            features = {name: np.zeros(COUNT) for name in features}
        else:
            other = "mention" if telling == "collaboration" else "collaboration"
            features[other] = np.zeros(COUNT)
        queries.append(query(partners, views, features, with_members=True))
    return queries


def share_of(view: str, weights: Weights) -> float:
    total = sum(weights.of_view(name) for name in VIEWS)
    return weights.of_view(view) / total


START = Weights(collaboration=0.4)
"""Too little for queries that collaboration tells."""


@pytest.mark.parametrize("telling", ["collaboration", "mention"])
def test_the_feature_that_tells_the_partners_gets_more_weight(telling: str) -> None:
    queries, start = queries_where(telling), START
    fitted = search_weights([queries], start)
    assert getattr(fitted, telling) > getattr(start, telling)
    before, after = quality(queries, start), quality(queries, fitted)
    assert worth(after) > worth(before)
    assert after.ndcg_10 > 0.99 and after.recall_50 == 1.0


@pytest.mark.parametrize(("telling", "wrong"), [("sentence", 0.2), ("word_vectors", 3.0)])
def test_the_view_that_tells_the_partners_gets_the_votes(telling: str, wrong: float) -> None:
    queries, start = queries_where(telling), Weights(sentence=wrong)
    fitted = search_weights([queries], start)
    assert share_of(telling, fitted) >= 0.5 > share_of(telling, start)
    assert quality(queries, start).ndcg_10 < quality(queries, fitted).ndcg_10 == 1.0


def test_a_feature_that_only_disturbs_gets_less_weight() -> None:
    draw = np.random.default_rng(6)
    queries = [
        replace(one, features={"mention": draw.random(COUNT), "collaboration": draw.random(COUNT)})
        for one in queries_where("sentence")
    ]
    start = Weights(mention=1.3, collaboration=3.0)
    fitted = search_weights([queries], start)
    assert fitted.mention < start.mention and fitted.collaboration < start.collaboration


def test_all_modes_count_together() -> None:
    modes = [queries_where("collaboration"), [], queries_where("mention")]
    fitted = search_weights(modes, START)
    assert fitted.collaboration > START.collaboration and fitted.mention > START.mention


def test_only_the_weights_of_the_grid_are_fitted() -> None:
    fitted = search_weights([queries_where("collaboration")], START)
    kept = {name: getattr(START, name) for name in GRID}
    assert fitted != START and replace(fitted, **kept) == START
    for name, values in GRID.items():
        assert getattr(fitted, name) in {*values, getattr(START, name)}


def test_likely_partners_count_more_where_their_affiliation_tells() -> None:
    """Without members, affiliation marks the partners; that with members stays as it is."""
    draw = np.random.default_rng(7)
    queries = []
    for _ in range(30):
        partners = set(draw.choice(COUNT, 5, replace=False).tolist())
        marked = np.isin(np.arange(COUNT), sorted(partners)).astype(float)
        views = {name: draw.random(COUNT) + 0.1 for name in VIEWS}
        queries.append(query(partners, views, {"affiliation": marked}))
    start = Weights(likely_partners=0.0)
    fitted = search_weights([queries], start)
    assert fitted.likely_partners * fitted.affiliation > 0.3
    assert worth(quality(queries, fitted)) > worth(quality(queries, start))
    with_members = [replace(one, with_members=True) for one in queries]
    assert search_weights([with_members], start).likely_partners == 0.0


def test_the_second_start_finds_where_two_weights_are_larger() -> None:
    """The text and each feature alone point at others; together they point at the partner.

    From weights of 0.8 for both no step of one of them brings 0.55 of each to the top.
    """
    partner, rows = 0, np.arange(COUNT)
    views = {"word_vectors": np.where(rows > 40, 1.0, 0.01)}
    features = {
        "collaboration": ((rows > 0) & (rows <= 20)) + 0.55 * (rows == partner),
        "affiliation": ((rows > 20) & (rows <= 40)) + 0.55 * (rows == partner),
    }
    queries = [query({partner}, views, features, with_members=True) for _ in range(20)]
    fitted = search_weights([queries], Weights(mention=0.0))
    assert fitted.collaboration > 0.8 and fitted.affiliation > 0.8
    assert quality(queries, Weights(mention=0.0)).ndcg_10 == 0.0
    assert quality(queries, fitted).ndcg_10 == 1.0


def test_without_gain_the_weights_stay() -> None:
    silent = query({1, 2}, {"word_vectors": np.zeros(4), "sentence": np.zeros(4)})
    certain = query({1}, {"word_vectors": np.eye(4)[1], "sentence": np.eye(4)[1]})
    start = Weights(mention=0.3)
    assert search_weights([], start) == start
    assert search_weights([[], []], start) == start
    assert search_weights([[silent]], start) == start
    assert search_weights([[certain] * 3], start) == start


def test_searching_twice_finds_the_same() -> None:
    queries = queries_where("mention")
    assert search_weights([queries], Weights()) == search_weights([queries], Weights())


def test_quality_has_known_values() -> None:
    votes = np.array([0.0, 0.9, 0.8, 0.7])
    views = {"word_vectors": votes, "sentence": votes}
    one, other = query({1, 3}, views, rare=frozenset({3})), query({0}, views)
    found = quality([one, other], Weights())
    ndcg = 1.5 / (1 + 1 / np.log2(3)) / 2
    assert found.ndcg_10 == pytest.approx(ndcg, abs=1e-4)
    assert (found.recall_50, found.rare_recall_100) == (0.5, 1.0)
    assert worth(found) == pytest.approx(found.ndcg_10 + 0.25 + 0.25)
    assert quality([], Weights()) == Quality(0.0, 0.0, 0.0)


def test_partners_that_are_no_candidates_are_missed() -> None:
    votes = np.array([0.0, 0.9, 0.8])
    found = quality([query({1}, {"word_vectors": votes}, elsewhere=3)], Weights())
    assert found.recall_50 == 0.25
    assert found.ndcg_10 == pytest.approx(1 / (1 + sum(1 / np.log2([3, 4, 5]))), abs=1e-4)


def test_scores_are_from_nought_to_one_and_go_by_coverage() -> None:
    views = {"word_vectors": np.array([1.0, 0.0]), "sentence": np.array([0.0, 1.0])}
    both = query({0}, views)
    weights = Weights(words=0.75, sentence=0.25, mention=0.0)
    assert both.scores(weights).tolist() == [0.75, 0.25]
    deaf = replace(both, view_coverage={"word_vectors": 0.0, "sentence": 0.5})
    assert deaf.scores(weights).tolist() == [0.0, 1.0]
    ones = np.ones(2)
    full = query({0}, {"word_vectors": ones}, {"mention": ones, "collaboration": ones})
    for with_members in (False, True):
        scores = replace(full, with_members=with_members).scores(Weights())
        assert scores.tolist() == pytest.approx([1.0, 1.0])


def test_scores_have_known_values_with_and_without_members() -> None:
    """text 1, mention 0.5, and collaboration 2, which counts a quarter without members."""
    views = {"word_vectors": np.array([0.8, 0.0])}
    features = {"mention": np.array([0.0, 1.0]), "collaboration": np.array([0.5, 0.0])}
    one = query({0}, views, features)
    weights = Weights(mention=0.5, collaboration=2.0, likely_partners=0.25)
    # (1 x 0.8 + 0.5 x 0.5) / 2, 0.5 / 2; and with members (0.8 + 2 x 0.5) / 3.5, 0.5 / 3.5
    assert one.scores(weights) == pytest.approx([0.525, 0.25])
    with_members = replace(one, with_members=True)
    assert with_members.scores(weights) == pytest.approx([1.8 / 3.5, 0.5 / 3.5])


def test_lists_hold_whom_evidence_speaks_for() -> None:
    """Affiliation alone puts nobody on a list, as in the service."""
    votes, close = np.array([0.4, 0.0, 0.4, 0.7]), np.array([0.0, 1.0, 1.0, 0.0])
    views = {"word_vectors": votes, "sentence": votes}
    one = query({3}, views, {"affiliation": close}, with_members=True)
    assert one.first(Weights(affiliation=0.1)).tolist() == [3, 2, 0]
    assert one.first(Weights(affiliation=4.0)).tolist() == [2, 3, 0]
    assert quality([one], Weights(affiliation=0.1)).ndcg_10 == 1.0


def test_the_beginning_of_a_list_is_the_beginning_of_what_users_see() -> None:
    draw = np.random.default_rng(7)
    for count in (1, 5, DEPTH, 3 * DEPTH):
        scores = np.round(draw.random(count), 1)
        everybody = np.ones(count, dtype=np.bool_)
        assert first_of(scores).tolist() == _ranked(scores, everybody)[:DEPTH].tolist()


def test_only_weights_that_matter_are_told_apart() -> None:
    votes = np.ones(3)
    by_text = query({0}, {"word_vectors": votes, "sentence": votes})
    assert by_text.depends_on == {"sentence", "mention", "likely_partners"}
    assert query({0}, {"word_vectors": votes}).depends_on == {"mention", "likely_partners"}
    features: Mapping[str, Floats] = {"collaboration": votes, "affiliation": votes}
    with_members = replace(by_text, features=features, with_members=True)
    assert with_members.depends_on == {"sentence", "collaboration", "affiliation"}


def test_queries_of_one_project_prove_no_more_than_one() -> None:
    """Two projects gain by a step, five lose less: chance, however often each is asked."""
    marks, other = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    views = {"word_vectors": np.full(3, 0.5), "sentence": np.full(3, 0.5)}

    def asked(several: int, *, apart: bool) -> list[FitQuery]:
        return [
            query(
                {1},
                views,
                {"mention": marks if project < 2 else other},
                about=f"{project} {copy}" if apart else str(project),
            )
            for project in range(7)
            for copy in range(several)
        ]

    start = Weights(mention=0.0)
    assert search_weights([asked(1, apart=True)], start).mention == 0.0
    assert search_weights([asked(80, apart=False)], start).mention == 0.0
    assert search_weights([asked(80, apart=True)], start).mention > 0.0
