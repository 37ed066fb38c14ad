"""What can be asked about initiatives and about the whole corpus, cached like match lists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from matcher.cache import Cache
from matcher.corpus.answer_cache import cached
from matcher.corpus.snapshot import CorpusProvider, Snapshot
from matcher.domain import Need, Question
from matcher.initiatives.actions import question_of, required
from matcher.initiatives.advice import FIRST, advice
from matcher.initiatives.context import InitiativeContext, initiative_context
from matcher.initiatives.coverage_matrix import coverage_matrix
from matcher.initiatives.gaps import gap_report, roadmap
from matcher.initiatives.team import TeamRequest, form_team
from matcher.matching.service import Recommender
from matcher.matching.validation import ids_of_today
from matcher.needs.resolve import read_brief

Body = dict[str, Any]


class Answers:
    """Answers over the live corpus. Safe to share between threads.

    Those about an initiative raise NoSuchInitiative; all are JSON, true of `corpus_version`.
    """

    def __init__(
        self, corpus_provider: CorpusProvider, cache: Cache, recommender: Recommender, ttl: int
    ) -> None:
        self.corpus_provider = corpus_provider
        self.cache = cache
        self.recommender = recommender
        self.ttl = ttl

    def needs(self, brief: str) -> list[Need]:
        """Split a brief into needs, to be edited and asked for."""
        return read_brief(self.corpus_provider.snapshot(), brief)

    def matches(self, initiative_id: str, changed: Callable[[Question], Question]) -> Body:
        """Return the match list of an initiative; `changed` sets dials, filters and the page."""
        initiative = required(self.corpus_provider.store, initiative_id)
        return self.recommender.recommend(changed(question_of(initiative)))

    def gaps(self, initiative_id: str) -> Body:
        """Return the gap report of an initiative."""
        return self._about(
            "gaps", initiative_id, {}, lambda one: gap_report(self.corpus_provider.store, one)
        )

    def coverage_matrix(self, initiative_id: str) -> Body:
        """Return the table of needs by members and candidates of an initiative."""
        return self._about("coverage_matrix", initiative_id, {}, coverage_matrix)

    def roadmap(self, initiative_id: str) -> Body:
        """Return the roadmap of an initiative."""
        return self._about(
            "roadmap", initiative_id, {}, lambda one: roadmap(self.corpus_provider.store, one)
        )

    def form_team(self, initiative_id: str, wanted: TeamRequest) -> Body:
        """Return teams for an initiative. Raises lineup.Infeasible and QuestionError."""
        corpus = self.corpus_provider.snapshot().corpus
        exclude = ids_of_today(self.corpus_provider.store, corpus, "exclude", wanted.exclude)
        wanted = replace(wanted, exclude=exclude)

        def teams(context: InitiativeContext) -> Body:
            weights = self.recommender.weights_for(context.snapshot)
            return form_team(self.corpus_provider.store, context, wanted, weights)

        return self._about("line-up", initiative_id, asdict(wanted), teams, wanted)

    def advice(self, initiative_id: str, organisation_id: str, first: int = FIRST) -> Body:
        """Say what would bring an organisation among the first. Raises IsMember, QuestionError."""

        def advised(context: InitiativeContext) -> Body:
            corpus = context.snapshot.corpus
            named = ids_of_today(
                self.corpus_provider.store, corpus, "organisation", (organisation_id,)
            )
            return advice(self.recommender, context, corpus.row_of_id[named[0]], first=first)

        asked = {"organisation": organisation_id, "first": first}
        return self._about("advice", initiative_id, asked, advised)

    def _about(
        self,
        kind: str,
        initiative_id: str,
        asked: Body,
        compute: Callable[[InitiativeContext], Body],
        wanted: TeamRequest | None = None,
    ) -> Body:
        initiative = required(self.corpus_provider.store, initiative_id)
        filters = wanted.filters if wanted else None

        def answer(snapshot: Snapshot) -> Body:
            return compute(
                initiative_context(snapshot, self.corpus_provider.store, initiative, filters)
            )

        return self._cached(kind, {**asked, "initiative": asdict(initiative)}, answer)

    def _cached(self, kind: str, asked: Body, compute: Callable[[Snapshot], Body]) -> Body:
        """Answer from the cache, or compute."""
        snapshot = self.corpus_provider.snapshot()
        key = self._key(snapshot, kind, asked)
        body, kept = cached(self.cache, snapshot, key, lambda: compute(snapshot), self.ttl)
        return {**body, "cached": kept}

    def _key(self, snapshot: Snapshot, kind: str, asked: Body) -> str:
        """Return what an answer is kept under: the day counts, since offers can expire."""
        ways = self.recommender.ways(snapshot)
        today = date.today().isoformat()
        about = [asked, ways, snapshot.revision, snapshot.generation.name, today]
        text = json.dumps(about, sort_keys=True, default=str)
        return f"{kind}:" + hashlib.sha256(text.encode()).hexdigest()
