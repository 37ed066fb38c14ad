"""Ways to rank the organisations for a query: the recommender itself, and simple baselines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Question
from matcher.evaluation.figures import RankedList, projects_of
from matcher.evaluation.queries import Query
from matcher.matching.service import Recommender
from matcher.matching.understand import NothingToRecommend
from matcher.parameters import COMPLEMENT_DIAL

DEPTH = 100
Ranker = Callable[[Query], RankedList]


def recommender_ranker(
    recommender: Recommender, snapshot: Snapshot, complement: float = COMPLEMENT_DIAL
) -> Ranker:
    """Rank by the pipeline, without reasons."""

    def rank(query: Query) -> RankedList:
        question = Question(text=query.text, members=query.given, complement=complement)
        try:
            ranked = recommender.rank(snapshot, question)
        except NothingToRecommend:
            return RankedList(())
        places = ranked.order[:DEPTH]
        rows = ranked.scored.candidates.rows[places]
        probability = ranked.scored.probability
        return RankedList(
            tuple(snapshot.corpus.ids[row] for row in rows.tolist()),
            None if probability is None else tuple(probability[places].round(3).tolist()),
        )

    return rank


def popularity_ranker(snapshot: Snapshot) -> Ranker:
    """Rank by the number of past projects: what costs nothing."""
    counts, shown = projects_of(snapshot.corpus), _shown(snapshot)
    order = sorted(shown, key=lambda organisation_id: -counts[organisation_id])
    return lambda query: RankedList(tuple(one for one in order if one not in query.given)[:DEPTH])


def mean_vector_ranker(snapshot: Snapshot) -> Ranker:
    """Rank by the cosine with a mean vector an organisation: what many would try first."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    evidence = corpus.facet_ids[corpus.of_kind(FacetKind.EVIDENCE)]
    vectors = np.zeros((corpus.facet_total, encoder.dim), dtype=np.float32)
    rows = corpus.facet_rows(evidence)
    vectors[rows] = snapshot.index.rows(evidence)
    means = np.zeros((len(corpus), encoder.dim), dtype=np.float32)
    owners, facets = corpus.owners.whole()
    np.add.at(means, corpus.representative[owners], vectors[facets])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    shown = frozenset(_shown(snapshot))

    def rank(query: Query) -> RankedList:
        scores = means @ encoder.encode([query.text])[0]
        order = (corpus.ids[row] for row in np.argsort(-scores, kind="stable"))
        listed = [one for one in order if one in shown and one not in query.given]
        return RankedList(tuple(listed[:DEPTH]))

    return rank


def _shown(snapshot: Snapshot) -> list[str]:
    corpus = snapshot.corpus
    return [
        corpus.ids[row] for row in corpus.all_rows.tolist() if corpus.representative[row] == row
    ]
