"""The recommender: a question in, ranked organisations with parts and reasons out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.port import understood
from matcher.cache import Cache
from matcher.domain import FacetKind, Question
from matcher.ranking.arrays import Floats, Mask, Rows
from matcher.ranking.corpus import Corpus
from matcher.ranking.filters import allowed_organisations, facets_of
from matcher.ranking.learning import chances
from matcher.ranking.scoring import (
    Weights,
    network_strength,
    popularity,
    rank,
    saturate,
    score_parts,
)
from matcher.services.hearing import Heard, headings_of, listen, text_parts
from matcher.services.live import Live, Snapshot
from matcher.services.reasons import Ground, reasons_for

TEXT_ONLY = "text only"
HALF_GIVEN = "half of the members given"
"""The two ways to ask that are calibrated: without and with members."""
LONGEST_TEXT = 20_000
MOST_NEEDS = 50
MOST_MEMBERS = 500
SPEAKING = frozenset({"text", "needs", "network", "named"})
"""Parts that put an organisation in the list; the prior alone doesn't."""

NOTICES = {
    "nothing_usable": "Nothing in the question could be understood. Describe in a sentence or two "
    "what is to be done and what is needed: materials, techniques, products, markets.",
    "nothing_allowed": "No organisation passes the filters. Loosen or remove one of them.",
    "nothing_found": "No organisation that may be recommended comes near the question.",
}


class QuestionError(ValueError):
    """A question that can't be answered as it stands; `field` is what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


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


class Recommender:
    """Answers questions over the live corpus. Safe to share between threads."""

    def __init__(
        self,
        live: Live,
        cache: Cache,
        ttl: int = 3600,
        *,
        weights: Weights | None = None,
        popularity: float = 0.0,
    ) -> None:
        """Take fixed `weights`, or go by those of each generation; `popularity` is from 0 to 1."""
        self.live = live
        self.cache = cache
        self.ttl = ttl
        self.weights = weights
        self.popularity = popularity

    def recommend(self, question: Question) -> dict[str, Any]:
        """Answer a question; the result is JSON. Raises QuestionError for unknown ids."""
        start = time.perf_counter()
        snapshot = self.live.snapshot()
        check_question(snapshot.corpus, question)
        model = snapshot.generation.model
        key = question_key(
            question,
            snapshot.version,
            model,
            self.weights_for(snapshot),
            snapshot.generation.ranking,
        )
        body, cached = self.cache.get_or_compute(
            key, lambda: self.compute(snapshot, question, Stopwatch()), self.ttl
        )
        took = round((time.perf_counter() - start) * 1000, 2)
        head = {"corpus_version": snapshot.version, "model": model, "cached": cached}
        return {**head, "took_ms": took, **body}

    def compute(self, snapshot: Snapshot, question: Question, watch: Stopwatch) -> dict[str, Any]:
        """Compute the part of an answer that is cached."""
        corpus, weights = snapshot.corpus, self.weights_for(snapshot)
        with watch.step("encode"):
            headings = headings_of(question)
            vectors = snapshot.generation.encoder.encode([one.text for one in headings])
        members = corpus.with_variants(corpus.rows(question.members))
        if not understood(vectors).any() and not len(members):
            return _empty("nothing_usable")
        with watch.step("filter"):
            allowed = allowed_organisations(corpus, question.filters)
            candidates = allowed.copy()
            candidates[members] = False
            candidates[corpus.with_variants(corpus.rows(question.exclude))] = False
            candidates &= shown_of(corpus, candidates)
            if not candidates.any():
                return _empty("nothing_allowed")
            searchable = searchable_facets(corpus, allowed)
        with watch.step("search"):
            heard = listen(snapshot, headings, vectors, searchable, weights)
        with watch.step("score"):
            parts, facet_strength = parts_of(snapshot, heard, members, weights)
            scored = score_parts(parts, weights)
            total = sum(scored.values(), np.zeros(len(corpus)))
            spoken = sum((scored[name] for name in SPEAKING & scored.keys()), np.zeros(len(corpus)))
            order = rank(total, candidates & (spoken > 0))
            calibrated = snapshot.generation.ranking.get("calibration", {})
            mode = HALF_GIVEN if len(members) else TEXT_ONLY
            chance = chances(total, calibrated.get(mode, [])) if self.weights is None else None
        page = order[question.offset : question.offset + question.limit]
        with watch.step("reasons"), self.live.store.reading() as session:
            ground = Ground(snapshot, heard, members, facet_strength, weights)
            reasons = reasons_for(session, ground, page)
        results = [
            _result(corpus, place, row, scored, chance, reasons[int(row)])
            for place, row in enumerate(page, start=question.offset + 1)
        ]
        notices = [] if len(order) else [_notice(_why_nothing(heard, bool(len(members))))]
        return {
            "total": len(order),
            "notices": notices,
            "not_understood": [one.heading.text for one in heard if not one.understood],
            "results": results,
        }

    def weights_for(self, snapshot: Snapshot) -> Weights:
        """Return the weights given, or else those trained on this corpus, or the shipped ones."""
        if self.weights is not None:
            return self.weights
        weights = trained_weights(snapshot.generation.ranking) or Weights()
        return replace(weights, prior=self.popularity)


def trained_weights(ranking: Mapping[str, Any]) -> Weights | None:
    """Return the weights that were kept with a generation; None where nothing was learned."""
    learned = ranking.get("weights")
    if not isinstance(learned, dict):
        return None
    known = {one.name for one in fields(Weights)}
    chosen: dict[str, Any] = {name: value for name, value in learned.items() if name in known}
    return Weights(**chosen)


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


def parts_of(
    snapshot: Snapshot, heard: Sequence[Heard], members: Rows, weights: Weights
) -> tuple[dict[str, Floats], Floats | None]:
    """Return the parts that a question gives rise to, each (n,) from 0 to 1, unweighted.

    Beside them, what each facet (m,) gives to the network part; None without members.
    """
    parts = text_parts(snapshot, heard, weights)
    facet_strength = None
    if len(members):
        strength, facet_strength = network_strength(snapshot.corpus, members, weights)
        parts["network"] = saturate(strength, weights.half_network)
    if weights.prior > 0:
        parts["prior"] = popularity(snapshot.corpus)
    return parts, facet_strength


def _why_nothing(heard: Sequence[Heard], with_members: bool) -> str:
    """Say why a list is empty: no facet came near any of the texts, or nobody is left."""
    if not with_members and not any(
        len(votes.facet_rows) for one in heard for votes in one.by_view.values()
    ):
        return "nothing_usable"
    return "nothing_found"


def check_question(corpus: Corpus, question: Question) -> None:
    """Raise QuestionError when nothing is asked or an id isn't known."""
    if not question.text.strip() and not question.needs and not question.members:
        raise QuestionError("text", "Say what you look for: give text, needs or members.")
    for field, ids in (("members", question.members), ("exclude", question.exclude)):
        unknown = [one for one in ids if one not in corpus.row_of_id]
        if unknown:
            raise QuestionError(field, f"No organisation has the id {unknown[0]!r}.")


