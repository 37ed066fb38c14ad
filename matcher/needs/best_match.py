"""Who of a list answers each need best, with the words that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matcher.corpus.snapshot import Snapshot
from matcher.domain import Need
from matcher.matching.listing import WORTH_NAMING
from matcher.needs.comparison import offer_facets, offer_probabilities
from matcher.presenters import facet_json, name_json
from matcher.store import Store
from matcher.store.facets import load_facets


def best_matches(
    snapshot: Snapshot,
    store: Store,
    needs: Sequence[Need],
    ids: Sequence[str],
    *,
    guessed: bool = False,
) -> list[dict[str, Any] | None]:
    """Return for each need the organisation of `ids` that meets it best, or None for nobody.

    With it its place in `ids` from 1, the chance, and the facet that is meant. Of equals the first
    one counts. With `guessed` the stages of the needs were only told from their words.
    """
    corpus = snapshot.corpus
    place: dict[int, int] = {}
    for number, one in enumerate(ids):
        for row in (corpus.row_of_id[one], *corpus.variants_of(corpus.row_of_id[one])):
            place.setdefault(row, number)
    owned = corpus.facets_owned(place)
    owned = owned[offer_facets(corpus)[owned]]
    if not len(owned) or not needs:
        return [None] * len(needs)
    queries = snapshot.generation.encoder.encode([one.text for one in needs])
    probabilities = offer_probabilities(
        snapshot, [one.stage for one in needs], queries, owned, guessed=guessed
    )
    first = np.array(
        [
            min(
                place[row]
                for row in corpus.owner_rows[
                    corpus.owner_start[facet] : corpus.owner_start[facet + 1]
                ].tolist()
                if row in place
            )
            for facet in owned.tolist()
        ]
    )
    best = [int(np.lexsort((first, -of_need))[0]) for of_need in probabilities]
    with store.reading() as session:
        facets = load_facets(session, corpus.facet_ids[owned[best]].tolist())
    return [
        {
            "rank": int(first[at]) + 1,
            "organisation": name_json(corpus, corpus.row_of_id[ids[first[at]]]),
            "probability": round(float(of_need[at]), 3),
            "facet": facet_json(facets[int(corpus.facet_ids[owned[at]])]),
        }
        if of_need[at] >= WORTH_NAMING and int(corpus.facet_ids[owned[at]]) in facets
        else None
        for at, of_need in zip(best, probabilities, strict=True)
    ]
