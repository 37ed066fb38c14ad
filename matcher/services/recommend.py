"""The recommender: a question in, ranked organisations with parts and reasons out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.port import understood
from matcher.cache import Cache
from matcher.domain import FacetKind, Need, Question
from matcher.ranking.corpus import Corpus
from matcher.ranking.filters import allowed_organisations, facets_of
from matcher.ranking.scoring import (
    Floats,
    Weights,
    cast_votes,
    gather,
    network_strength,
    rank,
    score_parts,
)
from matcher.services.live import Live, Snapshot
from matcher.services.reasons import Heard, reasons_for

LONGEST_TEXT = 20_000
MOST_NEEDS = 50
MOST_MEMBERS = 500

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


@dataclass(frozen=True, slots=True)
class Heading:
    """One text that is looked for: the brief (need is None) or one of the needs."""

    text: str
    need: Need | None


class Recommender:
    """Answers questions over the live corpus. Safe to share between threads."""

    def __init__(
        self, live: Live, cache: Cache, ttl: int = 3600, weights: Weights | None = None
    ) -> None:
        self.live = live
        self.cache = cache
        self.ttl = ttl
        self.weights = weights or Weights()

    def recommend(self, question: Question) -> dict[str, Any]:
        """Answer a question; the result is JSON. Raises QuestionError for unknown ids."""
        start = time.perf_counter()
        snapshot = self.live.snapshot()
        check_question(snapshot.corpus, question)
        model = snapshot.generation.model
        key = question_key(question, snapshot.version, model, self.weights)
        body, cached = self.cache.get_or_compute(
            key, lambda: self.compute(snapshot, question, Stopwatch()), self.ttl
        )
        took = round((time.perf_counter() - start) * 1000, 2)
        head = {"corpus_version": snapshot.version, "model": model, "cached": cached}
        return {**head, "took_ms": took, **body}

    def compute(self, snapshot: Snapshot, question: Question, watch: Stopwatch) -> dict[str, Any]:
        """Compute the part of an answer that is cached."""
        corpus, weights = snapshot.corpus, self.weights
        with watch.step("encode"):
            headings = headings_of(question)
            vectors = snapshot.generation.encoder.encode([one.text for one in headings])
            known = understood(vectors)
        members = corpus.rows(question.members)
        if not known.any() and not len(members):
            return _empty("nothing_usable")
        with watch.step("filter"):
            allowed = allowed_organisations(corpus, question.filters)
            candidates = allowed.copy()
            candidates[members] = False
            candidates[corpus.rows(question.exclude)] = False
            if not candidates.any():
                return _empty("nothing_allowed")
            searchable = _searchable(corpus, allowed)
        with watch.step("search"):
            scores, ids = snapshot.index.search(vectors, weights.neighbours, searchable)
        with watch.step("score"):
            heard = [
                Heard(one.need, cast_votes(corpus, ids[row], scores[row], weights))
                for row, one in enumerate(headings)
            ]
            strength, facet_strength = (
                network_strength(corpus, members, weights) if len(members) else (None, None)
            )
            parts = _parts(corpus, heard, known, strength, weights)
            total = sum(parts.values(), np.zeros(len(corpus)))
            order = rank(total, candidates)
        page = order[question.offset : question.offset + question.limit]
        with watch.step("reasons"), self.live.store.reading() as session:
            reasons = reasons_for(session, corpus, page, heard, members, facet_strength)
        results = [
            _result(corpus, place, row, total, parts, reasons[int(row)])
            for place, row in enumerate(page, start=question.offset + 1)
        ]
        notices = [] if len(order) else [_notice(_why_nothing(heard, bool(len(members))))]
        unheard = [one.text for one, usable in zip(headings, known, strict=True) if not usable]
        return {
            "total": len(order),
            "notices": notices,
            "not_understood": unheard,
            "results": results,
        }


def _why_nothing(heard: list[Heard], with_members: bool) -> str:
    """Say why a list is empty: no facet came near any of the texts, or nobody is left."""
    if not with_members and not any(len(one.votes.facet_rows) for one in heard):
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


def headings_of(question: Question) -> list[Heading]:
    """Return the texts to look for: the brief if there is one, then each need."""
    brief = [Heading(question.text, None)] if question.text.strip() else []
    return brief + [Heading(need.text, need) for need in question.needs]


def question_key(question: Question, version: int, model: str, weights: Weights) -> str:
    """Return the cache key: equal only for equal questions on the same corpus and model.

    The day counts, since offers can expire.
    """
    asked = [asdict(question), asdict(weights), version, model, date.today().isoformat()]
    canonical = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
    return "recommend:" + hashlib.sha256(canonical.encode()).hexdigest()


def _searchable(corpus: Corpus, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the ids of valid offers and evidence of the organisations allowed."""
    usable = ~corpus.of_kind(FacetKind.NEED)
    usable &= corpus.facet_expiry >= date.today().toordinal()
    if not allowed.all():
        usable &= facets_of(corpus, allowed)
    return corpus.facet_ids[usable]


def _parts(
    corpus: Corpus,
    heard: list[Heard],
    known: NDArray[np.bool_],
    strength: Floats | None,
    weights: Weights,
) -> dict[str, Floats]:
    text: Floats | None = None
    needs: list[tuple[float, Floats]] = []
    for one, usable in zip(heard, known, strict=True):
        votes = gather(corpus, one.votes) if usable else np.zeros(len(corpus))
        if one.need is None:
            text = votes if usable else None
        else:
            level = 1.0 if one.need.level == "must" else 0.5
            needs.append((one.need.weight * level, votes))
    return score_parts(text, needs, strength, weights)


def _result(
    corpus: Corpus,
    place: int,
    row: np.int64,
    total: Floats,
    parts: dict[str, Floats],
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
        "parts": rounded,
        "reasons": reasons,
    }


def _empty(code: str) -> dict[str, Any]:
    return {"total": 0, "notices": [_notice(code)], "not_understood": [], "results": []}


def _notice(code: str) -> dict[str, str]:
    return {"code": code, "message": NOTICES[code]}
