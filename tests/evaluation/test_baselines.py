"""Simple rankings over a small corpus whose answers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.domain import Facet, FacetKind, Participation, Project
from matcher.evaluation.baselines import NEIGHBOURS, VotesOfProjects, standardised
from matcher.evaluation.figures import standard_error
from tests.corpus.corpora import corpus_named

CORPUS = corpus_named(["Weaver", "Miller", "Baker"])
WEAVER, MILLER, BAKER = CORPUS.ids


def project(title: str, *ids: str) -> Project:
    facet = Facet(FacetKind.EVIDENCE, "", title=title, source=f"test:{title}")
    return Project(facet, tuple(Participation(one) for one in ids))


def test_the_nearest_projects_vote_for_their_participants() -> None:
    projects = [project("woollen cloth", WEAVER), project("rye bread", MILLER, BAKER)]
    votes = VotesOfProjects(CORPUS, projects)
    for scores in (votes.by_tfidf(), votes.by_minilm()):
        found = scores("bread of rye")
        assert found[1] == found[2] > found[0]
    assert votes.by_tfidf()("rye bread").tolist() == pytest.approx([0.0, 1.0, 1.0])
    assert votes.by_tfidf()("submarines").tolist() == [0.0, 0.0, 0.0]


def test_no_more_projects_vote_than_are_near() -> None:
    many = [project(f"rye bread {number}", MILLER) for number in range(NEIGHBOURS + 10)]
    votes = VotesOfProjects(CORPUS, [*many, project("woollen cloth", WEAVER)])
    assert votes.by_minilm()("woollen cloth")[0] == pytest.approx(1.0, abs=0.01)
    assert votes.by_tfidf()("rye bread")[1] <= NEIGHBOURS


def test_standardised_scores_and_standard_errors() -> None:
    assert standardised(np.array([1.0, 3.0])).tolist() == [-1.0, 1.0]
    assert standardised(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert standard_error([0.0, 1.0, 0.0, 1.0]) == pytest.approx(0.2887)
    assert standard_error([0.5]) == 0.0
