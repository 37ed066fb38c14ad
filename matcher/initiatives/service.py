"""Answers about initiatives, cached like match lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.provider import CorpusProvider
from matcher.domain import Filters, Need, Question
from matcher.initiatives.actions import check_initiative_size, question_of, required
from matcher.initiatives.advice import FIRST, Advice, advice
from matcher.initiatives.context import InitiativeAnswer, InitiativeContext, initiative_context
from matcher.initiatives.coverage_matrix import CoverageMatrix, coverage_matrix
from matcher.initiatives.gaps import GapReport, gap_report
from matcher.initiatives.roadmap import Roadmap, roadmap
from matcher.initiatives.team import form_team
from matcher.initiatives.team_report import TeamAnswer
from matcher.initiatives.team_request import TeamRequest
from matcher.matching.answer import Answer as MatchAnswer
from matcher.matching.question import check_size, present_ids
from matcher.matching.service import Recommender
from matcher.needs.resolve import read_brief

Answer = TypeVar("Answer", bound=InitiativeAnswer | Advice)


class InitiativeService:
    """Answers about initiatives at the present corpus version. Safe to share between threads.

    All that take the id of an initiative raise NoSuchInitiative, QuestionError where the initiative
    is larger than a question may be, and DeadlineExceeded.
    """

    def __init__(
        self, corpus_provider: CorpusProvider, cache: AnswerCache, recommender: Recommender
    ) -> None:
        self.corpus_provider = corpus_provider
        self.store = corpus_provider.store
        self.cache = cache
        self.recommender = recommender

    def read_needs(self, brief: str) -> list[Need]:
        """Split a brief into needs, to be edited and asked for. Raises QuestionError."""
        check_size(brief, (), (), self.recommender.limits)
        return read_brief(self.corpus_provider.snapshot(), brief)

    def matches(self, initiative_id: str, changed: Callable[[Question], Question]) -> MatchAnswer:
        """Return the match list of an initiative; `changed` sets dials, filters and the page."""
        initiative = required(self.store, initiative_id)
        return self.recommender.recommend(changed(question_of(initiative)))

    def gaps(self, initiative_id: str) -> GapReport:
        """Return the gap report of an initiative."""
        return self._answer(
            "gaps", initiative_id, None, GapReport, lambda context: gap_report(self.store, context)
        )

    def coverage_matrix(self, initiative_id: str) -> CoverageMatrix:
        """Return the table of needs by members and candidates of an initiative."""
        return self._answer("coverage_matrix", initiative_id, None, CoverageMatrix, coverage_matrix)

    def roadmap(self, initiative_id: str) -> Roadmap:
        """Return the roadmap of an initiative."""
        return self._answer(
            "roadmap", initiative_id, None, Roadmap, lambda context: roadmap(self.store, context)
        )

    def form_team(self, initiative_id: str, request: TeamRequest) -> TeamAnswer:
        """Return teams for an initiative. Raises Infeasible and QuestionError."""
        corpus = self.corpus_provider.snapshot().corpus
        exclude = present_ids(self.store, corpus, "exclude", request.exclude)
        request = replace(request, exclude=exclude)

        def teams(context: InitiativeContext) -> TeamAnswer:
            return form_team(self.store, context, request)

        return self._answer("team", initiative_id, request, TeamAnswer, teams, request.filters)

    def advice(self, initiative_id: str, organisation_id: str, first: int = FIRST) -> Advice:
        """Say what would bring an organisation among the first. Raises IsMember, QuestionError."""

        def advised(context: InitiativeContext) -> Advice:
            corpus = context.snapshot.corpus
            [present] = present_ids(self.store, corpus, "organisation", (organisation_id,))
            return advice(self.recommender, context, corpus.row_of_id[present], first=first)

        return self._answer("advice", initiative_id, (organisation_id, first), Advice, advised)

    def _answer(
        self,
        kind: str,
        initiative_id: str,
        asked: object,
        answer_type: type[Answer],
        compute: Callable[[InitiativeContext], Answer],
        filters: Filters | None = None,
    ) -> Answer:
        """Answer from the cache, or compute; `asked` is what the answer depends on besides."""
        initiative = required(self.store, initiative_id)
        snapshot = self.corpus_provider.snapshot()
        limits = self.recommender.limits
        check_initiative_size(initiative, limits)
        question = (initiative, asked, self.recommender.long_tail_share)

        def computed() -> Answer:
            deadline = limits.deadline()  # only from now on: before, it may wait for others
            context = initiative_context(snapshot, self.store, initiative, filters, deadline)
            deadline.check()
            return compute(context)

        answer, cached = self.cache.get_or_compute(kind, snapshot, question, answer_type, computed)
        return replace(answer, cached=cached)
