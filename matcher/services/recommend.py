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

from embeddings.port import understood
from matcher.cache import Cache
from matcher.domain import Question
from matcher.ranking.arrays import Floats, Mask, Rows
from matcher.ranking.corpus import Corpus
from matcher.ranking.coverage import Coverage
from matcher.ranking.filters import allowed_organisations, facets_of
from matcher.ranking.learning import chances
from matcher.ranking.profiles import likeness
from matcher.ranking.scoring import Weights, rank
from matcher.services.checking import checked
from matcher.services.comparing import offering
from matcher.services.hearing import Heard, listen
from matcher.services.keeping import cached
from matcher.services.live import Live, Snapshot
from matcher.services.mutual import offered_back
from matcher.services.needing import Needed, Source, needs_for
from matcher.services.reasons import Ground, reasons_for
from matcher.services.shown import helix_json, name_json, need_json, organisation_json
from matcher.services.weighing import ALIKE, Weighed, weigh

TEXT_ONLY = "text only"
HALF_GIVEN = "half of the members given"
"""The two ways to ask that are calibrated: without and with members."""
LONGEST_TEXT = 20_000
MOST_NEEDS = 50
MOST_MEMBERS = 500
FURTHER = 0.15
"""So much further apart are the fields that serve an exploratory initiative best."""

NOTICES = {
    "nothing_usable": "Nothing in the question could be understood. Describe in a sentence or two "
    "what is to be done and what is needed: materials, techniques, products, markets.",
    "nothing_allowed": "No organisation passes the filters. Loosen or remove one of them.",
    "nothing_found": "No organisation that may be recommended comes near the question.",
    "model_away": "The model that reads texts beside the default doesn't answer at the moment. "
    "These partners were found without it; ask again in a minute to find more.",
}


