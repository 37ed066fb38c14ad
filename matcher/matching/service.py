"""The recommender: a question in, ranked organisations with parts and reasons out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Floats, Mask, Rows
from matcher.cache import Cache
from matcher.corpus.answer_cache import cached
from matcher.corpus.columns import Corpus
from matcher.corpus.filters import allowed_organisations, facets_of
from matcher.corpus.snapshot import CorpusProvider, Snapshot
from matcher.domain import Question
from matcher.evaluation.weight_search import GRID
from matcher.matching.explain import Ground, reasons_for
from matcher.matching.listing import (
    empty,
    kin_json,
    mix_json,
    needs_taken,
    not_understood,
    notice,
    result_json,
    why_nothing,
)
from matcher.matching.long_tail import less_known, with_places_kept
from matcher.matching.reciprocity import reciprocity_of
from matcher.matching.retrieve import RetrievalResult, listen, vector_of
from matcher.matching.score import Weighed, weigh
from matcher.matching.scoring import Weights, rank
from matcher.matching.validation import checked
from matcher.models.score_calibration import probabilities
from matcher.needs.comparison import offer_facets
from matcher.needs.resolve import ResolvedNeeds, resolve_needs
from matcher.settings import Settings
from matcher.store import Revision

TEXT_ONLY = "text only"
HALF_GIVEN = "half of the members given"
"""The two ways to ask that are calibrated: without and with members."""
MAX_TEXT_LENGTH = 20_000
MAX_NEEDS = 50
MAX_MEMBERS = 500
MAX_MATCHES = 200
FURTHER = 0.15
"""So much further apart are the fields that serve an exploratory initiative best."""


class Stopwatch:
    """Adds up the seconds that each named step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block under `name`."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """What a question came to: what was heard and needed, and everybody weighed and ranked."""

    heard: RetrievalResult | None
    needed: ResolvedNeeds | None
    members: Rows
    weighed: Weighed
    order: Rows
    """Rows of all that may be in the list, best first."""
    moved: Rows
    """Those of them that come earlier than by their score, on places kept for the less known."""


class Recommender:
    """Answers questions over the live corpus. Safe to share between threads."""

    def __init__(
        self,
        corpus_provider: CorpusProvider,
        cache: Cache,
        ttl: int = 3600,
        *,
        weights: Weights | None = None,
        popularity: float = 0.0,
        less_known_share: float = 0.5,
        field_distance: float = 0.5,
    ) -> None:
        """Take fixed `weights`, or go by those of each generation.

        `popularity`, the share of later places kept for the less known, and `field_distance`, the
        distance between fields that serves best, are from 0 to 1.
        """
        self.corpus_provider = corpus_provider
        self.cache = cache
        self.ttl = ttl
        self.weights = weights
        self.popularity = popularity
        self.less_known_share = less_known_share
        self.field_distance = field_distance

    @classmethod
    def by(
        cls,
        settings: Settings,
        corpus_provider: CorpusProvider,
        cache: Cache,
        *,
        weights: Weights | None = None,
    ) -> Recommender:
        """Return one that goes by the settings."""
        return cls(
            corpus_provider,
            cache,
            settings.cache_ttl,
            weights=weights,
            popularity=settings.popularity,
            less_known_share=settings.less_known,
            field_distance=settings.field_distance,
        )

    def recommend(self, question: Question) -> dict[str, Any]:
        """Answer a question; the result is JSON. Raises QuestionError for unknown ids."""
        start = time.perf_counter()
        snapshot = self.corpus_provider.snapshot()
        question = checked(self.corpus_provider.store, snapshot.corpus, question)
        model = snapshot.generation.model
        key = question_key(
            question,
            snapshot.revision,
            model,
            self.ways(snapshot),
            snapshot.generation.ranking,
        )
        body, kept = cached(
            self.cache,
            snapshot,
            key,
            lambda: self.compute(snapshot, question, Stopwatch()),
            self.ttl,
        )
        took = round((time.perf_counter() - start) * 1000, 2)
        head = {"corpus_version": snapshot.version, "model": model, "cached": kept}
        return {**head, "took_ms": took, **body}

    def compute(self, snapshot: Snapshot, question: Question, watch: Stopwatch) -> dict[str, Any]:
        """Compute the part of an answer that is cached."""
        missed = snapshot.missed
        found = self.consider(snapshot, question, watch)
        away = [notice("model_away")] if snapshot.lacks(missed) else []
        if isinstance(found, str):
            return empty([notice(found), *away])
        corpus, weighed, members = snapshot.corpus, found.weighed, found.members
        page = found.order[question.offset : question.offset + question.limit]
        with watch.step("reasons"), self.corpus_provider.store.reading() as session:
            ground = Ground(
                snapshot,
                found.heard,
                found.needed,
                weighed.coverage,
                weighed.network,
                self.weights_for(snapshot),
            )
            reasons = reasons_for(session, ground, page)
            back = reciprocity_of(session, snapshot, page, members)
        results = [
            one
            | {
                "kin": kin_json(corpus, int(row), weighed.kin_of),
                "reasons": reasons[int(row)],
                "offered_back": back[int(row)],
            }
            for row, one in zip(page, self._results(snapshot, question, found), strict=True)
        ]
        nothing = [] if len(found.order) else [notice(why_nothing(found.heard, members))]
        return {
            "total": len(found.order),
            "notices": [*nothing, *away],
            "not_understood": not_understood(found.heard, found.needed),
            "needs": needs_taken(
                corpus, weighed.coverage, found.needed, members, page, question.offset
            ),
            "partner_mix": {
                "members": mix_json(corpus, corpus.rows(question.members)),
                "results": mix_json(corpus, page),
            },
            "results": results,
        }

    def ranked(self, snapshot: Snapshot, question: Question) -> list[dict[str, Any]]:
        """Return the results of an answer without their reasons, for measuring."""
        found = self.consider(snapshot, question, Stopwatch())
        return [] if isinstance(found, str) else self._results(snapshot, question, found)

    def _results(
        self, snapshot: Snapshot, question: Question, found: Considered
    ) -> list[dict[str, Any]]:
        weighed, members = found.weighed, found.members
        probability = self._chances(snapshot, found)
        page = found.order[question.offset : question.offset + question.limit]
        return [
            result_json(snapshot, place, int(row), weighed, members, probability)
            | {"place_kept": int(row) in found.moved}
            for place, row in enumerate(page, start=question.offset + 1)
        ]

    def consider(
        self, snapshot: Snapshot, question: Question, watch: Stopwatch
    ) -> Considered | str:
        """Weigh and rank all organisations; or return the code of the notice why it can't."""
        corpus, weights = snapshot.corpus, self.weights_for(snapshot)
        if not len(corpus):
            return "nobody_yet"
        members = corpus.with_variants(corpus.rows(question.members))
        with watch.step("encode"):
            needed = self._needed(snapshot, question, members)
            vector = vector_of(snapshot, question.text)
        if not (len(members) or vector.any() or (needed and needed.vectors.any())):
            return "nothing_usable"
        with watch.step("filter"):
            allowed = allowed_organisations(corpus, question.filters)
            candidates = candidates_of(corpus, question, members, allowed)
            if not candidates.any():
                return "nothing_allowed"
            searchable = searchable_facets(corpus, allowed)
            everything = None if allowed.all() else corpus.facet_ids[offer_facets(corpus)]
        with watch.step("search"):
            text = question.text.strip()
            heard = None
            if text:
                heard = listen(snapshot, text, vector, searchable, weights, everything)
        with watch.step("score"):
            optimum = self.field_distance + (FURTHER if question.exploratory else 0.0)
            weighed = weigh(snapshot, question, heard, needed, members, weights, min(optimum, 1.0))
            order = rank(weighed.total, candidates & (weighed.spoken_for > 0))
            few = less_known(corpus.shared(corpus.experience))
            order, moved = with_places_kept(order, few, self.less_known_share)
        return Considered(heard, needed, members, weighed, order, moved)

    def _chances(self, snapshot: Snapshot, found: Considered) -> Floats | None:
        if self.weights is not None:
            return None
        calibrated = snapshot.generation.ranking.get("calibration", {})
        mode = HALF_GIVEN if len(found.members) else TEXT_ONLY
        surest = found.heard.surest if found.heard else None
        return probabilities(found.weighed.fit, surest, calibrated.get(mode, {}))

    def _needed(
        self, snapshot: Snapshot, question: Question, members: Rows
    ) -> ResolvedNeeds | None:
        """Return what is needed where needs or members are given; None for a text alone."""
        if not question.needs and not len(members):
            return None
        return resolve_needs(
            snapshot, self.corpus_provider.store, question.needs, question.text, members
        )

    def weights_for(self, snapshot: Snapshot) -> Weights:
        """Return the weights given, or else those trained on this corpus, or the shipped ones."""
        if self.weights is not None:
            return self.weights
        weights = trained_weights(snapshot.generation.ranking) or Weights()
        return replace(weights, prior=self.popularity)

    def ways(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return what answers depend on besides question and corpus: weights and settings."""
        weights = asdict(self.weights_for(snapshot))
        return {
            **weights,
            "less_known": self.less_known_share,
            "field_distance": self.field_distance,
        }


def trained_weights(ranking: Mapping[str, Any], which: str = "weights") -> Weights | None:
    """Return weights that were kept with a generation; None where nothing was learned."""
    learned = ranking.get(which)
    if not isinstance(learned, dict):
        return None
    known = {one.name for one in fields(Weights)}
    chosen: dict[str, Any] = {name: value for name, value in learned.items() if name in known}
    # A part that came after they were learned doesn't count until it is learned, too.
    return Weights(**{**dict.fromkeys(GRID, 0.0), **chosen})


def shown_of(corpus: Corpus, candidates: Mask) -> Mask:
    """Return which candidates (n,) are shown: one of the name variants of an organisation.

    Usually the most experienced one; where filters leave that out, another.
    """
    shown: Mask = corpus.shown == np.arange(len(corpus))
    for row in np.flatnonzero(candidates & ~shown):
        others = corpus.variants_of(int(row))
        if not candidates[others].any() or (
            not candidates[corpus.shown[row]] and row < min(o for o in others if candidates[o])
        ):
            shown[row] = True
    return shown


def candidates_of(corpus: Corpus, question: Question, members: Rows, allowed: Mask) -> Mask:
    """Return who may be in the list (n,): no members, nobody excluded, no competitor of a member.

    Of name variants one is shown.
    """
    candidates = allowed.copy()
    candidates[members] = False
    left_out = corpus.rows((*question.exclude, *question.unlike))
    candidates[corpus.with_variants(left_out)] = False
    candidates[corpus.with_variants(corpus.rivals_of(members))] = False
    return candidates & shown_of(corpus, candidates)


def question_key(
    question: Question,
    point: Revision,
    model: str,
    ways: Mapping[str, Any],
    ranking: Mapping[str, Any] | None = None,
) -> str:
    """Return the cache key: equal only for equal questions on the same corpus and model.

    `ways` are weights and settings.

    The day counts, since offers can expire.
    """
    learned = (ranking or {}).get("calibration")
    today = date.today().isoformat()
    asked = [asdict(question), ways, point, model, today, learned]
    canonical = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
    return "recommend:" + hashlib.sha256(canonical.encode()).hexdigest()


def searchable_facets(corpus: Corpus, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the ids of valid offers and evidence of the organisations allowed."""
    usable = offer_facets(corpus)
    if not allowed.all():
        usable &= facets_of(corpus, allowed)
    return corpus.facet_ids[usable]
