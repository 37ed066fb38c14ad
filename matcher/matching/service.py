"""The recommender: a question through the five stages, cached."""

from __future__ import annotations

import time
from dataclasses import replace

from matcher import metrics
from matcher.arrays import Rows
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.snapshot import Snapshot
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.domain import Question
from matcher.matching.answer import Answer, Reason, notice
from matcher.matching.explain import explain, nothing_found
from matcher.matching.question import DEFAULT_LIMITS, QuestionLimits, is_light, validate
from matcher.matching.rerank import RankedCandidates, rerank
from matcher.matching.retrieve import retrieve
from matcher.matching.score import score
from matcher.matching.suggest import suggested_filters
from matcher.matching.understand import NothingToRecommend, left_out_of, understand
from matcher.store import Store


class Recommender:
    """Answers questions over the present corpus. Safe to share between threads."""

    def __init__(
        self,
        corpus_provider: CorpusProvider,
        answers: AnswerCache,
        long_tail_share: float = 0.5,
        limits: QuestionLimits = DEFAULT_LIMITS,
    ) -> None:
        """Take corpus, cache of answers, and the share of later places for the long tail.

        `limits` hold for what is asked by `recommend`.
        """
        self.corpus_provider = corpus_provider
        self.answers = answers
        self.long_tail_share = long_tail_share
        self.limits = limits

    @property
    def store(self) -> Store:
        """The store that facets are quoted from."""
        return self.corpus_provider.store

    def recommend(self, question: Question) -> Answer:
        """Answer a question. Raises QuestionError for what can't be asked, and DeadlineExceeded."""
        start = time.perf_counter()
        snapshot = self.corpus_provider.snapshot()
        question = validate(self.store, snapshot.corpus, question, self.limits)
        answer, cached = self.answers.get_or_compute(
            "recommend",
            snapshot,
            [question, self.long_tail_share],
            Answer,
            lambda: self.answer(snapshot, question, self.limits.deadline()),
            light=is_light(question),
        )
        took = round((time.perf_counter() - start) * 1000, 2)
        return replace(answer, cached=cached, took_ms=took)

    def answer(
        self, snapshot: Snapshot, question: Question, deadline: Deadline = NO_DEADLINE
    ) -> Answer:
        """Answer a question that was validated, over a snapshot; nothing is cached.

        Raises DeadlineExceeded.
        """
        count = snapshot.incomplete_count
        try:
            ranked = self.rank(snapshot, question, deadline=deadline)
        except NothingToRecommend as nothing:
            answer = nothing_found(snapshot, [nothing.code])
        else:
            with metrics.stage("explain"):
                answer = explain(self.store, ranked)
        answer = replace(
            answer,
            left_out=left_out_of(question),
            suggested_filters=suggested_filters(question),
        )
        if snapshot.is_incomplete_since(count):
            answer = replace(answer, notices=(*answer.notices, notice("model_away")))
        return answer

    def rank(
        self, snapshot: Snapshot, question: Question, *, deadline: Deadline = NO_DEADLINE
    ) -> RankedCandidates:
        """Return the candidates of a question in order, without reasons.

        Raises NothingToRecommend where the list is empty whatever is scored, and
        DeadlineExceeded.
        """
        deadline.check()
        with metrics.stage("understand"):
            understood = understand(snapshot, self.store, question, deadline=deadline)
        deadline.check()
        with metrics.stage("retrieve"):
            candidates = retrieve(understood)
        deadline.check()
        with metrics.stage("score"):
            scored = score(candidates, snapshot.models)
        deadline.check()
        with metrics.stage("rerank"):
            return rerank(scored, self.long_tail_share)

    def ranked_rows(
        self, snapshot: Snapshot, question: Question, deadline: Deadline = NO_DEADLINE
    ) -> Rows:
        """Return the rows of the organisations on the list, best first. Raises DeadlineExceeded."""
        try:
            return self.rank(snapshot, question, deadline=deadline).rows
        except NothingToRecommend:
            return snapshot.corpus.rows(())

    def reasons_for(self, ranked: RankedCandidates, place: int) -> tuple[Reason, ...]:
        """Return why the organisation in a place of the list, from 0, is on it."""
        question = ranked.scored.candidates.understood.question
        page = replace(question, offset=place, limit=1)
        return explain(self.store, ranked.for_page(page)).results[0].reasons
