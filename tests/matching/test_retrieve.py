"""Candidates: who is found by which source, who may be proposed, and who stays of too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from matcher.corpus.snapshot import Snapshot
from matcher.domain import Filters, Need, Question
from matcher.matching import retrieve as stage
from matcher.matching.features.affiliation import likely_partners
from matcher.matching.features.text import text_relevance_by_view
from matcher.matching.retrieve import Candidates, eligible_rows, retrieve
from matcher.matching.understand import NothingToRecommend, understand
from matcher.models.fitted import FittedModels
from matcher.models.vote_calibration import SMALL
from matcher.store import Store
from tests.matching.corpora import (
    EVIDENCE,
    MODELS,
    NEED,
    OFFER,
    Stated,
    corpus_of,
    id_of,
    snapshot_of,
    vote_curves,
)

NO_STORE = cast(Store, None)
BELGIUM = Filters(countries=("BE",))


def retrieved(snapshot: Snapshot, *, hidden: Sequence[int] = (), **asked: Any) -> Candidates:
    understood = understand(snapshot, NO_STORE, Question(**asked))
    return retrieve(understood, np.array(hidden, dtype=np.int64))


def rows(candidates: Candidates) -> list[int]:
    return candidates.rows.tolist()


SEAWEED = [
    Stated(EVIDENCE, (0, 1), "kelp rope"),
    Stated(OFFER, (2,), "kelp"),
    Stated(EVIDENCE, (3, 4), "brick kiln"),
    Stated(OFFER, (5,), "yarn"),
    Stated(NEED, (6,), "kelp"),
    Stated(EVIDENCE, (1, 7), "loom"),
]


def test_each_source_finds_its_own() -> None:
    """1 is a member, which worked with 0 and 7; 4 is mentioned; 5 has an offer near the need."""
    names = ["Aap", "Noot", "Mies", "Wim", "Zuster", "Jet", "Teun", "Vuur", "Gijsbert"]
    snapshot = snapshot_of(SEAWEED, names)
    found = retrieved(snapshot, text="kelp with zuster", needs=(Need("yarn"),), members=(id_of(1),))
    assert found.found_by == {"text": 3, "needs": 3, "collaboration": 2, "mention": 1}
    # In the view of sentences loom is yarn, so 1 and 7 are near the need, too; 1 is the member.
    assert rows(found) == [0, 2, 4, 5, 7]
    assert found.need_facets.tolist() == [3, 5]
    assert found.collaboration.partners.tolist() == [1]
    assert found.understood.mentioned.tolist() == [4]


@pytest.mark.parametrize(
    ("asked", "expected", "source"),
    [
        ({"text": "kelp"}, [0, 1, 2], "text"),
        ({"needs": (Need("brick"),)}, [3, 4], "needs"),
        ({"members": (id_of(1),), "text": "unheard of"}, [0, 7], "collaboration"),
        ({"text": "unheard of gijsbert", "members": (id_of(5),)}, [8], "mention"),
    ],
)
def test_a_source_alone_is_enough(asked: dict[str, Any], expected: list[int], source: str) -> None:
    names = ["Aap", "Noot", "Mies", "Wim", "Zuster", "Jet", "Teun", "Vuur", "Gijsbert"]
    found = retrieved(snapshot_of(SEAWEED, names), **asked)
    assert rows(found) == expected
    assert {name for name, count in found.found_by.items() if count} == {source}


def test_a_text_alone_compares_no_needs() -> None:
    found = retrieved(snapshot_of(SEAWEED, 8), text="kelp")
    assert found.need_facets.tolist() == [] and found.found_by["needs"] == 0


def test_whom_the_text_mentions_brings_its_past_partners() -> None:
    names = ["Aap", "Noot", "Mies", "Wim", "Zus", "Jet", "Teun", "Zeewierkwekerij"]
    found = retrieved(snapshot_of(SEAWEED, names), text="solar for zeewierkwekerij")
    assert found.understood.mention_confidence.tolist() == [1.0]
    assert found.understood.written_out.tolist() == [7]
    assert found.collaboration.partners.tolist() == [7] and rows(found) == [1, 7]


def test_hidden_facets_find_nobody() -> None:
    snapshot = snapshot_of(SEAWEED, 8)
    assert rows(retrieved(snapshot, text="kelp")) == [0, 1, 2]
    found = retrieved(snapshot, text="kelp", hidden=[0])
    assert rows(found) == [2]
    assert all(0 not in votes.facet_rows for votes in found.by_view.values())
    found = retrieved(snapshot, text="kelp", members=(id_of(1),), needs=(Need("rope"),), hidden=[0])
    assert found.collaboration.facet_rows.tolist() == [5] and rows(found) == [2, 7]
    assert found.need_facets.tolist() == [1]


def test_votes_are_normalised_by_view() -> None:
    """Of words the two offers are alike to rope; as a sentence, kelp is as near as rope."""
    facets = [Stated(OFFER, (0,), "kelp"), Stated(EVIDENCE, (1,), "rope solar")]
    found = retrieved(snapshot_of(facets, 2), text="rope")
    votes = {
        name: dict(zip(several.facet_rows.tolist(), several.weights.tolist(), strict=True))
        for name, several in found.by_view.items()
    }
    assert votes["word_vectors"] == pytest.approx({1: 1.0})
    assert votes["sentence"] == pytest.approx({0: 1.0, 1: 0.5}, abs=5e-4)
    assert found.vote_worth.tolist() == [1.0, 1.0]
    assert found.voted.rows.tolist() == [] and found.voted.surest is None


def test_votes_mean_the_same_whoever_is_left_out() -> None:
    facets = [Stated(OFFER, (0,), "kelp"), Stated(EVIDENCE, (1,), "kelp solar")]
    snapshot = snapshot_of(facets, 2, countries=["NL", "BE"])
    found = retrieved(snapshot, text="kelp", filters=BELGIUM)
    assert rows(found) == [1]
    for votes in found.by_view.values():
        assert votes.facet_rows.tolist() == [1]
        assert votes.weights.tolist() == pytest.approx([0.5], abs=5e-4)


def test_what_votes_are_worth_goes_by_the_share_of_all_votes() -> None:
    """Words and sentence alike: 0 gets 1 / (1 + 1/2) of the votes of past projects."""
    curves = vote_curves((0.0, 1.0), {100: (-2.0, 1.0), 102: (3.0, 1.0)})
    facets = [Stated(EVIDENCE, (0, 2), "kelp"), Stated(EVIDENCE, (1,), "kelp solar")]
    models = FittedModels(MODELS.need_offer, votes=curves)
    snapshot = snapshot_of(facets, 3, models=models, countries=["NL", "BE", "BE"])
    shares = np.array([2 / 3, 1 / 3, 2 / 3])
    own = np.array([-2.0, 0.0, 3.0]) + np.log(shares + SMALL)
    common = np.log(shares + SMALL)
    worth = np.minimum((1 + np.exp(-common)) / (1 + np.exp(-own)), 1.0)
    assert worth[1] == worth[2] == 1.0 > worth[0]
    found = retrieved(snapshot, text="kelp")
    assert rows(found) == [0, 1, 2]
    assert found.vote_worth.tolist() == pytest.approx(worth.tolist(), rel=5e-4)
    assert found.voted.rows.tolist() == [0, 1, 2]
    assert found.voted.log_odds.tolist() == pytest.approx(own.tolist(), rel=5e-4)
    assert found.voted.surest == pytest.approx(own[2], rel=5e-4)
    # Filters, and whoever is left out, change none of it.
    some = retrieved(snapshot, text="kelp", filters=BELGIUM, exclude=(id_of(2),))
    assert rows(some) == [1]
    assert some.vote_worth.tolist() == pytest.approx([worth[1]], rel=1e-5)
    assert some.voted.rows.tolist() == [0, 1, 2]
    assert some.voted.log_odds.tolist() == pytest.approx(own.tolist(), rel=5e-4)


def test_nobody_is_surer_than_a_newcomer_where_nobody_got_votes() -> None:
    curves = vote_curves((-2.0, 0.5), {100: (-9.0, 0.5)})
    models = FittedModels(MODELS.need_offer, votes=curves)
    snapshot = snapshot_of([Stated(OFFER, (0,), "kelp")], 2, models=models)
    newcomer = -2.0 + 0.5 * np.log(SMALL)
    assert retrieved(snapshot, text="kelp").voted.surest == pytest.approx(newcomer)
    assert retrieved(snapshot, needs=(Need("kelp"),)).voted.surest is None


def test_filters_that_nobody_passes_are_told() -> None:
    snapshot = snapshot_of(SEAWEED, 8, countries=["NL"] * 8)
    with pytest.raises(NothingToRecommend) as nothing:
        retrieved(snapshot, text="kelp", filters=BELGIUM)
    assert nothing.value.code == "nothing_allowed"


def test_only_facets_of_whoever_passes_vote_or_are_compared() -> None:
    snapshot = snapshot_of(SEAWEED, 8, countries=["BE", *["NL"] * 7])
    found = retrieved(snapshot, text="kelp", needs=(Need("kelp"),), filters=BELGIUM)
    assert rows(found) == [0]
    assert [votes.facet_rows.tolist() for votes in found.by_view.values()] == [[0], [0]]
    assert found.need_facets.tolist() == [0]
    # The project is also that of 1, which was found with it, and is not allowed.
    assert found.found_by["text"] == 2


def test_members_their_competitors_and_whoever_is_excluded_are_left_out() -> None:
    facets = [Stated(OFFER, (row,), "kelp") for row in range(9)]
    snapshot = snapshot_of(
        facets, 9, variants=[(1, 8), (3, 7)], competitors={0: (2,), 3: (0,), 4: (5,)}
    )
    assert rows(retrieved(snapshot, text="kelp")) == [0, 1, 2, 3, 4, 5, 6]
    found = retrieved(snapshot, text="kelp", members=(id_of(0),))
    assert rows(found) == [1, 4, 5, 6]
    found = retrieved(snapshot, text="kelp", exclude=(id_of(8),), unlike=(id_of(5),))
    assert rows(found) == [0, 2, 3, 4, 6]
    found = retrieved(snapshot, text="kelp", members=(id_of(7),))
    assert rows(found) == [1, 2, 4, 5, 6]


def test_of_name_variants_the_most_experienced_is_proposed() -> None:
    facets = [Stated(EVIDENCE, (3,), "kelp")] * 2 + [Stated(EVIDENCE, (1,), "kelp")]
    corpus = corpus_of(facets, 5, variants=[(1, 3, 4)])
    nobody = np.empty(0, np.int64)
    groups = np.array([0, 1, 2])
    assert eligible_rows(corpus, groups, nobody, None).tolist() == [0, 2, 3]
    assert eligible_rows(corpus, np.array([1]), nobody, None).tolist() == [3]

    def passing(*allowed: int) -> list[int]:
        mask = np.isin(np.arange(5), allowed)
        return eligible_rows(corpus, groups, nobody, mask).tolist()

    assert passing(0, 1, 2, 3, 4) == [0, 2, 3]
    # Where filters leave it out, the first that they let pass.
    assert passing(1, 4) == [1]
    assert passing(2, 4) == [2, 4]
    assert passing(0) == [0]
    # With any of its names a member, none of them is proposed.
    assert eligible_rows(corpus, groups, np.array([1, 3, 4]), None).tolist() == [0, 2]


def test_a_variant_that_filters_let_pass_has_the_votes_of_all() -> None:
    """1 and 2 are one organisation."""
    facets = [Stated(EVIDENCE, (1,), "kelp"), Stated(EVIDENCE, (2,), "kelp solar")]
    snapshot = snapshot_of(facets, 3, variants=[(1, 2)], countries=["BE", "NL", "BE"])
    found = retrieved(snapshot, text="kelp", filters=BELGIUM)
    assert rows(found) == [2]
    assert found.places_of(np.array([2, 1, 0])).tolist() == [0, 0, -1]


def test_what_a_record_that_filters_leave_out_offers_counts_for_the_variant_that_passes() -> None:
    facets = [Stated(OFFER, (1,), "kelp"), Stated(EVIDENCE, (2,), "brick")]
    snapshot = snapshot_of(facets, 3, variants=[(1, 2)], countries=["BE", "NL", "BE"])
    found = retrieved(snapshot, text="kelp", needs=(Need("kelp"),), filters=BELGIUM)
    assert rows(found) == [2] and found.need_facets.tolist() == [0]
    assert [votes.facet_rows.tolist() for votes in found.by_view.values()] == [[0], [0]]


def test_a_view_in_which_filters_leave_nobody_keeps_its_share() -> None:
    """Of words only 0 is near; without it the sentence is still a part of the text relevance."""
    facets = [Stated(OFFER, (0,), "kelp"), Stated(OFFER, (1,), "rope")]
    snapshot = snapshot_of(facets, 2, countries=["NL", "BE"])
    found = retrieved(snapshot, text="kelp", filters=BELGIUM)
    assert {name: len(votes) for name, votes in found.by_view.items()} == {
        "word_vectors": 0,
        "sentence": 1,
    }
    assert text_relevance_by_view(found)["word_vectors"].tolist() == [0.0]
    alone = snapshot_of(facets[1:], 2)
    assert list(retrieved(alone, text="kelp").by_view) == ["sentence"]


def test_likely_partners_are_those_mentioned_and_those_that_votes_speak_for() -> None:
    """Of two past projects 0 and 1 have one; 2 has an offer only, and 3 is mentioned."""
    facets = [
        Stated(EVIDENCE, (0, 1), "kelp"),
        Stated(EVIDENCE, (4,), "brick"),
        Stated(OFFER, (2,), "kelp"),
    ]
    names = ["Aap", "Noot", "Mies", "Zeewier Kwekerij", "Jet", *(f"Huis{n}" for n in range(60))]
    models = FittedModels(MODELS.need_offer, votes=vote_curves((1.0, 1.0), {101: (2.0, 1.0)}))
    snapshot = snapshot_of(facets, names, models=models, countries=["NL", *["BE"] * 64])
    asked: dict[str, Any] = {"text": "kelp with zeewier kwekerij"}
    for more in ({}, {"filters": BELGIUM}, {"exclude": (id_of(1), id_of(3))}):
        found = retrieved(snapshot, **asked, **more)
        partners, shares = likely_partners(found)
        at = np.log(1 + SMALL)
        likely = np.array(
            [
                1 / (1 + np.exp(-(2.0 + at))) - 0.5,
                1 / (1 + np.exp(-(1.0 + at))) - 0.5,
                found.understood.mention_confidence[0],
            ]
        )
        assert likely[2] > likely[0]
        assert partners.tolist() == [3, 1, 0]
        assert shares.tolist() == pytest.approx((likely[[2, 0, 1]] / likely.sum()).tolist())


def test_at_most_twenty_stand_in_by_votes() -> None:
    """Each with votes of its own: the first twenty by how sure they are."""
    own = {100 + row: (float(row % 25) / 10, 1.0) for row in range(25)}
    models = FittedModels(MODELS.need_offer, votes=vote_curves((0.0, 1.0), own))
    snapshot = snapshot_of([Stated(EVIDENCE, tuple(range(25)), "kelp")], 25, models=models)
    assert likely_partners(retrieved(snapshot, text="kelp"))[0].tolist() == []
    more = [Stated(EVIDENCE, (25,), "brick")] * 9
    snapshot = snapshot_of([Stated(EVIDENCE, tuple(range(25)), "kelp"), *more], 26, models=models)
    partners, shares = likely_partners(retrieved(snapshot, text="kelp"))
    assert partners.tolist() == list(range(24, 4, -1))
    assert shares.sum() == pytest.approx(1.0) and (np.diff(shares) < 0).all()


def test_places_are_found_by_any_name_variant() -> None:
    facets = [Stated(EVIDENCE, (row,), "kelp") for row in (0, 2, 3, 3, 4)]
    snapshot = snapshot_of(facets, 6, variants=[(1, 3)])
    found = retrieved(snapshot, text="kelp")
    assert rows(found) == [0, 2, 3, 4] and found.groups.tolist() == [0, 2, 1, 4]
    assert found.places_of(np.arange(6)).tolist() == [0, 2, 1, 2, 3, -1]
    nobody = replace(found, rows=found.rows[:0], groups=found.groups[:0])
    assert nobody.places_of(np.array([0, 3])).tolist() == [-1, -1]


FOUND = (
    (np.array([4, 7, 9]), np.array([0.5, 0.9, 0.1])),
    (np.array([3, 4, 9]), np.array([5.0, 2.0, 1.0])),
)
"""Two sources: 7 and 3 are first, 4 is second and second, 9 third and third."""


def best_of(most: int, rows: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(stage, "MAX_CANDIDATES", most)
    return stage._best_found(corpus_of([], 10), FOUND, np.array(rows)).tolist()


def test_few_are_all_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert best_of(4, [3, 4, 7, 9], monkeypatch) == [3, 4, 7, 9]


@pytest.mark.parametrize(("most", "best"), [(1, [4]), (2, [4, 9]), (3, [3, 4, 9])])
def test_of_too_many_those_that_sources_rank_best_together_stay(
    most: int, best: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """4 has 2 / 62, 9 has 2 / 63; of 3 and 7, which have 1 / 61, the first counts."""
    assert best_of(most, [3, 4, 7, 9], monkeypatch) == best


def test_whoever_may_not_be_proposed_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without 4 and 7, 9 is first and second."""
    assert best_of(2, [3, 9], monkeypatch) == [3, 9]
    assert best_of(1, [3, 9], monkeypatch) == [9]


