"""What introductions taught: needs, and offers that did or did not lead to a meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from embeddings.port import Encoder
from matcher.domain import FacetKind
from matcher.index.port import Vectors
from matcher.models.need_offer import Outcome, similarities
from matcher.store.account_tables import IntroductionRow
from matcher.store.changes import Changes

MET: Mapping[str, bool] = {"accepted": True, "joined": True, "declined": False}
"""States of an introduction that teach something, and what."""


def taught(session: Session, changes: Changes, encoder: Encoder, vectors: Vectors) -> list[Outcome]:
    """Return each answered introduction with the offer of the asked side nearest to its need.

    `changes` hold all facets, `vectors` (m, dim) their vectors in the same order.
    """
    query = select(IntroductionRow).where(
        IntroductionRow.state.in_(list(MET)), IntroductionRow.need != ""
    )
    rows = list(session.scalars(query.order_by(IntroductionRow.created, IntroductionRow.id)))
    if not rows:
        return []
    key_of = {row.id: row.key for row in changes.organisations}
    offers: dict[int, list[int]] = {}
    for place, facet in enumerate(changes.facets):
        if facet.kind == FacetKind.OFFER.value:
            for key in changes.owner_keys(facet.id):
                offers.setdefault(key, []).append(place)
    asked = encoder.encode([row.need for row in rows])
    found = []
    for row, query_vector in zip(rows, asked, strict=True):
        own = offers.get(key_of.get(row.to_organisation, -1), [])
        if own:
            best = _nearest(encoder, query_vector, vectors, own)
            found.append(Outcome(row.need, changes.facets[best].text, MET[row.state]))
    return found


def _nearest(encoder: Encoder, query: Vectors, vectors: Vectors, own: Sequence[int]) -> int:
    compared = similarities(encoder, query[None, :], vectors[list(own)])[0]
    return own[int(np.argmax(compared))]