def question_key(
    question: Question,
    version: int,
    model: str,
    weights: Weights,
    ranking: Mapping[str, Any] | None = None,
) -> str:
    """Return the cache key: equal only for equal questions on the same corpus and model.

    The day counts, since offers can expire.
    """
    learned = (ranking or {}).get("calibration")
    today = date.today().isoformat()
    asked = [asdict(question), asdict(weights), version, model, today, learned]
    canonical = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
    return "recommend:" + hashlib.sha256(canonical.encode()).hexdigest()


def searchable_facets(corpus: Corpus, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the ids of valid offers and evidence of the organisations allowed."""
    usable = ~corpus.of_kind(FacetKind.NEED)
    usable &= corpus.facet_expiry >= date.today().toordinal()
    if not allowed.all():
        usable &= facets_of(corpus, allowed)
    return corpus.facet_ids[usable]


def _result(
    corpus: Corpus,
    place: int,
    row: np.int64,
    parts: dict[str, Floats],
    chance: Floats | None,
    reasons: list[dict[str, Any]],
) -> dict[str, Any]:
    record = corpus.organisations[int(row)]
    rounded = {name: round(float(values[row]), 6) for name, values in parts.items()}
    return {
        "rank": place,
        "organisation": {
            "id": record.id,
            "name": record.name,
            "type": record.type.value,
            "city": record.place.city,
            "country": record.place.country,
            "region": record.place.region,
            "latitude": record.place.latitude,
            "longitude": record.place.longitude,
            "sme": record.sme,
            "sectors": list(record.sectors),
        },
        "score": round(sum(rounded.values()), 6),
        "variants": [
            {"id": corpus.organisations[other].id, "name": corpus.organisations[other].name}
            for other in corpus.variants_of(int(row))
        ],
        "chance": None if chance is None else round(float(chance[row]), 3),
        "parts": rounded,
        "reasons": reasons,
    }


def _empty(code: str) -> dict[str, Any]:
    return {"total": 0, "notices": [_notice(code)], "not_understood": [], "results": []}


def _notice(code: str) -> dict[str, str]:
    return {"code": code, "message": NOTICES[code]}