def test_the_cut_goes_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 is shown for the group 0, which both sources found."""
    corpus = corpus_of([Stated(EVIDENCE, (2,), "kelp")], 4, variants=[(0, 2)])
    found = [(np.array([0, 1]), np.array([1.0, 2.0])), (np.array([0]), np.array([1.0]))]
    monkeypatch.setattr(stage, "MAX_CANDIDATES", 1)
    assert stage._best_found(corpus, found, np.array([1, 2])).tolist() == [2]


def test_the_cut_keeps_whom_several_sources_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """The member 0 worked with 3, which is also near the text; 1 is nearest, 2 farthest."""
    facets = [
        Stated(OFFER, (1,), "kelp"),
        Stated(OFFER, (2,), "kelp solar yarn"),
        Stated(EVIDENCE, (0, 3), "kelp solar"),
        Stated(EVIDENCE, (0, 4), "brick"),
    ]
    snapshot = snapshot_of(facets, 5)
    asked: dict[str, Any] = {"text": "kelp", "members": (id_of(0),)}
    for most, best in ((4, [1, 2, 3, 4]), (3, [1, 2, 3]), (2, [1, 3]), (1, [3])):
        monkeypatch.setattr(stage, "MAX_CANDIDATES", most)
        assert rows(retrieved(snapshot, **asked)) == best


def test_filters_leave_room_for_those_who_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three from elsewhere are nearer, and take no place of the two Belgians."""
    facets = [Stated(EVIDENCE, (0, 1, 2, 3), "kelp"), Stated(EVIDENCE, (4,), "kelp solar")]
    snapshot = snapshot_of(facets, 5, countries=["NL", "NL", "NL", "BE", "BE"])
    monkeypatch.setattr(stage, "MAX_CANDIDATES", 2)
    assert rows(retrieved(snapshot, text="kelp", filters=BELGIUM)) == [3, 4]
