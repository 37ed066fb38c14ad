from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matcher.arrays import Mask, Rows
from matcher.matching.long_tail import FIRST, less_known, with_places_kept


def test_less_known_are_those_with_two_projects_and_fewer() -> None:
    assert less_known(np.array([0.0, 2.0, 3.0])).tolist() == [True, True, False]


def one_after_the_other(order: Rows, few: Mask, share: Fraction) -> list[int]:
    """Return what the docstring says, place by place."""
    rest, made, kept = order[FIRST:].tolist(), [], 0
    while rest:
        wanted = int(share * (len(made) + 1)) > kept
        at = next((at for at, row in enumerate(rest) if few[row]), 0) if wanted else 0
        kept += few[rest[at]]
        made.append(rest.pop(at))
    return [*order[:FIRST].tolist(), *made]


@pytest.mark.parametrize("share", ["1/10", "1/4", "3/10", "1/2", "2/3", "9/10", "1"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.4, 0.9, 1.0])
def test_places_after_the_first_are_kept(share: str, part: float) -> None:
    rng = np.random.default_rng(3)
    for count in (0, 1, FIRST, FIRST + 1, FIRST + 60):
        order, few = rng.permutation(count), rng.random(count) < part
        after, moved = with_places_kept(order, few, float(Fraction(share)))
        assert after.tolist() == one_after_the_other(order, few, Fraction(share))
        place = {row: at for at, row in enumerate(order.tolist())}
        earlier = {row for at, row in enumerate(after.tolist()) if at < place[row]}
        assert set(moved.tolist()) == earlier


def test_without_a_share_all_go_by_score() -> None:
    order, few = np.arange(FIRST + 9), np.arange(FIRST + 9) > FIRST + 3
    after, moved = with_places_kept(order, few, 0.0)
    assert after.tolist() == order.tolist() and not len(moved)
