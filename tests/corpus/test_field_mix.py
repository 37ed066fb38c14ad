from __future__ import annotations

from math import log

import pytest

from matcher.corpus.field_mix import FieldMix, field_mix


def test_nobody_and_a_single_field_are_no_mix() -> None:
    assert field_mix([]) == FieldMix({}, 0.0)
    assert field_mix([(), ()]) == FieldMix({}, 0.0)
    assert field_mix([("water",), ("water",)]) == FieldMix({"water": 2}, 0.0)


def test_a_member_counts_once_in_each_of_its_fields() -> None:
    mix = field_mix([("water", "food", "water"), ("food",), ()])
    assert mix.counts == {"food": 2, "water": 1}
    assert list(mix.counts) == ["food", "water"]


def test_of_equal_counts_the_first_by_name_comes_first() -> None:
    assert list(field_mix([("water",), ("energy",), ("food", "food")]).counts) == [
        "energy",
        "food",
        "water",
    ]


def test_the_balance_is_the_entropy_over_the_most_it_can_be() -> None:
    assert field_mix([("water",), ("food",), ("energy",)]).balance == pytest.approx(1.0)
    assert field_mix([("water", "food"), ("energy", "chemistry")]).balance == pytest.approx(1.0)
    uneven = field_mix([("water",), ("water",), ("water",), ("food",)])
    entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    assert uneven.balance == pytest.approx(entropy / log(2))
    assert 0.0 < uneven.balance < 1.0


def test_the_balance_is_never_above_one() -> None:
    for fields in range(2, 60):
        mix = field_mix([tuple(f"field-{number}" for number in range(fields))])
        assert 0.999 < mix.balance <= 1.0
