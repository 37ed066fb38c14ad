"""The pipeline over random small corpora: what it scores is what the definitions say."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from embeddings.port import project_onto_view
from matcher.arrays import Mask, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Filters, Need, NeedLevel, Question, Stage
from matcher.matching import retrieve as stage
from matcher.matching.rerank import RankedCandidates
from matcher.matching.retrieve import retrieve
from matcher.matching.score import ScoredCandidates, score
from matcher.matching.understand import NothingToRecommend, UnderstoodQuestion, understand
from matcher.models.vote_calibration import SMALL
from matcher.models.weights import Weights
from matcher.parameters import HOUSE_PROJECTS, HOUSE_SHARE, MIN_SIMILARITY, MIN_VOTES
from matcher.store import Store
from tests.matching.corpora import NAMES, id_of, random_snapshot, recommender_of, words_of

SEEDS = range(60)
NO_STORE = cast(Store, None)


def random_question(seed: int, count: int) -> Question:
    """Text, needs and members, one of them or several; some texts mention an organisation."""
    draw = random.Random(seed + 1000)
    text = words_of(draw) if draw.random() < 0.8 else ""
    if draw.random() < 0.4:
        text = f"{text} {draw.choice(NAMES[:count])}".strip()
    needs = tuple(
        Need(words_of(draw), draw.choice(list(NeedLevel)), stage=draw.choice([None, Stage.PILOT]))
        for _ in range(draw.choice([0, 0, 1, 2]))
    )
    if not text and not needs:
        text = "kelp"
    members = tuple(id_of(row) for row in draw.sample(range(count), draw.choice([0, 0, 1, 2])))
    exclude = (id_of(draw.randrange(count)),) if draw.random() < 0.2 else ()
    unlike = (id_of(draw.randrange(count)),) if draw.random() < 0.2 else ()
    return Question(text, needs, members, exclude, unlike, across_fields=draw.choice([0.0, 0.3]))


def ranked_for(snapshot: Snapshot, question: Question) -> RankedCandidates | None:
    try:
        return recommender_of(0.5).rank(snapshot, question)
    except NothingToRecommend:
        return None


def score_all(
    snapshot: Snapshot, question: Question, monkeypatch: pytest.MonkeyPatch
) -> RankedCandidates | None:
    """The list that comes of scoring every organisation."""
    selected = stage._selected

    def everybody(understood: UnderstoodQuestion, groups: Rows, allowed: Mask | None) -> Rows:
        return selected(understood, np.unique(snapshot.corpus.group), allowed)

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_selected", everybody)
        ranked = ranked_for(snapshot, question)
    if ranked is not None:
        corpus, members = snapshot.corpus, ranked.scored.candidates.understood.members
        expected = selected(ranked.scored.candidates.understood, np.unique(corpus.group), None)
        assert ranked.scored.candidates.rows.tolist() == expected.tolist()
        assert not np.isin(members, expected).any()
    return ranked


def parts_by_row(ranked: RankedCandidates) -> dict[int, dict[str, float]]:
    """Of all on the list, by row."""
    rows = ranked.scored.candidates.rows
    return {
        int(rows[place]): {name: float(part[place]) for name, part in ranked.parts.items()}
        for place in ranked.order.tolist()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_candidates_are_scored_as_if_everybody_were(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever isn't a candidate would not be on the list."""
    snapshot = random_snapshot(seed, curves=bool(seed % 2))
    question = random_question(seed, len(snapshot.corpus))
    found = ranked_for(snapshot, question)
    exhaustive = score_all(snapshot, question, monkeypatch)
    if found is None or exhaustive is None:
        assert found is exhaustive
        return
    assert found.rows.tolist() == exhaustive.rows.tolist()
    assert len(found.scored.candidates.rows) <= len(exhaustive.scored.candidates.rows)
    expected = parts_by_row(exhaustive)
    for row, parts in parts_by_row(found).items():
        assert parts == pytest.approx(expected[row], abs=2e-6)


