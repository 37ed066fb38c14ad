from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher.arrays import Floats, Mask
from matcher.insights.specialisation import (
    location_quotients,
    relatedness,
    relatedness_density,
    strength_table,
)

# Three regions in three domains; x_r. = 10, 10, 20 and x_.d = 10, 10, 20 and x_.. = 40.
COUNTS = np.array([[5.0, 5.0, 0.0], [5.0, 0.0, 5.0], [0.0, 5.0, 15.0]])
QUOTIENTS = np.array([[2.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 1.5]])
# Four organisations; together 0 and 1 in two, 0 and 2 in one, 1 and 2 in none; sizes 3, 2, 2.
PRESENCE = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]], dtype=np.bool_)
RELATED = np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.0], [0.5, 0.0, 0.0]])

Sizes = st.tuples(st.integers(1, 6), st.integers(1, 6))
Counts = Sizes.flatmap(lambda size: arrays(np.float64, size, elements=st.integers(0, 50)))
Presence = Sizes.flatmap(lambda size: arrays(np.bool_, size))


@st.composite
def several(draw: st.DrawFn) -> tuple[Floats, Mask]:
    """Counts (r, d) and presence (n, d) of the same domains."""
    counts = draw(Counts)
    presence = draw(arrays(np.bool_, (draw(st.integers(1, 8)), counts.shape[1])))
    return counts, presence


def test_location_quotients_by_hand() -> None:
    np.testing.assert_allclose(location_quotients(COUNTS), QUOTIENTS)


def test_a_quotient_is_0_where_it_is_undefined() -> None:
    counts = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(location_quotients(counts), [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


def test_relatedness_by_hand() -> None:
    # 2 / (3 * 2) and 1 / (3 * 2), divided by the former
    np.testing.assert_allclose(relatedness(PRESENCE), RELATED)


def test_relatedness_of_strengths_by_hand() -> None:
    strengths = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]])
    # c: 2, 2, 1; sizes 4, 2, 2: 2 / 8, 2 / 8 and 1 / 4
    expected = np.ones((3, 3)) - np.eye(3)
    np.testing.assert_allclose(relatedness(strengths), expected)


def test_density_by_hand() -> None:
    expected = [
        # specialised in 0 and 1: of domain 0 only 1 is near, 1 of 1.5
        [100.0 / 1.5, 100.0, 100.0],
        # in 0 and 2
        [50.0 / 1.5, 100.0, 100.0],
        # in 1 and 2, both of which are related to 0 alone
        [100.0, 0.0, 0.0],
    ]
    np.testing.assert_allclose(relatedness_density(QUOTIENTS, RELATED), expected)


def test_a_domain_counts_for_nothing_in_its_own_density() -> None:
    with_diagonal = RELATED + np.eye(3)
    np.testing.assert_array_equal(
        relatedness_density(QUOTIENTS, with_diagonal), relatedness_density(QUOTIENTS, RELATED)
    )


def test_the_table_of_a_region_by_hand() -> None:
    domains = np.array([[2.0, 1.0], [0.0, 3.0], [4.0, 0.0], [0.0, 0.0]])
    challenges = np.array([[1.0, 0.0, 5.0], [2.0, 0.0, 0.0], [9.0, 9.0, 9.0], [1.0, 1.0, 1.0]])
    table = strength_table(domains, challenges, np.array([True, True, False, True]))
    assert table.cell_organisations.tolist() == [[1, 0, 1], [2, 0, 1]]
    assert table.cell_strength.tolist() == [[1.0, 0.0, 2.0], [3.0, 0.0, 1.0]]
    assert table.organisations.tolist() == [1, 2]
    assert table.strength.tolist() == [2.0, 4.0]
    # the corpus has 6 and 4 of 10, the region 2 and 4 of 6
    np.testing.assert_allclose(table.quotient, [(2 / 6) / (6 / 10), (4 / 6) / (4 / 10)])
    # the only other domain of domain 0 is one of specialisation; that of domain 1 is none
    assert table.density.tolist() == [100.0, 0.0]


def test_a_region_of_everything_has_quotients_of_1() -> None:
    domains = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
    table = strength_table(domains, np.ones((2, 1)), np.array([True, True]))
    assert table.quotient.tolist() == [1.0, 1.0, 0.0]
    assert table.density.tolist() == [100.0, 100.0, 0.0]


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("columns", [0, 3])
def test_nothing_at_all(rows: int, columns: int) -> None:
    nothing = np.zeros((rows, columns))
    assert location_quotients(nothing).tolist() == nothing.tolist()
    related = relatedness(nothing)
    assert related.tolist() == np.zeros((columns, columns)).tolist()
    assert relatedness_density(nothing, related).tolist() == nothing.tolist()


