"""Insights over the whole corpus, cached."""

from __future__ import annotations

from dataclasses import replace

from embeddings.subjects import Subjects
from matcher.arrays import Mask
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import subjects_in
from matcher.insights.overlaps import Overlaps, overlaps
from matcher.insights.scope import Scope
from matcher.insights.strengths import Strengths, strengths
from matcher.insights.unrealised_matches import UnrealisedMatches, unrealised_matches


class InsightService:
    """Insights at the present corpus version. Safe to share between threads."""

    def __init__(self, corpus_provider: CorpusProvider, cache: AnswerCache) -> None:
        self.corpus_provider = corpus_provider
        self.store = corpus_provider.store
        self.cache = cache

    def overlaps(self, scope: Scope, limit: int, *, open_only: bool = False) -> Overlaps:
        """Return pairs of initiatives that want the same with other members."""
        snapshot = self.corpus_provider.snapshot()
        answer, cached = self.cache.get_or_compute(
            "overlaps",
            snapshot,
            (scope, limit, open_only),
            Overlaps,
            lambda: overlaps(
                snapshot, self.store, _inside(snapshot, scope), limit, open_only=open_only
            ),
        )
        return replace(answer, cached=cached)

    def cached_overlaps(self, scope: Scope, limit: int) -> Overlaps | None:
        """Return the overlaps of all initiatives if they are in the cache."""
        snapshot = self.corpus_provider.snapshot()
        answer = self.cache.peek("overlaps", snapshot, (scope, limit, False), Overlaps)
        return answer and replace(answer, cached=True)

    def unrealised_matches(self, scope: Scope, limit: int) -> UnrealisedMatches:
        """Return pairs of organisations that fit and never worked together."""
        snapshot = self.corpus_provider.snapshot()
        answer, cached = self.cache.get_or_compute(
            "unrealised_matches",
            snapshot,
            (scope, limit),
            UnrealisedMatches,
            lambda: unrealised_matches(snapshot, self.store, _inside(snapshot, scope), limit),
        )
        return replace(answer, cached=cached)

    def cached_unrealised_matches(self, scope: Scope, limit: int) -> UnrealisedMatches | None:
        """Return the unrealised matches if they are in the cache."""
        snapshot = self.corpus_provider.snapshot()
        answer = self.cache.peek("unrealised_matches", snapshot, (scope, limit), UnrealisedMatches)
        return answer and replace(answer, cached=True)

    def strengths(self, region: str) -> Strengths:
        """Return the strengths map of a region; of the whole corpus for an empty one."""
        snapshot = self.corpus_provider.snapshot()
        answer, cached = self.cache.get_or_compute(
            "strengths", snapshot, region, Strengths, lambda: strengths(snapshot, region)
        )
        return replace(answer, cached=cached)

    def subjects(self) -> Subjects:
        """Return the domains and challenges that are told apart."""
        return subjects_in(self.corpus_provider.snapshot())


def _inside(snapshot: Snapshot, scope: Scope) -> Mask:
    return scope.of(snapshot, [domain.id for domain in subjects_in(snapshot).domains])
