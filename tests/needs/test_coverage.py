from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpus.corpus import Corpus
from matcher.corpus.records import FacetRecord, OrganisationRecord
from matcher.domain import FacetKind, Need, NeedLevel, OrganisationType, Place
from matcher.needs.coverage import Coverage, best_facets, coverage_of, harmonic_mean
from tests.corpus.corpora import facets_of

OFFER, EVIDENCE = FacetKind.OFFER, FacetKind.EVIDENCE


def corpus_of(
    count: int,
    facets: Sequence[tuple[FacetKind, tuple[int, ...]]],
    variants: Sequence[Sequence[str]] = (),
) -> Corpus:
    """Organisations 0..count-1 in rows of the same numbers; facets with ids 10, 20, ..."""
    organisations = [
        OrganisationRecord(n, f"x:{n:03}", f"Name {n}", OrganisationType.COMPANY, Place(), None, ())
        for n in range(count)
    ]
    records = [
        FacetRecord(10 * (n + 1), kind, None, None, None, (), owners)
        for n, (kind, owners) in enumerate(facets)
    ]
    return Corpus.from_records(1, organisations, records, variants)


def needs(*weights: float) -> list[Need]:
    return [Need(f"need {at}", weight=weight) for at, weight in enumerate(weights)]


def covering(
    corpus: Corpus, wanted: Sequence[Need], by_facet: Sequence[Sequence[float]]
) -> Coverage:
    probabilities = np.array(by_facet, dtype=np.float64)
    return coverage_of(corpus, wanted, probabilities, np.arange(probabilities.shape[1]))


def test_a_checkerboard_has_one_answer() -> None:
    """Organisation n has the only offer that meets need n."""
    corpus = corpus_of(4, [(OFFER, (n,)) for n in range(4)])
    coverage = covering(corpus, needs(1, 1, 1, 1), np.eye(4).tolist())
    assert coverage.single().tolist() == [0.25] * 4
    assert coverage.total(np.array([0, 2])) == 0.5
    assert coverage.gains(np.array([0, 2])).tolist() == [0.0, 0.25, 0.0, 0.25]
    assert coverage.of(np.array([0, 2])).tolist() == [1.0, 0.0, 1.0, 0.0]
    facets, probabilities = best_facets(corpus, coverage, 3)
    assert (facets[3], probabilities.tolist()) == (3, [0.0, 0.0, 0.0, 1.0])


def test_a_must_counts_twice_a_nice_to_have() -> None:
    corpus = corpus_of(2, [(OFFER, (0,)), (OFFER, (1,))])
    wanted = [Need("a", NeedLevel.MUST), Need("b", NeedLevel.NICE)]
    coverage = covering(corpus, wanted, [[1.0, 0.0], [0.0, 1.0]])
    assert coverage.single().tolist() == pytest.approx([2 / 3, 1 / 3])


def test_of_many_offers_the_best_counts_and_shared_projects_count_for_all() -> None:
    corpus = corpus_of(3, [(OFFER, (0,)), (OFFER, (0,)), (EVIDENCE, (0, 1))])
    coverage = covering(corpus, needs(1), [[0.3, 0.5, 0.4]])
    assert coverage.meets.tolist() == [[0.5, 0.4, 0.0]]
    facets, probabilities = best_facets(corpus, coverage, 0)
    assert (facets.tolist(), probabilities.tolist()) == ([1], [0.5])
    facets, probabilities = best_facets(corpus, coverage, 2)
    assert (facets.tolist(), probabilities.tolist()) == ([-1], [0.0])


def test_name_variants_cover_as_one() -> None:
    facets = [(OFFER, (0,)), (OFFER, (1,)), (OFFER, (2,))]
    corpus = corpus_of(3, facets, [("x:000", "x:001")])
    coverage = covering(corpus, needs(1, 1), [[0.9, 0.0, 0.1], [0.0, 0.8, 0.1]])
    assert coverage.meets.tolist() == [[0.9, 0.9, 0.1], [0.8, 0.8, 0.1]]
    found, probabilities = best_facets(corpus, coverage, 0)
    assert (found.tolist(), probabilities.tolist()) == ([0, 1], [0.9, 0.8])


def test_without_needs_or_facets_nothing_is_covered() -> None:
    corpus = corpus_of(2, [(OFFER, (0,))])
    nothing_needed = coverage_of(corpus, [], np.zeros((0, 1)), np.array([0]))
    assert nothing_needed.total(np.array([0])) == 0.0
    empty = coverage_of(corpus, needs(1), np.zeros((1, 0)), np.empty(0, np.int64))
    assert empty.single().tolist() == [0.0, 0.0]
    assert empty.total(np.empty(0, np.int64)) == 0.0


@st.composite
def coverages(draw: st.DrawFn, with_variants: bool = False) -> tuple[Coverage, Corpus]:
    count = draw(st.integers(1, 7))
    owners = st.sets(st.integers(0, count - 1), min_size=1, max_size=3)
    facets = [(OFFER, tuple(sorted(draw(owners)))) for _ in range(draw(st.integers(1, 9)))]
    variants = []
    if with_variants:
        pair = st.lists(st.integers(0, count - 1), max_size=3, unique=True)
        variants = [[f"x:{row:03}" for row in draw(pair)]]
    corpus = corpus_of(count, facets, variants)
    wanted = needs(*draw(st.lists(st.floats(0.1, 5.0), min_size=1, max_size=4)))
    probability = st.floats(0.0, 1.0)
    rows = [[draw(probability) for _ in facets] for _ in wanted]
    return covering(corpus, wanted, rows), corpus


