"""What a list stores of an answer, and how two versions differ."""

from __future__ import annotations

import json

import pytest

from matcher.match_lists.matches import (
    ListedMatch,
    ListedReason,
    compare,
    matches_from_json,
    matches_of_answer,
    matches_to_json,
)
from tests.answers import answer_of, match_of


def match(key: str, rank: int) -> ListedMatch:
    return ListedMatch(rank, key, key.upper(), "company", None, None, 1.0, None, None, ())


def test_a_list_stores_who_how_well_and_why() -> None:
    assert matches_of_answer(answer_of(match_of("x:a"))) == (
        ListedMatch(
            rank=1,
            id="x:a",
            name="A",
            type="company",
            city="Gent",
            country="BE",
            score=1.25,
            probability=0.5,
            adds=0.25,
            reasons=(
                ListedReason("offer", "Spuitgieten", "nl", None, "Gieten"),
                ListedReason("mention", "Firma A", None, None, None),
            ),
        ),
    )


def test_without_members_there_is_no_coverage_to_add_to() -> None:
    (listed,) = matches_of_answer(answer_of(match_of("x:a", coverage=None, probability=None)))
    assert listed.adds is None
    assert listed.probability is None


def test_matches_come_back_from_json_as_they_were() -> None:
    matches = matches_of_answer(
        answer_of(match_of("x:a"), match_of("x:a", rank=2, score=0.1 + 0.2))
    )
    stored = json.loads(json.dumps(matches_to_json(matches)))
    assert matches_from_json(stored) == matches


def test_a_stored_match_without_its_probability_is_refused() -> None:
    stored = matches_to_json(matches_of_answer(answer_of(match_of("x:a"))))
    del stored[0]["probability"]
    with pytest.raises(ValueError, match="probability"):
        matches_from_json(stored)


def test_versions_are_compared_by_rank_in_the_order_of_the_newer_one() -> None:
    old = [match("a", 1), match("b", 2), match("c", 3), match("d", 4)]
    new = [match("b", 1), match("a", 2), match("e", 3), match("d", 4)]
    kinds = [(difference.organisation_id, difference.kind) for difference in compare(old, new)]
    assert kinds == [("b", "up"), ("a", "down"), ("e", "entered"), ("d", "same"), ("c", "left")]
