from __future__ import annotations

import numpy as np
import pytest

from embeddings.port import View
from matcher.corpus.partner_mix import partner_mix
from matcher.corpus.profile_vectors import profiles_of, similarity
from matcher.domain import FacetKind, OrganisationType
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
    found = profiles_of(corpus, np.array([0, 1, 4]), vectors, np.arange(3), ONE)
    expected = np.array([1.0, 0.5]) / np.hypot(1.0, 0.5)
    assert found[0].tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    assert found[1].tolist() == [0.0, 1.0]
    assert found[2].tolist() == [0.0, 0.0]


def test_each_view_of_a_profile_has_its_share() -> None:
    views = (View("lexical", 0, 2), View("meaning", 2, 4))
    vectors = np.array([[3, 4, 0, 1]], dtype=np.float32)
    found = profiles_of(
        corpus_of(1, [(FacetKind.OFFER, (0,))]), np.array([0]), vectors, np.arange(1), views
    )
    assert found[0].tolist() == pytest.approx([0.6, 0.8, 0.0, 1.0] / np.sqrt(2), abs=1e-6)


def test_similarity_is_that_to_the_most_similar() -> None:
    profiles = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    assert similarity(profiles, profiles[:1]).tolist() == pytest.approx([1.0, 0.0, 0.6, 0.0])
    assert similarity(profiles, profiles[:2]).tolist() == pytest.approx([1.0, 1.0, 0.8, 0.0])
    assert similarity(profiles, profiles[:0]).tolist() == [0.0] * 4


def test_similarity_is_never_above_1() -> None:
    longer = np.array([[1.0001, 0]], dtype=np.float32)
    assert similarity(longer, longer).tolist() == [1.0]


def test_the_partner_mix_counts_strands() -> None:
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