WORTH_NAMING = 0.05
"""From this chance on somebody is named as the one who answers a need best."""


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

    heard: Heard | None
    needed: Needed | None
    members: Rows
    weighed: Weighed
    order: Rows
    """Rows of all that may be in the list, best first."""


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
        field_distance: float = 0.5,
    ) -> None:
        """Take fixed `weights`, or go by those of each generation.

        `popularity` and `field_distance`, the distance between fields that serves best, are from
        0 to 1.
        """
        self.live = live
        self.cache = cache
        self.ttl = ttl
        self.weights = weights
        self.popularity = popularity
        self.field_distance = field_distance

    def recommend(self, question: Question) -> dict[str, Any]:
        """Answer a question; the result is JSON. Raises QuestionError for unknown ids."""
        start = time.perf_counter()
        snapshot = self.live.snapshot()
        question = checked(self.live.store, snapshot.corpus, question)
        model = snapshot.generation.model
        key = question_key(
            question,
            snapshot.version,
            model,
            self.weights_for(snapshot),
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
        found = self.consider(snapshot, question, watch)
        away = [_notice("model_away")] if snapshot.fault else []
        if isinstance(found, str):
            return _empty([_notice(found), *away])
        corpus, weighed, members = snapshot.corpus, found.weighed, found.members
        page = found.order[question.offset : question.offset + question.limit]
        with watch.step("reasons"), self.live.store.reading() as session:
            ground = Ground(
                snapshot,
                found.heard,
                found.needed,
                weighed.coverage,
                weighed.network,
                self.weights_for(snapshot),
            )
            reasons = reasons_for(session, ground, page)
            back = offered_back(session, snapshot, page, members)
        results = [
            one
            | {
                "kin": _kin(corpus, int(row), members),
                "reasons": reasons[int(row)],
                "offered_back": back[int(row)],
            }
            for row, one in zip(page, self._results(snapshot, question, found), strict=True)
        ]
        why_nothing = [] if len(found.order) else [_notice(_why_nothing(found.heard, members))]
        return {
            "total": len(found.order),
            "notices": [*why_nothing, *away],
            "not_understood": _not_understood(found.heard, found.needed),
            "needs": _needs(corpus, weighed.coverage, found.needed, members, page, question.offset),
            "helix": {
                "members": _mix(corpus, corpus.rows(question.members)),
                "results": _mix(corpus, page),
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
        chance = self._chances(snapshot, weighed, with_members=bool(len(members)))
        page = found.order[question.offset : question.offset + question.limit]
        return [
            _result(snapshot, place, int(row), weighed, members, chance)
            for place, row in enumerate(page, start=question.offset + 1)
        ]

    def consider(
        self, snapshot: Snapshot, question: Question, watch: Stopwatch
    ) -> Considered | str:
        """Weigh and rank all organisations; or return the code of the notice why it can't."""
        corpus, weights = snapshot.corpus, self.weights_for(snapshot)
        members = corpus.with_variants(corpus.rows(question.members))
        with watch.step("encode"):
            needed = self._needed(snapshot, question, members)
            vector = snapshot.generation.encoder.encode([question.text])[0]
        if not (len(members) or vector.any() or (needed and needed.vectors.any())):
            return "nothing_usable"
        with watch.step("filter"):
            allowed = allowed_organisations(corpus, question.filters)
            candidates = candidates_of(corpus, question, members, allowed)
            if not candidates.any():
                return "nothing_allowed"
            searchable = searchable_facets(corpus, allowed)
        with watch.step("search"):
            text = question.text.strip()
            heard = listen(snapshot, text, vector, searchable, weights) if text else None
        with watch.step("score"):
            optimum = self.field_distance + (FURTHER if question.exploratory else 0.0)
            weighed = weigh(snapshot, question, heard, needed, members, weights, min(optimum, 1.0))
            order = rank(weighed.total, candidates & (weighed.spoken_for > 0))
        return Considered(heard, needed, members, weighed, order)

    def _chances(
        self, snapshot: Snapshot, weighed: Weighed, *, with_members: bool
    ) -> Floats | None:
        if self.weights is not None:
            return None
        calibrated = snapshot.generation.ranking.get("calibration", {})
        mode = HALF_GIVEN if with_members else TEXT_ONLY
        return chances(weighed.fit, calibrated.get(mode, []))

    def _needed(self, snapshot: Snapshot, question: Question, members: Rows) -> Needed | None:
        """Return what is needed where needs or members are given; None for a text alone."""
        if not question.needs and not len(members):
            return None
        return needs_for(snapshot, self.live.store, question.needs, question.text, members)

    def weights_for(self, snapshot: Snapshot) -> Weights:
        """Return the weights given, or else those trained on this corpus, or the shipped ones."""
        if self.weights is not None:
            return self.weights
        weights = trained_weights(snapshot.generation.ranking) or Weights()
        return replace(weights, prior=self.popularity)


def trained_weights(ranking: Mapping[str, Any], which: str = "weights") -> Weights | None:
    """Return weights that were kept with a generation; None where nothing was learned."""
    learned = ranking.get(which)
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


def _why_nothing(heard: Heard | None, members: Rows) -> str:
    """Say why a list is empty: no facet came near any of the texts, or nobody is left."""
    near = heard is not None and any(len(votes.facet_rows) for votes in heard.by_view.values())
    return "nothing_found" if len(members) or near else "nothing_usable"


def _not_understood(heard: Heard | None, needed: Needed | None) -> list[str]:
    texts = [] if heard is None or heard.understood else [heard.text]
    if needed is None or needed.source is not Source.STATED:
        return texts
    known = understood(needed.vectors)
    return texts + [
        need.text for need, is_known in zip(needed.needs, known, strict=True) if not is_known
    ]


def _needs(
    corpus: Corpus,
    coverage: Coverage | None,
    needed: Needed | None,
    members: Rows,
    page: Rows,
    offset: int,
) -> dict[str, Any] | None:
    """Say what was taken to be needed, how far the members meet it, and who on the page does."""
    if coverage is None or needed is None:
        return None
    met = coverage.of(members)

    def best(place: int) -> dict[str, Any] | None:
        chances = coverage.meets[place, page]
        at = int(chances.argmax()) if len(page) else 0
        if not len(page) or chances[at] < WORTH_NAMING:
            return None
        return {
            "rank": offset + at + 1,
            "organisation": name_json(corpus, int(page[at])),
            "chance": round(float(chances[at]), 3),
        }

    return {
        "source": needed.source.value,
        "covered": round(coverage.total(members), 4),
        "items": [
            need_json(need) | {"covered": round(float(chance), 3), "best": best(place)}
            for place, (need, chance) in enumerate(zip(coverage.needs, met, strict=True))
        ],
    }


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
    usable = offering(corpus)
    if not allowed.all():
        usable &= facets_of(corpus, allowed)
    return corpus.facet_ids[usable]


def _result(
    snapshot: Snapshot,
    place: int,
    row: int,
    weighed: Weighed,
    members: Rows,
    chance: Floats | None,
) -> dict[str, Any]:
    corpus = snapshot.corpus
    rounded = {name: round(float(values[row]), 6) + 0.0 for name, values in weighed.parts.items()}
    return {
        "rank": place,
        "organisation": organisation_json(corpus.organisations[row]),
        "score": round(sum(rounded.values()), 6),
        "variants": [name_json(corpus, other) for other in corpus.variants_of(row)],
        "chance": None if chance is None else round(float(chance[row]), 3),
        "parts": rounded,
        "coverage": _covered(weighed.coverage, row, members),
        "alike": _alike(snapshot, row, members) if weighed.likeness[row] >= ALIKE else [],
    }


def _alike(snapshot: Snapshot, row: int, members: Rows) -> list[dict[str, Any]]:
    """Return the members that an organisation is like, the most alike first."""
    own = snapshot.profiles_of(np.array([row]))
    like = [
        (float(likeness(own, snapshot.profiles_of(members[at : at + 1]))[0]), int(one))
        for at, one in enumerate(members)
    ]
    return [
        {**name_json(snapshot.corpus, one), "likeness": round(share, 3)}
        for share, one in sorted(like, key=lambda pair: (-pair[0], pair[1]))
        if share >= ALIKE
    ]


def _kin(corpus: Corpus, row: int, members: Rows) -> list[dict[str, Any]]:
    """Return the members that share telling words of name or city with an organisation."""
    found = [(other, corpus.kinship.shared(row, other)) for other in members.tolist()]
    return [{**name_json(corpus, other), "words": words} for other, words in found if words]


def _mix(corpus: Corpus, rows: Rows) -> dict[str, Any]:
    return helix_json([corpus.organisations[row].type for row in rows.tolist()])


def _covered(coverage: Coverage | None, row: int, members: Rows) -> dict[str, float] | None:
    """Say how far an organisation meets the needs on its own, and what it adds to the members."""
    if coverage is None:
        return None
    joined = np.append(members, row)
    before, after = coverage.total(members), coverage.total(joined)
    return {
        "alone": round(coverage.total(np.array([row])), 4),
        "adds": round(after - before, 4),
        "with_members": round(after, 4),
    }


def _empty(notices: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "total": 0,
        "notices": notices,
        "not_understood": [],
        "needs": None,
        "helix": None,
        "results": [],
    }


def _notice(code: str) -> dict[str, str]:
    return {"code": code, "message": NOTICES[code]}
