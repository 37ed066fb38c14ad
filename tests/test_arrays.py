from __future__ import annotations

import numpy as np

from matcher.arrays import find_sorted, mask_of, take_or_zero


def test_values_are_found_in_an_ascending_array() -> None:
    ascending = np.array([2, 5, 9])
    places = find_sorted(np.array([5, 1, 9, 10, 5, 3]), ascending)
    assert places.tolist() == [1, -1, 2, -1, 1, -1]
    values = np.array([0.5, 1.5, 2.5])
    assert take_or_zero(values, places).tolist() == [1.5, 0.0, 2.5, 0.0, 1.5, 0.0]


def test_nothing_is_found_in_nothing() -> None:
    nothing = np.empty(0, np.int64)
    assert find_sorted(np.array([5, 1]), nothing).tolist() == [-1, -1]
    assert find_sorted(nothing, np.array([5])).tolist() == []
    assert take_or_zero(np.empty(0), np.array([-1, -1])).tolist() == [0.0, 0.0]


def test_a_mask_is_true_at_its_rows() -> None:
    assert mask_of(np.array([0, 2]), 4).tolist() == [True, False, True, False]