@given(coverages(), st.data())
def test_coverage_never_falls_and_what_joins_later_adds_less(
    made: tuple[Coverage, Corpus], data: st.DataObject
) -> None:
    coverage, corpus = made
    everyone = list(range(len(corpus)))
    small = data.draw(st.lists(st.sampled_from(everyone), unique=True))
    large = sorted({*small, *data.draw(st.lists(st.sampled_from(everyone), unique=True))})
    one = data.draw(st.sampled_from(everyone))
    before, after = np.array(small, np.int64), np.array([*small, one], np.int64)
    assert coverage.total(after) >= coverage.total(before) - 1e-12
    gain = coverage.gains(before)[one]
    assert gain == pytest.approx(coverage.total(after) - coverage.total(before), abs=1e-9)
    assert coverage.gains(np.array(large, np.int64))[one] <= gain + 1e-12
    assert coverage.total(np.arange(len(corpus))) >= coverage.total(after[-1:]) - 1e-12


def test_whoever_hardly_meets_a_need_covers_nothing_of_it() -> None:
    corpus = corpus_of(3, [(OFFER, (n,)) for n in range(3)])
    coverage = covering(corpus, needs(1, 3), [[0.249, 0.25, 0.1], [0.2, 0.0, 0.8]])
    assert [coverage.total(np.array([row])) for row in range(3)] == pytest.approx(
        [0.0, 0.0625, 0.6]
    )
    assert coverage.total(np.array([0, 1, 2])) == pytest.approx(0.6625)
    assert coverage.gains(np.array([1])).tolist() == pytest.approx([0.0, 0.0, 0.6])
    assert coverage.of(np.array([0])).tolist() == [0.249, 0.2]
    assert coverage.single()[0] == pytest.approx(0.21225)  # what is ranked by


@given(coverages(with_variants=True), st.data())
def test_coverage_over_some_organisations_is_that_over_all_at_their_rows(
    made: tuple[Coverage, Corpus], data: st.DataObject
) -> None:
    coverage, corpus = made
    everyone = list(range(len(corpus)))
    drawn = data.draw(st.lists(st.sampled_from(everyone), unique=True))
    rows = corpus.with_variants(np.array(drawn, np.int64))
    some = coverage_of(corpus, coverage.needs, coverage.by_facet, coverage.facet_rows, rows)
    assert some.rows.tolist() == rows.tolist()
    assert some.meets.tolist() == coverage.meets[:, rows].tolist()
    assert some.single() == pytest.approx(coverage.single()[rows])
    members = rows[: data.draw(st.integers(0, len(rows)))]
    assert some.places_of(members).tolist() == list(range(len(members)))
    assert some.of(members).tolist() == coverage.of(members).tolist()
    assert some.total(members) == pytest.approx(coverage.total(members))
    assert some.gains(members) == pytest.approx(coverage.gains(members)[rows])


def test_organisations_that_were_not_compared_are_not_there() -> None:
    corpus = corpus_of(4, [(OFFER, (n,)) for n in range(4)])
    rows = np.array([1, 3])
    some = coverage_of(corpus, needs(1, 3), np.array([[0.2, 0.4], [0.8, 0.0]]), rows, rows)
    assert some.meets.tolist() == [[0.2, 0.4], [0.8, 0.0]]
    assert some.single().tolist() == pytest.approx([0.65, 0.1])
    assert some.gains(np.array([3])).tolist() == pytest.approx([0.6, 0.0])


@given(coverages(), st.data())
def test_a_duplicate_of_a_member_adds_nothing(
    made: tuple[Coverage, Corpus], data: st.DataObject
) -> None:
    coverage, corpus = made
    twin = data.draw(st.integers(0, len(corpus) - 1))
    facets = [
        (record.kind, (*record.owners, len(corpus)) if twin in record.owners else record.owners)
        for record in facets_of(corpus).values()
    ]
    larger = corpus_of(len(corpus) + 1, facets)
    again = coverage_of(larger, coverage.needs, coverage.by_facet, coverage.facet_rows)
    assert again.gains(np.array([twin]))[len(corpus)] == 0.0


@given(coverages(), st.randoms())
def test_the_order_of_needs_changes_nothing(made: tuple[Coverage, Corpus], draw: object) -> None:
    coverage, corpus = made
    order = list(range(len(coverage.needs)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    wanted = [coverage.needs[at] for at in order]
    again = coverage_of(corpus, wanted, coverage.by_facet[order], coverage.facet_rows)
    assert again.single() == pytest.approx(coverage.single())


def test_the_harmonic_mean() -> None:
    found = harmonic_mean(np.array([0.5, 0.0, 1.0, 0.2]), np.array([0.5, 0.9, 0.5, 0.6]))
    assert found.tolist() == pytest.approx([0.5, 0.0, 2 / 3, 0.3])
