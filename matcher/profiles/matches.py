"""How a company is found: its place on the match lists of open initiatives, and why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from matcher.cache import Cache
from matcher.corpus.answer_cache import cached
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Initiative
from matcher.initiatives.actions import question_of
from matcher.matching.explain import Ground, reasons_for
from matcher.matching.service import Recommender, Stopwatch
from matcher.store.initiatives import list_initiatives

Body = dict[str, Any]
MAX_INITIATIVES = 100
"""So many open initiatives are looked at, by name."""


def open_initiatives(recommender: Recommender) -> list[Initiative]:
    """Return the initiatives that anybody may read, by name."""
    found = [one for one in list_initiatives(recommender.corpus_provider.store) if one.open]
    return found[:MAX_INITIATIVES]


def found_by(recommender: Recommender, cache: Cache, organisation_id: str) -> list[Body]:
    """Return for each open initiative the rank of an organisation, best first, with reasons.

    `rank` is None where it isn't on the list; `member` says that it is in already, `rival` that a
    competitor that it named itself is. An organisation that isn't in the corpus is found by none:
    an empty list.
    """
    snapshot = recommender.corpus_provider.snapshot()
    if organisation_id not in snapshot.corpus.row_of_id:
        return []
    several = open_initiatives(recommender)
    about = [
        [asdict(one) for one in several],
        organisation_id,
        recommender.ways(snapshot),
        [snapshot.revision, snapshot.generation.name, date.today().isoformat()],
    ]
    text = json.dumps(about, sort_keys=True, default=str)
    key = "found:" + hashlib.sha256(text.encode()).hexdigest()

    def compute() -> list[Body]:
        row = snapshot.corpus.row_of_id[organisation_id]
        found = [_found(recommender, snapshot, one, row) for one in several]
        return sorted(found, key=lambda one: (not one["member"], one["rank"] or 10**9))

    body, _kept = cached(cache, snapshot, key, compute, recommender.ttl)
    result: list[Body] = body
    return result


def _found(recommender: Recommender, snapshot: Snapshot, one: Initiative, row: int) -> Body:
    body: Body = {"id": one.id, "name": one.name, "member": False, "rank": None, "total": 0}
    body["reasons"] = []
    question, own = question_of(one), snapshot.corpus.organisations[row]
    if own.id in question.members:
        return {**body, "member": True}
    body["rival"] = bool(set(own.competitors) & set(question.members))
    considered = recommender.consider(snapshot, question, Stopwatch())
    if isinstance(considered, str):
        return body
    same = [row, *snapshot.corpus.variants_of(row)]
    places = np.flatnonzero(np.isin(considered.order, same))
    body["total"] = len(considered.order)
    if not len(places):
        return body
    shown = considered.order[places[0]]
    ground = Ground(
        snapshot,
        considered.heard,
        considered.needed,
        considered.weighed.coverage,
        considered.weighed.network,
        recommender.weights_for(snapshot),
    )
    with recommender.corpus_provider.store.reading() as session:
        reasons = reasons_for(session, ground, np.array([shown]))[int(shown)]
    return {**body, "rank": int(places[0]) + 1, "reasons": reasons}
