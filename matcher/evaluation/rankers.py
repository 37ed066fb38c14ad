"""How organisations are ranked for a query: a list of ids, by the recommender itself."""

from __future__ import annotations

from collections.abc import Callable

from matcher.corpus.snapshot import Snapshot
from matcher.domain import Question
from matcher.evaluation.figures import RankedList
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
