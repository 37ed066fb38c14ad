"""What answered introductions teach the need-offer model: which offers led to a meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from embeddings.port import Encoder
from matcher.domain import FacetKind
from matcher.index.port import Vectors
from matcher.models.need_offer import Outcome
from matcher.store.account_tables import IntroductionRow
from matcher.store.changes import Changes

MET: Mapping[str, bool] = {"accepted": True, "joined": True, "declined": False}
"""States of an introduction that teach something, and what. Another state says too little: an
introduction that ended was accepted once, but nobody says why it ended."""


def introduction_outcomes(
    session: Session, changes: Changes, encoder: Encoder, vectors: Vectors
) -> list[Outcome]:
    """Return each answered introduction with the recipient's offer that is nearest to its need.

    `changes` hold all facets, `vectors` (m, dim), float32, their vectors in the same order.
    """
    query = select(IntroductionRow).where(
        IntroductionRow.state.in_(list(MET)), IntroductionRow.need != ""
    )
    rows = list(session.scalars(query.order_by(IntroductionRow.created, IntroductionRow.id)))
    if not rows:
        return []
    keys = {organisation.id: organisation.key for organisation in changes.organisations}
    offers = _offers_by_owner(changes)
    need_vectors = encoder.encode_stored([row.need for row in rows])
    outcomes = []
    for row, need_vector in zip(rows, need_vectors, strict=True):
        own = offers.get(keys.get(row.to_organisation, -1), [])
        if own:
            nearest = _nearest(need_vector, vectors, own)
            outcomes.append(Outcome(row.need, changes.facets[nearest].text, MET[row.state]))
    return outcomes


def _offers_by_owner(changes: Changes) -> dict[int, list[int]]:
    """Return the positions of offers in `changes.facets` by the key of their organisation."""
    offers: dict[int, list[int]] = {}
    for index, facet in enumerate(changes.facets):
        if facet.kind == FacetKind.OFFER.value:
            for key in changes.owner_keys(facet.id):
                offers.setdefault(key, []).append(index)
    return offers


def _nearest(query: Vectors, vectors: Vectors, own: Sequence[int]) -> int:
    """Return which of the facets at `own` has the vector nearest to the query (dim,)."""
    nearest = int(np.argmax(vectors[list(own)] @ query))
    return own[nearest]
