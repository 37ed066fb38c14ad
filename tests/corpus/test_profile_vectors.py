from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.port import View
from matcher.corpus.profile_vectors import (
    columns_of,
    distance,
    inverted_u,
    profiles_of,
    similarity_to,
)
from matcher.domain import FacetKind, OrganisationType
from matcher.matching.partner_mix import partner_mix
from tests.needs.test_coverage import corpus_of

ONE = (View("all", 0, 2),)
COMPANY, UNIVERSITY = OrganisationType.COMPANY, OrganisationType.HIGHER_EDUCATION


def test_a_profile_is_the_mean_of_offers_and_projects() -> None:
    """The project of four owners counts half, the need nothing."""
    facets = [
        (FacetKind.OFFER, (0,)),
        (FacetKind.EVIDENCE, (0, 1, 2, 3)),
        (FacetKind.NEED, (0,)),
    ]
    corpus = corpus_of(5, facets)
    vectors = np.array([[1, 0], [0, 1], [0, -1]], dtype=np.float32)
    found = profiles_of(corpus, [0, 1, 4], vectors, np.arange(3), ONE)
    expected = np.array([1.0, 0.5]) / np.hypot(1.0, 0.5)
    assert found[0].tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    assert found[1].tolist() == [0.0, 1.0]
    assert found[2].tolist() == [0.0, 0.0]


def test_each_view_of_a_profile_has_its_share() -> None:
    views = (View("wording", 0, 2), View("meaning", 2, 4))
    vectors = np.array([[3, 4, 0, 1]], dtype=np.float32)
    found = profiles_of(corpus_of(1, [(FacetKind.OFFER, (0,))]), [0], vectors, np.arange(1), views)
    assert found[0].tolist() == pytest.approx([0.6, 0.8, 0.0, 1.0] / np.sqrt(2), abs=1e-6)


def test_likeness_and_distance() -> None:
    profiles = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    assert similarity_to(profiles, profiles[:1]).tolist() == pytest.approx([1.0, 0.0, 0.6, 0.0])
    assert similarity_to(profiles, profiles[:0]).tolist() == [0.0] * 4
    apart = distance(profiles, np.array([2.0, 0.0], dtype=np.float32))
    assert apart.tolist() == pytest.approx([0.0, 1.0, 0.4, 1.0], abs=1e-6)
    assert columns_of((View("a", 0, 2), View("b", 2, 5)), "b") == slice(2, 5)
    assert columns_of(ONE, "b") == slice(None)


def test_the_best_distance_lies_in_the_middle() -> None:
    worth = inverted_u(np.array([0.0, 0.2, 0.4, 0.7, 1.0]), 0.4)
    assert worth.tolist() == pytest.approx([0.0, 0.75, 1.0, 0.75, 0.0])


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1))
def test_it_stays_between_nothing_and_one(distances: list[float], optimum: float) -> None:
    worth = inverted_u(np.array(distances), optimum)
    assert ((worth >= 0) & (worth <= 1)).all()


def test_the_helix_counts_strands() -> None:
    alone = partner_mix([COMPANY, COMPANY])
    assert (alone.balance, alone.strands["business"]) == (0.0, 2)
    assert alone.missing == ("knowledge", "education", "government", "society")
    even = partner_mix(
        [
            COMPANY,
            UNIVERSITY,
            OrganisationType.HOSPITAL,
            OrganisationType.PUBLIC_BODY,
            OrganisationType.CIVIL_SOCIETY,
        ]
    )
    assert even.balance == pytest.approx(1.0) and even.missing == ()
    two = partner_mix([COMPANY, UNIVERSITY, OrganisationType.OTHER])
    assert two.balance == pytest.approx(np.log(2) / np.log(5))
    assert two.types == {"company": 1, "higher_education": 1, "other": 1}
    nobody = partner_mix([])
    assert (nobody.balance, nobody.types, len(nobody.missing)) == (0.0, {}, 5)
