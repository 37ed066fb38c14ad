"""What the other side gains: which needs of an organisation the members of an initiative meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from matcher.arrays import Rows
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind
from matcher.matching.score import met_by, offers_of
from matcher.presenters import facet_json, name_json
from matcher.store.facets import load_facets

MIN_SHOWN = 0.3
"""A member's offer is shown as meeting a need from this chance on."""


def reciprocity_of(
    session: Session, snapshot: Snapshot, rows: Rows, members: Rows
) -> dict[int, list[dict[str, Any]]]:
    """Return for each organisation row its needs that members meet, with the offer that does."""
    corpus = snapshot.corpus
    found: dict[int, list[dict[str, Any]]] = {int(row): [] for row in rows}
    owned = corpus.facets_owned(rows.tolist())
    asking = owned[(corpus.of_kind(FacetKind.NEED) & unexpired(corpus))[owned]]
    offers = offers_of(corpus, members)
    if not len(asking) or not len(offers):
        return found
    probabilities = met_by(snapshot, asking, offers)
    best = probabilities.argmax(axis=1)
    strong = np.flatnonzero(probabilities.max(axis=1) >= MIN_SHOWN)
    shown = {int(asking[at]): int(offers[best[at]]) for at in strong}
    facets = load_facets(session, (corpus.facets[row].id for pair in shown.items() for row in pair))
    among = set(members.tolist())
    for at in strong.tolist():
        need, offer = int(asking[at]), int(offers[best[at]])
        owner = int(corpus.owner_rows[corpus.owner_start[need]])
        span = slice(corpus.owner_start[offer], corpus.owner_start[offer + 1])
        giver = next(row for row in corpus.owner_rows[span].tolist() if row in among)
        need_facet = facets.get(corpus.facets[need].id)
        offer_facet = facets.get(corpus.facets[offer].id)
        if need_facet and offer_facet:
            found[owner].append(
                {
                    "need": facet_json(need_facet),
                    "member": name_json(corpus, giver),
                    "offer": facet_json(offer_facet),
                    "probability": round(float(probabilities[at, best[at]]), 3),
                }
            )
    return found
