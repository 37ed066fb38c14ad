from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpus.columns import Corpus, FacetRecord, OrganisationRecord
from matcher.domain import FacetKind, OrganisationType, Place
from matcher.matching.scoring import (
    NO_VOTES,
    Votes,
    Weights,
    cast_votes,
    gather,
    joined,
    levelled,
    network_strength,
    popularity,
    rank,
    saturate,
    score_parts,
)

OFFER, NEED, EVIDENCE = FacetKind.OFFER, FacetKind.NEED, FacetKind.EVIDENCE
PARTS = ("text", "coverage", "network", "named", "prior")
Shares = st.floats(0.0, 10.0)


def corpus_of(count: int, facets: Sequence[tuple[FacetKind, tuple[int, ...]]]) -> Corpus:
    """Organisations 0..count-1 in rows of the same numbers; facets with ids 10, 20, ..."""
    place, kind = Place(), OrganisationType.COMPANY
    organisations = {
        n: OrganisationRecord(n, f"x:{n:03}", f"Name {n:03}", kind, place, None, ())
        for n in range(count)
    }
    records = {
        10 * (n + 1): FacetRecord(10 * (n + 1), kind_of, None, None, None, (), owners)
        for n, (kind_of, owners) in enumerate(facets)
    }
    return Corpus(1, organisations, records)


def votes_of(**by_row: float) -> Votes:
    """votes_of(f0=0.5) is a vote of 0.5 by the facet in row 0."""
    rows = np.array([int(name[1:]) for name in by_row], dtype=np.int64)
    return Votes(rows, np.array(list(by_row.values()), dtype=np.float64))


def by_row(votes: Votes) -> dict[int, float]:
    return dict(zip(votes.facet_rows.tolist(), votes.weights.tolist(), strict=True))


def test_a_search_result_becomes_votes() -> None:
    corpus = corpus_of(1, [(EVIDENCE, (0,))] * 4)
    ids = np.array([30, 10, 40, 20, -1])
    scores = np.array([1.2, 0.5, 0.05, 0.049, 0.9], dtype=np.float32)
    found = by_row(cast_votes(corpus, ids, scores, Weights(sharpness=2.0, least_similarity=0.05)))
    assert found == pytest.approx({2: 1.0, 0: 0.25, 3: 0.0025}, rel=1e-5)
    nobody = cast_votes(corpus, np.array([-1]), np.array([0.0], np.float32), Weights())
    assert by_row(nobody) == {}


def test_evidence_adds_up_and_of_offers_the_best_counts() -> None:
    corpus = corpus_of(
        4,
        [(EVIDENCE, (0,)), (EVIDENCE, (0, 1)), (OFFER, (2,)), (OFFER, (2,)), (OFFER, (0,))],
    )
    votes = votes_of(f0=0.5, f1=0.25, f2=0.3, f3=0.75, f4=0.125)
    assert gather(corpus, votes).tolist() == [0.875, 0.25, 0.75, 0.0]


def test_a_list_of_middling_offers_does_not_outdo_the_one_that_fits() -> None:
    corpus = corpus_of(2, [(OFFER, (0,))] * 9 + [(OFFER, (1,))])
    votes = votes_of(**{f"f{n}": 0.4 for n in range(9)}, f9=0.5)
    assert gather(corpus, votes).tolist() == [0.4, 0.5]


def test_owners_that_are_gone_are_left_out() -> None:
    corpus = corpus_of(2, [(EVIDENCE, (0, 7)), (EVIDENCE, (7,)), (EVIDENCE, ())])
    assert gather(corpus, votes_of(f0=0.5, f1=1.0, f2=1.0)).tolist() == [0.5, 0.0]


def test_nobody_votes_for_nobody() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0,)), (OFFER, (1,))])
    assert gather(corpus, NO_VOTES).tolist() == [0.0, 0.0, 0.0]
    assert levelled(corpus, NO_VOTES, Weights()) is NO_VOTES
    assert joined([]) is NO_VOTES
    assert joined([(0.6, NO_VOTES), (0.4, NO_VOTES)]) is NO_VOTES


def test_levelling_gives_the_strongest_organisation_one() -> None:
    corpus = corpus_of(2, [(EVIDENCE, (0,)), (EVIDENCE, (0, 1))])
    found = levelled(corpus, votes_of(f0=0.5, f1=1.5), Weights(least_votes=0.1))
    assert by_row(found) == {0: 0.25, 1: 0.75}
    assert gather(corpus, found).tolist() == [1.0, 0.75]


def test_weak_votes_stay_weak() -> None:
    corpus = corpus_of(1, [(EVIDENCE, (0,))])
    found = levelled(corpus, votes_of(f0=0.02), Weights(least_votes=0.1))
    assert by_row(found) == pytest.approx({0: 0.2})


def test_joined_votes_get_their_shares() -> None:
    meaning, wording = votes_of(f0=1.0, f2=0.5), votes_of(f2=1.0, f3=0.2)
    assert by_row(joined([(0.6, meaning), (0.4, wording)])) == pytest.approx(
        {0: 0.6, 2: 0.7, 3: 0.08}
    )
    assert by_row(joined([(3.0, meaning), (1.0, wording)])) == pytest.approx(
        {0: 0.75, 2: 0.625, 3: 0.05}
    )


def test_a_view_that_found_nothing_takes_no_share() -> None:
    meaning = votes_of(f0=1.0, f2=0.5)
    assert by_row(joined([(0.2, meaning), (0.8, NO_VOTES)])) == by_row(meaning)
    assert by_row(joined([(0.0, meaning), (0.0, votes_of(f1=1.0))])) == {}


