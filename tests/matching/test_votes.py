"""Neighbour votes: from a search result to what organisations get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from matcher.corpus.corpus import Corpus
from matcher.domain import FacetKind
from matcher.index.selection import Selection
from matcher.matching.votes import (
    OrganisationVotes,
    Votes,
    cast_votes,
    evidence_shares,
    join_views,
    normaliser,
    organisation_votes,
    votes_by_view,
    without_facets,
)
from matcher.parameters import MIN_SIMILARITY, MIN_VOTES, SHARPNESS
from tests.matching import corpora
from tests.matching.corpora import EVIDENCE, OFFER, Stated, snapshot_of

NO_VOTES = Votes(np.empty(0, np.int64), np.empty(0))


def corpus_of(
    count: int,
    facets: Sequence[tuple[FacetKind, tuple[int, ...]]],
    variants: Sequence[Sequence[int]] = (),
) -> Corpus:
    stated = [Stated(kind, owners, "") for kind, owners in facets]
    return corpora.corpus_of(stated, count, variants=variants)


def votes_of(**by_row: float) -> Votes:
    """votes_of(f0=0.5) is a vote of 0.5 by the facet in row 0."""
    rows = np.array([int(name[1:]) for name in by_row], dtype=np.int64)
    return Votes(rows, np.array(list(by_row.values()), dtype=np.float64))


def by_row(votes: Votes) -> dict[int, float]:
    return dict(zip(votes.facet_rows.tolist(), votes.weights.tolist(), strict=True))


def by_group(votes: OrganisationVotes) -> dict[int, tuple[float, float]]:
    pairs = zip(votes.experience.tolist(), votes.best_offer.tolist(), strict=True)
    return dict(zip(votes.groups.tolist(), pairs, strict=True))


def test_a_search_result_becomes_votes() -> None:
    assert (SHARPNESS, MIN_SIMILARITY) == (2.0, 0.05)
    corpus = corpus_of(1, [(EVIDENCE, (0,))] * 4)
    ids = np.array([30, 10, 40, 20, -1])
    scores = np.array([1.2, 0.5, 0.05, 0.049, 0.9], dtype=np.float32)
    found = by_row(cast_votes(corpus, ids, scores))
    assert found == pytest.approx({2: 1.0, 0: 0.25, 3: 0.0025}, rel=1e-5)
    assert by_row(cast_votes(corpus, np.array([-1]), np.array([0.0], np.float32))) == {}


def test_evidence_adds_up_and_of_offers_the_best_counts() -> None:
    corpus = corpus_of(
        4, [(EVIDENCE, (0,)), (EVIDENCE, (0, 1)), (OFFER, (2,)), (OFFER, (2,)), (OFFER, (0,))]
    )
    found = organisation_votes(corpus, votes_of(f0=0.5, f1=0.25, f2=0.3, f3=0.75, f4=0.125))
    assert by_group(found) == {0: (0.75, 0.125), 1: (0.25, 0.0), 2: (0.0, 0.75)}
    assert found.strongest == 0.875


def test_a_list_of_middling_offers_does_not_outdo_the_one_that_fits() -> None:
    corpus = corpus_of(2, [(OFFER, (0,))] * 9 + [(OFFER, (1,))])
    votes = votes_of(**{f"f{n}": 0.4 for n in range(9)}, f9=0.5)
    assert by_group(organisation_votes(corpus, votes)) == {0: (0.0, 0.4), 1: (0.0, 0.5)}


def test_name_variants_get_votes_together() -> None:
    corpus = corpus_of(
        4,
        [(EVIDENCE, (1,)), (EVIDENCE, (3, 0)), (OFFER, (1,)), (OFFER, (3,))],
        variants=[(3, 1)],
    )
    found = organisation_votes(corpus, votes_of(f0=0.5, f1=0.25, f2=0.1, f3=0.2))
    assert by_group(found) == {0: (0.25, 0.0), 1: (0.75, 0.2)}


def test_a_project_of_two_name_variants_counts_for_each_record() -> None:
    corpus = corpus_of(2, [(EVIDENCE, (0, 1))], variants=[(0, 1)])
    assert by_group(organisation_votes(corpus, votes_of(f0=0.5))) == {0: (1.0, 0.0)}


def test_votes_are_looked_up_by_group() -> None:
    corpus = corpus_of(6, [(EVIDENCE, (1,)), (OFFER, (4,))])
    found = organisation_votes(corpus, votes_of(f0=0.5, f1=0.25))
    experience, best_offer = found.at(np.array([5, 4, 0, 1, 4]))
    assert experience.tolist() == [0.0, 0.0, 0.0, 0.5, 0.0]
    assert best_offer.tolist() == [0.0, 0.25, 0.0, 0.0, 0.25]
    nobody = organisation_votes(corpus, NO_VOTES)
    assert [one.tolist() for one in nobody.at(np.array([1, 4]))] == [[0.0, 0.0], [0.0, 0.0]]


def test_owners_that_are_gone_are_left_out() -> None:
    corpus = corpus_of(2, [(EVIDENCE, (0, 7)), (EVIDENCE, (7,)), (EVIDENCE, ())])
    found = organisation_votes(corpus, votes_of(f0=0.5, f1=1.0, f2=1.0))
    assert by_group(found) == {0: (0.5, 0.0)}


def test_nobody_votes_for_nobody() -> None:
    corpus = corpus_of(3, [(EVIDENCE, (0,)), (OFFER, (1,))])
    assert by_group(organisation_votes(corpus, NO_VOTES)) == {}
    assert organisation_votes(corpus, NO_VOTES).strongest == 0.0
    assert normaliser(corpus, [NO_VOTES]) == MIN_VOTES
    assert by_row(join_views({}, {})) == {}
    assert by_row(join_views({"a": NO_VOTES, "b": NO_VOTES}, {"a": 0.6, "b": 0.4})) == {}
    assert by_group(evidence_shares(corpus, {"a": NO_VOTES}, {"a": 1.0})) == {}


def test_votes_are_divided_by_the_strongest_organisation() -> None:
    corpus = corpus_of(2, [(EVIDENCE, (0,)), (EVIDENCE, (0, 1)), (OFFER, (0,))])
    votes = votes_of(f0=0.5, f1=1.5, f2=0.25)
    assert normaliser(corpus, [votes]) == 2.25
    # Of several votes on one text the strongest count, in either order.
    weaker = votes_of(f1=1.5)
    assert normaliser(corpus, [votes, weaker]) == normaliser(corpus, [weaker, votes]) == 2.25


def test_weak_votes_stay_weak() -> None:
    corpus = corpus_of(1, [(EVIDENCE, (0,))])
    assert normaliser(corpus, [votes_of(f0=0.02)]) == MIN_VOTES == 0.1
    assert normaliser(corpus, [votes_of(f0=0.11)]) == pytest.approx(0.11)


def test_joined_votes_get_their_shares() -> None:
    views = {"words": votes_of(f0=1.0, f2=0.5), "sentence": votes_of(f2=1.0, f3=0.2)}
    assert by_row(join_views(views, {"words": 0.6, "sentence": 0.4})) == pytest.approx(
        {0: 0.6, 2: 0.7, 3: 0.08}
    )
    assert by_row(join_views(views, {"words": 3.0, "sentence": 1.0})) == pytest.approx(
        {0: 0.75, 2: 0.625, 3: 0.05}
    )


def test_a_view_that_found_nothing_takes_no_share() -> None:
    words = votes_of(f0=1.0, f2=0.5)
    shares = {"words": 0.2, "sentence": 0.8}
    assert by_row(join_views({"words": words, "sentence": NO_VOTES}, shares)) == by_row(words)
    views = {"words": words, "sentence": votes_of(f1=1.0)}
    assert by_row(join_views(views, {"words": 0.0, "sentence": 0.0})) == {}


def test_shares_of_evidence_leave_offers_out_and_go_by_view() -> None:
    """Of words a quarter goes to 0 alone, the rest to both; of the sentence all to both."""
    corpus = corpus_of(3, [(EVIDENCE, (0,)), (EVIDENCE, (0, 1)), (OFFER, (2,))])
    views = {"words": votes_of(f0=0.2, f1=0.6, f2=5.0), "sentence": votes_of(f1=0.01)}
    found = evidence_shares(corpus, views, {"words": 3.0, "sentence": 1.0})
    assert found.groups.tolist() == [0, 1]
    assert found.experience.tolist() == pytest.approx([1.0, 0.75 * 0.75 + 0.25])
    assert found.best_offer.tolist() == [0.0, 0.0]


def test_hidden_facets_do_not_vote() -> None:
    votes = votes_of(f0=0.5, f1=0.25, f3=0.1)
    assert by_row(without_facets(votes, np.array([1, 2]))) == {0: 0.5, 3: 0.1}
    assert by_row(without_facets(votes, np.empty(0, np.int64))) == by_row(votes)


def test_each_view_searches_the_facets_allowed() -> None:
    """In the view of sentences rope is kelp; in that of words it isn't."""
    snapshot = snapshot_of(
        [
            Stated(EVIDENCE, (0,), "kelp"),
            Stated(EVIDENCE, (0,), "rope"),
            Stated(EVIDENCE, (0,), "kelp solar"),
            Stated(EVIDENCE, (0,), "kelp"),
        ],
        1,
    )
    vectors = snapshot.generation.encoder.encode(["kelp", "unknown", "solar"])
    kelp, unknown, solar = votes_by_view(snapshot, vectors, Selection(np.array([10, 20, 30])))
    assert by_row(kelp["word_vectors"]) == pytest.approx({0: 1.0, 2: 0.5}, abs=5e-4)
    assert by_row(kelp["sentence"]) == pytest.approx({0: 1.0, 1: 1.0, 2: 0.5}, abs=5e-4)
    assert unknown == {}
    assert by_row(solar["word_vectors"]) == pytest.approx({2: 0.5}, abs=5e-4)
    # Of the nearest two, the facet of the lower id counts among equals.
    nearest = votes_by_view(snapshot, vectors[:1], Selection(np.array([10, 20, 30, 40])), 2)[0]
    assert sorted(by_row(nearest["word_vectors"])) == [0, 3]
    assert sorted(by_row(nearest["sentence"])) == [0, 1]


def test_a_house_has_only_the_votes_that_it_would_not_get_for_anything() -> None:
    """0 took part in eleven of twelve projects, 1 in the twelfth alone, 2 in one with the house."""
    projects = [(EVIDENCE, (0,))] * 10 + [(EVIDENCE, (0, 2)), (EVIDENCE, (1,))]
    corpus = corpus_of(3, projects)
    near = dict.fromkeys((f"f{row}" for row in range(12)), 0.25)
    found = by_group(organisation_votes(corpus, votes_of(**near)))
    assert found == {0: (0.0, 0.0), 1: (0.25, 0.0), 2: (0.25, 0.0)}
    found = by_group(organisation_votes(corpus, votes_of(f10=0.5, f11=0.25)))
    assert found == {0: (0.0, 0.0), 1: (0.25, 0.0), 2: (0.5, 0.0)}
    few = corpus_of(3, projects[3:])
    assert by_group(organisation_votes(few, votes_of(f0=0.5)))[0] == (0.5, 0.0)