@pytest.mark.parametrize("members", [0, 4])
def test_the_table_of_nobody(members: int) -> None:
    nobody = np.zeros(members, np.bool_)
    table = strength_table(np.ones((members, 3)), np.ones((members, 2)), nobody)
    assert table.cell_organisations.tolist() == [[0, 0]] * 3
    assert table.cell_strength.tolist() == [[0.0, 0.0]] * 3
    assert table.organisations.tolist() == [0, 0, 0]
    for values in (table.strength, table.quotient, table.density):
        assert values.tolist() == [0.0, 0.0, 0.0]


@given(arrays(np.float64, st.integers(1, 6), elements=st.integers(1, 50)), st.integers(1, 5))
def test_regions_that_are_all_alike_have_quotients_of_1(one: Floats, count: int) -> None:
    quotients = location_quotients(np.tile(one, (count, 1)))
    np.testing.assert_allclose(quotients, np.ones((count, len(one))))
    related = 1.0 - np.eye(len(one))
    expected = 100.0 if len(one) > 1 else 0.0
    np.testing.assert_allclose(relatedness_density(quotients, related), expected)


@given(Counts)
def test_quotients_average_to_1_over_regions(counts: Floats) -> None:
    # weighted with the regions' sizes, since sum over r of x_r. LQ_rd = x_.. for every domain
    quotients = location_quotients(counts)
    found = counts.sum(axis=1) @ quotients
    expected = np.where(counts.sum(axis=0) > 0, counts.sum(), 0.0)
    np.testing.assert_allclose(found, expected)


@given(several(), st.randoms(use_true_random=False))
def test_the_order_of_regions_and_domains_doesnt_matter(
    of_regions: tuple[Floats, Mask], random: Random
) -> None:
    counts, presence = of_regions
    rows, columns = (np.array(random.sample(range(n), n)) for n in counts.shape)
    quotients, related = location_quotients(counts), relatedness(presence)
    density = relatedness_density(quotients, related)
    moved_quotients = location_quotients(counts[rows][:, columns])
    moved_related = relatedness(presence[:, columns])
    np.testing.assert_allclose(moved_quotients, quotients[rows][:, columns])
    np.testing.assert_allclose(moved_related, related[columns][:, columns])
    np.testing.assert_allclose(
        relatedness_density(moved_quotients, moved_related), density[rows][:, columns], atol=1e-9
    )


@given(Presence)
def test_relatedness_is_symmetric_and_from_0_to_1(presence: Mask) -> None:
    related = relatedness(presence)
    np.testing.assert_array_equal(related, related.T)
    assert np.all(np.diag(related) == 0.0)
    assert np.all((related >= 0.0) & (related <= 1.0))
    together = (presence.T.astype(int) @ presence.astype(int)) > 0
    np.fill_diagonal(together, False)
    np.testing.assert_array_equal(related > 0, together)


@given(several())
def test_density_is_from_0_to_100(of_regions: tuple[Floats, Mask]) -> None:
    counts, presence = of_regions
    related = relatedness(presence)
    density = relatedness_density(location_quotients(counts), related)
    assert density.shape == counts.shape
    assert np.all((density >= 0.0) & (density <= 100.0))
    everything = relatedness_density(np.ones(counts.shape), related)
    expected = np.where(related.sum(axis=0) > 0, 100.0, 0.0)
    np.testing.assert_allclose(everything, np.tile(expected, (len(counts), 1)))


@given(several(), st.data())
def test_the_table_agrees_with_counting_one_by_one(
    of_regions: tuple[Floats, Mask], data: st.DataObject
) -> None:
    domains, _ = of_regions
    aims = data.draw(arrays(np.float64, (len(domains), 2), elements=st.integers(0, 9)))
    here = data.draw(arrays(np.bool_, len(domains)))
    table = strength_table(domains, aims, here)
    members = np.flatnonzero(here)
    for d in range(domains.shape[1]):
        assert table.organisations[d] == sum(domains[n, d] > 0 for n in members)
        assert table.strength[d] == sum(domains[n, d] for n in members)
        for c in range(2):
            lesser = [min(domains[n, d], aims[n, c]) for n in members]
            assert table.cell_organisations[d, c] == sum(value > 0 for value in lesser)
            assert table.cell_strength[d, c] == sum(lesser)
