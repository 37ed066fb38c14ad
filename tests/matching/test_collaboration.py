"""Collaboration: worked out by hand for small corpora."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from matcher.corpus.corpus import Corpus
from matcher.domain import FacetKind
from matcher.matching.features.collaboration import Collaboration, collaborations
from matcher.parameters import CROWDING, HALF_COLLABORATION
from tests.matching import corpora
from tests.matching.corpora import EVIDENCE, NEED, OFFER, Stated

PAIR, CROWD = 1 / math.sqrt(2), 1 / math.sqrt(4)
"""What a past project of two and of four gives to each pair of them, at CROWDING 0.5."""


def corpus_of(
    count: int,
    facets: Sequence[tuple[FacetKind, tuple[int, ...]]],
    variants: Sequence[Sequence[int]] = (),
) -> Corpus:
    stated = [Stated(kind, owners, "") for kind, owners in facets]
    return corpora.corpus_of(stated, count, variants=variants)


def found(
    corpus: Corpus,
    partners: Sequence[int],
    shares: Sequence[float] = (),
    hidden: Sequence[int] = (),
) -> Collaboration:
    rows = corpus.with_variants(np.array(partners, dtype=np.int64))
    counted = np.array(shares or [1.0] * len(rows))
    return collaborations(corpus, rows, counted, np.array(hidden, dtype=np.int64))


def strengths(collaboration: Collaboration) -> dict[int, float]:
    pairs = zip(collaboration.groups.tolist(), collaboration.strength.tolist(), strict=True)
    return dict(pairs)


def test_the_constants_are_those_of_the_values_below() -> None:
    assert (CROWDING, HALF_COLLABORATION) == (0.5, 0.5)


def test_it_is_stronger_the_closer_the_work_was() -> None:
    """0 has four past projects, so each of them counts 1 / sqrt(4) for it."""
    corpus = corpus_of(
        6,
        [
            (EVIDENCE, (0, 1)),
            (EVIDENCE, (0, 1)),
            (EVIDENCE, (0, 2)),
            (EVIDENCE, (0, 3, 4, 5)),
            (OFFER, (0,)),
            (NEED, (0,)),
        ],
    )
    collaboration = found(corpus, [0])
    pair, crowd = PAIR / 2, CROWD / 2
    assert strengths(collaboration) == pytest.approx(
        {1: 2 * pair, 2: pair, 3: crowd, 4: crowd, 5: crowd}
    )
    assert collaboration.facet_rows.tolist() == [0, 1, 2, 3]
    assert collaboration.facet_strength.tolist() == pytest.approx([pair, pair, pair, crowd])
    assert collaboration.partners.tolist() == [0]


def test_the_feature_reaches_a_half_at_half_collaboration() -> None:
    corpus = corpus_of(5, [(EVIDENCE, (0, 1, 2, 3))])
    collaboration = found(corpus, [0])
    assert strengths(collaboration) == pytest.approx({1: CROWD, 2: CROWD, 3: CROWD})
    # The project of four gives exactly HALF_COLLABORATION; 0 worked with nobody but itself.
    feature = collaboration.feature(np.array([4, 3, 0, 1]))
    assert feature.tolist() == pytest.approx([0.0, 0.5, 0.0, 0.5])
    both = corpus_of(2, [(EVIDENCE, (0, 1))] * 9)
    assert found(both, [0]).feature(np.array([1])).tolist() == pytest.approx(
        [3 * PAIR / (3 * PAIR + 0.5)]
    )


def test_without_known_partners_there_is_none() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0, 1))])
    for partners in ([], [2]):
        collaboration = found(corpus, partners)
        assert strengths(collaboration) == {}
        assert collaboration.facet_rows.tolist() == []
        assert collaboration.feature(np.array([0, 1, 2])).tolist() == [0.0, 0.0, 0.0]


def test_two_members_are_more_than_one() -> None:
    """0 has two past projects, 1 has one; of three owners a project counts 1 / sqrt(3)."""
    corpus = corpus_of(4, [(EVIDENCE, (0, 1, 2)), (EVIDENCE, (0, 3))])
    three = 1 / math.sqrt(3)
    assert strengths(found(corpus, [0, 1])) == pytest.approx(
        {
            0: three,  # with 1
            1: three / math.sqrt(2),  # with 0
            2: three * (1 + 1 / math.sqrt(2)),
            3: PAIR / math.sqrt(2),
        }
    )


def test_some_partners_count_more() -> None:
    corpus = corpus_of(4, [(EVIDENCE, (0, 2)), (EVIDENCE, (1, 3))])
    assert strengths(found(corpus, [0, 1], [1.0, 0.25])) == pytest.approx({2: PAIR, 3: 0.25 * PAIR})


def test_nobody_works_with_itself() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0, 1)), (EVIDENCE, (0,)), (EVIDENCE, (1, 2))])
    collaboration = found(corpus, [0])
    assert strengths(collaboration) == pytest.approx({1: PAIR / math.sqrt(2)})
    assert collaboration.facet_rows.tolist() == [0, 1]


def test_hidden_projects_do_not_count_anywhere() -> None:
    """Of two past projects one is hidden: the other counts as the only one of its partner."""
    corpus = corpus_of(4, [(EVIDENCE, (0, 1)), (EVIDENCE, (0, 2)), (EVIDENCE, (3, 2))])
    collaboration = found(corpus, [0], hidden=[1, 2])
    assert strengths(collaboration) == pytest.approx({1: PAIR})
    assert collaboration.facet_rows.tolist() == [0]


def test_name_variants_work_as_one() -> None:
    """1 and 3 are one organisation, which worked with 0 under both names."""
    corpus = corpus_of(
        4, [(EVIDENCE, (0, 1)), (EVIDENCE, (0, 3)), (EVIDENCE, (0, 2))], variants=[(1, 3)]
    )
    each = PAIR / math.sqrt(3)
    assert strengths(found(corpus, [0])) == pytest.approx({1: 2 * each, 2: each})


def test_a_member_counts_under_all_its_names_each_with_its_own_projects() -> None:
    corpus = corpus_of(
        5,
        [(EVIDENCE, (1, 0)), (EVIDENCE, (3, 0)), (EVIDENCE, (3, 2)), (EVIDENCE, (4, 2))],
        variants=[(1, 3)],
    )
    collaboration = found(corpus, [1])
    assert collaboration.partners.tolist() == [1, 3]
    assert strengths(collaboration) == pytest.approx(
        {0: PAIR + PAIR / math.sqrt(2), 2: PAIR / math.sqrt(2)}
    )


def test_it_is_the_sum_over_pairs_in_any_corpus() -> None:
    """Straight from the definition, over random past projects."""
    draw = np.random.default_rng(5)
    for _ in range(50):
        count = int(draw.integers(2, 9))
        projects = [
            tuple(draw.choice(count, draw.integers(1, min(5, count) + 1), replace=False).tolist())
            for _ in range(draw.integers(1, 12))
        ]
        corpus = corpus_of(count, [(EVIDENCE, owners) for owners in projects])
        partners = sorted(draw.choice(count, draw.integers(1, count), replace=False).tolist())
        shares = draw.random(len(partners)).tolist()
        expected = np.zeros(count)
        for owners in projects:
            for partner, share in zip(partners, shares, strict=True):
                known = sum(partner in others for others in projects)
                for other in owners:
                    if partner in owners and other != partner:
                        expected[other] += share / math.sqrt(known) / math.sqrt(len(owners))
        strong = {row: value for row, value in enumerate(expected.tolist()) if value > 0}
        collaboration = found(corpus, partners, shares)
        assert strengths(collaboration) == pytest.approx(strong)
        feature = collaboration.feature(np.arange(count))
        assert feature == pytest.approx(expected / (expected + 0.5))