def test_network_is_stronger_the_closer_the_work_was() -> None:
    corpus = corpus_of(
        6,
        [
            (EVIDENCE, (0, 1)),
            (EVIDENCE, (0, 1)),
            (EVIDENCE, (0, 2)),
            (EVIDENCE, (0, 3, 4, 5)),
            (OFFER, (0,)),
        ],
    )
    strength, by_facet = network_strength(corpus, np.array([0]), Weights(crowding=0.5))
    pair, crowd = 0.5 / 2**0.5, 0.5 / 4**0.5
    assert by_facet.tolist() == pytest.approx([pair, pair, pair, crowd, 0.0])
    assert strength[1:].tolist() == pytest.approx([2 * pair, pair, crowd, crowd, crowd])
    nobody, _ = network_strength(corpus, np.array([], dtype=np.int64), Weights())
    assert not nobody.any()


def test_two_members_are_more_than_one() -> None:
    corpus = corpus_of(4, [(EVIDENCE, (0, 1, 2)), (EVIDENCE, (0, 3))])
    strength, _ = network_strength(corpus, np.array([0, 1]), Weights(crowding=0.0))
    assert strength[2] == pytest.approx(1 + 1 / 2**0.5)
    assert strength[3] == pytest.approx(1 / 2**0.5)


def test_nobody_works_with_itself() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0, 1)), (EVIDENCE, (0,)), (EVIDENCE, (1, 2))])
    strength, _ = network_strength(corpus, np.array([0]), Weights())
    assert strength[0] == strength[2] == 0 < strength[1]


def test_work_on_the_topic_counts_more() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0, 1)), (EVIDENCE, (0, 2)), (EVIDENCE, (1, 2))])
    members, near = np.array([0]), np.array([0.0, 0.5, 1.0])
    plain, _ = network_strength(corpus, members, Weights(on_topic=3.0))
    strength, by_facet = network_strength(corpus, members, Weights(on_topic=3.0), near)
    assert strength.tolist() == pytest.approx([0.0, plain[1], 2.5 * plain[2]])
    assert by_facet.tolist() == pytest.approx([plain[1], 2.5 * plain[2], 0.0])
    flat, _ = network_strength(corpus, members, Weights(on_topic=0.0), near)
    assert flat.tolist() == plain.tolist()


def test_popularity_is_from_nought_to_one() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0, 1)), (EVIDENCE, (0,)), (EVIDENCE, (0,)), (OFFER, (2,))])
    assert popularity(corpus).tolist() == pytest.approx([1.0, 0.5, 0.0])
    assert popularity(corpus_of(2, [(OFFER, (0,))])).tolist() == [0.0, 0.0]


def test_saturation_reaches_a_half_where_it_says() -> None:
    assert saturate(np.array([0.0, 0.5, 1.5]), 0.5).tolist() == [0.0, 0.5, 0.75]


@given(
    st.dictionaries(st.sampled_from(PARTS), st.lists(st.floats(0, 1), min_size=3, max_size=3)),
    st.fixed_dictionaries({name: Shares for name in PARTS}),
)
def test_scores_are_from_nought_to_one(
    parts: dict[str, list[float]], shares: dict[str, float]
) -> None:
    given_parts = {name: np.array(values) for name, values in parts.items()}
    scored = score_parts(given_parts, Weights(**_any(shares)))
    assert all((values >= 0).all() for values in scored.values())
    assert (sum(scored.values(), np.zeros(3)) <= 1 + 1e-9).all()
    assert scored.keys() == {name for name in parts if shares[name] > 0}


@given(
    st.lists(st.sampled_from(PARTS), min_size=1, unique=True),
    st.fixed_dictionaries({name: Shares for name in PARTS}),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_of_a_part_is_never_less_of_a_score(
    names: list[str], shares: dict[str, float], one: float, other: float
) -> None:
    weights = Weights(**_any(shares))
    parts = {name: np.array([0.5, 0.5]) for name in names}
    parts[names[0]] = np.array(sorted((one, other)))
    low, high = sum(score_parts(parts, weights).values(), np.zeros(2))
    assert low <= high


def test_full_marks_in_every_part_are_a_score_of_one() -> None:
    parts = {name: np.ones(2) for name in ("text", "coverage", "network", "named")}
    scored = score_parts(parts, Weights())
    assert sum(values[0] for values in scored.values()) == pytest.approx(1.0)
    assert scored["coverage"][0] == pytest.approx(2 * scored["text"][0])


def test_the_shares_of_parts_not_asked_for_go_to_the_others() -> None:
    text = np.array([1.0, 0.25])
    assert score_parts({"text": text}, Weights())["text"].tolist() == [1.0, 0.25]
    both = score_parts({"text": text, "coverage": text}, Weights(text=1.0, coverage=3.0))
    assert both["text"].tolist() == [0.25, 0.0625]
    assert both["coverage"].tolist() == [0.75, 0.1875]


def test_ties_go_by_row() -> None:
    scores = np.array([0.2, 0.5, 0.0, 0.5000001, 0.2, 0.9])
    everyone = np.ones(6, dtype=np.bool_)
    assert rank(scores, everyone).tolist() == [5, 1, 3, 0, 4]
    everyone[1] = False
    assert rank(scores, everyone).tolist() == [5, 3, 0, 4]
    assert rank(np.array([0.0, 4e-7]), np.ones(2, dtype=np.bool_)).tolist() == []


def _any(shares: dict[str, float]) -> dict[str, Any]:
    return dict(shares)