def test_the_random_corpora_are_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are long and short; not all are candidates; every part speaks somewhere."""
    spoken: set[str] = set()
    fewer = variants = listed = 0
    for seed in SEEDS:
        snapshot = random_snapshot(seed, curves=bool(seed % 2))
        question = random_question(seed, len(snapshot.corpus))
        found = ranked_for(snapshot, question)
        exhaustive = score_all(snapshot, question, monkeypatch)
        if found is None or exhaustive is None:
            continue
        fewer += len(found.scored.candidates.rows) < len(exhaustive.scored.candidates.rows)
        variants += bool(len(snapshot.corpus.variants.nonempty()))
        listed += len(found.order) > 1
        spoken |= {name for name, part in found.parts.items() if part.any()}
    assert spoken == {
        "text",
        "fit",
        "coverage",
        "collaboration",
        "affiliation",
        "mention",
        "reciprocity",
        "complement",
        "similarity",
    }
    assert fewer > 15 and variants > 15 and listed > 30


def scored_for(snapshot: Snapshot, question: Question) -> ScoredCandidates:
    return score(retrieve(understand(snapshot, NO_STORE, question)), snapshot.models)


@pytest.mark.parametrize("seed", SEEDS)
def test_filters_change_no_score_of_those_who_pass(seed: int) -> None:
    snapshot = random_snapshot(seed, curves=bool(seed % 2))
    question = random_question(seed, len(snapshot.corpus))
    filtered = replace(question, filters=Filters(countries=("BE", "NL")))
    try:
        whole, some = scored_for(snapshot, question), scored_for(snapshot, filtered)
    except NothingToRecommend:
        return
    corpus = snapshot.corpus
    passing = {
        row: place
        for place, row in enumerate(whole.candidates.rows.tolist())
        if corpus.organisation(row).place.country in ("BE", "NL")
    }
    places = {row: place for place, row in enumerate(some.candidates.rows.tolist())}
    assert whole.parts.keys() == some.parts.keys()
    assert passing.keys() <= places.keys()
    for row, place in passing.items():
        assert some.scores[places[row]] == pytest.approx(whole.scores[place], abs=1e-9)
        for name, part in whole.parts.items():
            assert some.parts[name][places[row]] == pytest.approx(part[place], abs=1e-9)
    if whole.candidates.voted.surest is not None:
        assert some.candidates.voted.surest == pytest.approx(whole.candidates.voted.surest)


def text_relevance(snapshot: Snapshot, understood: UnderstoodQuestion) -> dict[int, float]:
    """By group, straight from the definition: votes of all facets of each view."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    shares = {view.name: Weights().of_view(view.name) for view in encoder.views}
    votes = {
        view.name: votes_of_view(snapshot, understood, number)
        for number, view in enumerate(encoder.views)
    }
    evidence = corpus.of_kind(FacetKind.EVIDENCE)
    worth = worth_by_group(snapshot, understood, votes, shares)
    total = 0.0
    relevance: dict[int, float] = {}
    for name, by_facet in votes.items():
        if not by_facet:
            continue
        past: dict[int, float] = {}
        best: dict[int, float] = {}
        for facet, vote in by_facet.items():
            for group in owners_of(corpus, facet):
                if evidence[facet]:
                    past[group] = past.get(group, 0.0) + vote
                else:
                    best[group] = max(best.get(group, 0.0), vote)
        if corpus.evidence_count >= HOUSE_PROJECTS:
            total_votes = sum(vote for facet, vote in by_facet.items() if evidence[facet])
            for group in past:
                in_all = float(corpus.experience_of(np.array([group]))[0]) / corpus.evidence_count
                if in_all > HOUSE_SHARE:
                    past[group] = max(past[group] - in_all * total_votes, 0.0)
        groups = past.keys() | best.keys()
        strongest = max(
            MIN_VOTES, *(past.get(group, 0.0) + best.get(group, 0.0) for group in groups)
        )
        share = snapshot.models.weights.of_view(name) * understood.view_coverage[name]
        total += share
        for group in groups:
            spoken = past.get(group, 0.0) * worth.get(group, 1.0) + best.get(group, 0.0)
            relevance[group] = relevance.get(group, 0.0) + share * spoken / strongest
    return {group: value / total for group, value in relevance.items()}


def votes_of_view(
    snapshot: Snapshot, understood: UnderstoodQuestion, number: int
) -> dict[int, float]:
    """By row of the facet; in a small corpus none is too far down the list of neighbours."""
    encoder, corpus = snapshot.generation.encoder, snapshot.corpus
    query = project_onto_view(understood.vector[None, :], encoder.views[number])[0]
    found = {}
    for facet, number_of in enumerate(corpus.facet_ids.whole().tolist()):
        stored = snapshot.index.rows(np.array([number_of]))[0]
        similarity = min(float(query @ stored) * math.sqrt(len(encoder.views)), 1.0)
        if corpus.are_offers_or_evidence()[facet] and similarity >= MIN_SIMILARITY:
            found[facet] = similarity**2
    return found


def owners_of(corpus: Corpus, facet: int) -> Sequence[int]:
    rows: list[int] = corpus.group[corpus.owners.at(facet)].tolist()
    return rows


def worth_by_group(
    snapshot: Snapshot,
    understood: UnderstoodQuestion,
    votes: dict[str, dict[int, float]],
    shipped: dict[str, float],
) -> dict[int, float]:
    """What votes of past projects are worth by group, by the curve of the record that is shown."""
    corpus, curves = snapshot.corpus, snapshot.models.votes
    if curves is None:
        return {}
    evidence = corpus.of_kind(FacetKind.EVIDENCE)
    got: dict[int, float] = {}
    total = 0.0
    for name, by_facet in votes.items():
        past = {facet: vote for facet, vote in by_facet.items() if evidence[facet]}
        if not past:
            continue
        share = shipped[name] * understood.view_coverage[name]
        total += share
        for facet, vote in past.items():
            for group in owners_of(corpus, facet):
                got[group] = got.get(group, 0.0) + share * vote / sum(past.values())
    worth = {}
    for group, value in got.items():
        key = corpus.organisation(int(corpus.representative[group])).key
        x = math.log(value / total + SMALL)
        own = curves.for_keys(np.array([key])).own[0]
        chances = [
            1 / (1 + math.exp(-(intercept + slope * x)))
            for intercept, slope in (own, curves.common)
        ]
        worth[group] = min(chances[0] / chances[1], 1.0)
    return worth


@pytest.mark.parametrize("seed", SEEDS)
def test_text_relevance_is_what_its_definition_says(seed: int) -> None:
    snapshot = random_snapshot(seed, curves=bool(seed % 2))
    text = words_of(random.Random(seed))
    scored = scored_for(snapshot, Question(text))
    relevance = text_relevance(snapshot, scored.candidates.understood)
    total = sum(
        getattr(snapshot.models.weights, name)
        * (
            snapshot.models.weights.likely_partners
            if name in ("collaboration", "affiliation")
            else 1.0
        )
        for name in ("text", *scored.features.values)
    )
    share = snapshot.models.weights.text / total
    expected = {group: share * value for group, value in relevance.items()}
    part = scored.parts.get("text", np.zeros(0))
    found = dict(zip(scored.candidates.groups.tolist(), part.tolist(), strict=True))
    assert found == pytest.approx(expected, abs=1e-6)
