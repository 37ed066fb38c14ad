from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcher.arrays import Mask, Rows
from matcher.matching.quotas import with_company_places, with_long_tail_quota
from matcher.parameters import LONG_TAIL_FROM


def one_after_the_other(order: Rows, few: Mask, share: Fraction) -> list[int]:
    """Return what the docstring says, place by place."""
    rest, made, reserved = order[LONG_TAIL_FROM:].tolist(), [], 0
    while rest:
        wanted = int(share * (len(made) + 1)) > reserved
        at = next((at for at, row in enumerate(rest) if few[row]), 0) if wanted else 0
        reserved += few[rest[at]]
        made.append(rest.pop(at))
    return [*order[:LONG_TAIL_FROM].tolist(), *made]


@pytest.mark.parametrize("share", ["1/10", "1/4", "3/10", "1/2", "2/3", "9/10", "1"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.4, 0.9, 1.0])
def test_later_places_are_reserved(share: str, part: float) -> None:
    rng = np.random.default_rng(3)
    for count in (0, 1, LONG_TAIL_FROM, LONG_TAIL_FROM + 1, LONG_TAIL_FROM + 60):
        order, few = rng.permutation(count), rng.random(count) < part
        after, moved = with_long_tail_quota(order, few, float(Fraction(share)))
        assert after.tolist() == one_after_the_other(order, few, Fraction(share))
        place = {row: at for at, row in enumerate(order.tolist())}
        earlier = {row for at, row in enumerate(after.tolist()) if at < place[row]}
        assert set(moved.tolist()) == earlier


def test_the_first_places_go_by_score_whatever_the_share() -> None:
    """Of 51 the last is in the long tail; of 52 it comes before the other late one."""
    few = np.arange(LONG_TAIL_FROM + 2) == LONG_TAIL_FROM + 1
    after, moved = with_long_tail_quota(np.arange(LONG_TAIL_FROM + 2), few, 1.0)
    assert after.tolist() == [*range(LONG_TAIL_FROM), LONG_TAIL_FROM + 1, LONG_TAIL_FROM]
    assert moved.tolist() == [LONG_TAIL_FROM + 1]


def test_without_a_share_all_go_by_score() -> None:
    order, few = np.arange(LONG_TAIL_FROM + 9), np.arange(LONG_TAIL_FROM + 9) > LONG_TAIL_FROM + 3
    after, moved = with_long_tail_quota(order, few, 0.0)
    assert after.tolist() == order.tolist() and not len(moved)


@pytest.mark.parametrize(
    ("share", "first"),
    [
        (0.0, list(range(10))),
        (0.09, list(range(10))),  # of ten places it would be less than one
        (0.1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]),
        (0.25, [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]),
    ],
)
def test_companies_get_their_share_of_the_first_ten_places(share: float, first: list[int]) -> None:
    """Companies are those from place 10 on."""
    companies = np.arange(20) >= 10
    after, moved = with_company_places(np.arange(20), companies, share)
    assert after[:10].tolist() == first
    assert moved.tolist() == [place for place in first if place >= 10]
    rest = [place for place in range(20) if place not in first]
    assert after[10:].tolist() == rest  # the places after them go by score


def test_companies_that_are_first_already_stay_where_they_are() -> None:
    companies = np.arange(20) < 4
    after, moved = with_company_places(np.arange(20), companies, 0.3)
    assert after.tolist() == list(range(20)) and not len(moved)
