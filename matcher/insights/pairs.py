"""Over the whole corpus: initiatives that want the same, and partners that missed each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Initiative
from matcher.models.need_offer import (
    STAGES,
    mixed_queries,
    relations_of,
    similarities,
    stage_relations,
)
from matcher.needs.comparison import Vectors, offer_facets
from matcher.needs.resolve import ResolvedNeeds, resolve_needs
from matcher.presenters import facet_json, name_json, organisation_json
from matcher.store import Store
from matcher.store.facets import load_facets
from matcher.store.initiatives import list_initiatives

SAME = 0.5
"""Needs of two initiatives are the same from this chance on."""
MIN_OVERLAP = 0.2
NEAREST = 12
"""So many offers that are nearest to a need are looked at."""
MIN_FIT = 0.3
"""Offers count as meeting a need of another organisation from this chance on."""
MAX_INITIATIVES = 500
BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class Scope:
    """Which organisations an insight is about; empty means all."""

    region: str = ""
    """The beginning of a NUTS code; two letters are a country."""
    domain: str = ""

    def of(self, snapshot: Snapshot, domain_numbers: Sequence[str]) -> Mask:
        """Return which organisations (n,) are within it."""
        corpus = snapshot.corpus
        inside = np.ones(len(corpus), dtype=np.bool_)
        if self.region:
            inside &= np.array([in_region(corpus, row, self.region) for row in range(len(corpus))])
        if self.domain:
            number = list(domain_numbers).index(self.domain)
            speaking = [number in snapshot.subjects_of(facet.id)[0] for facet in corpus.facets]
            marked = np.zeros(len(corpus), dtype=np.bool_)
            marked[corpus.owner_rows[np.array(speaking, dtype=np.bool_)[corpus.owner_facets]]] = (
                True
            )
            inside &= marked
        return inside


def in_region(corpus: Corpus, row: int, region: str) -> bool:
    """Return whether an organisation lies in a NUTS region, or in a country."""
    place = corpus.organisations[row].place
    return (place.region or "").startswith(region) or place.country == region


def overlaps(
    snapshot: Snapshot, store: Store, inside: Mask, limit: int, *, open_only: bool = False
) -> dict[str, Any]:
    """Return pairs of initiatives that want the same with other members, the strongest first.

    The overlap is how far the needs of each say what the needs of the other say (the mean of both
    directions, each need by its most similar one); it counts less the more members they share.
    Pairs count of which a member of either is inside the scope.
    """
    corpus = snapshot.corpus
    several = list_initiatives(store, MAX_INITIATIVES, open_only=open_only)
    context = [(one, corpus.rows(one.member_ids), _needed(snapshot, store, one)) for one in several]
    found = []
    for (one, its, needed), (other, theirs, wanted) in combinations(context, 2):
        rows = np.union1d(its, theirs)
        if (len(rows) and not inside[rows].any()) or not needed.needs or not wanted.needs:
            continue
        says = _says(snapshot, needed, wanted)
        same = (float(says.max(axis=1).mean()) + float(says.max(axis=0).mean())) / 2
        shared = np.intersect1d(its, theirs)
        score = same * (1.0 - len(shared) / max(len(rows), 1))
        if score >= MIN_OVERLAP:
            found.append(
                {
                    "one": {"id": one.id, "name": one.name},
                    "other": {"id": other.id, "name": other.name},
                    "score": round(score, 4),
                    "same": round(same, 4),
                    "shared_members": [name_json(corpus, row) for row in shared.tolist()],
                    "same_needs": [
                        {
                            "one": needed.needs[at].text,
                            "other": wanted.needs[to].text,
                            "probability": round(float(says[at, to]), 3),
                        }
                        for at, to in enumerate(says.argmax(axis=1).tolist())
                        if says[at, to] >= SAME
                    ],
                }
            )
    found.sort(key=_by_score)
    return {
        "corpus_version": snapshot.version,
        "initiatives": len(several),
        "total": len(found),
        "results": found[:limit],
    }


def _by_score(pair: dict[str, Any]) -> tuple[float, str, str]:
    return -pair["score"], pair["one"]["id"], pair["other"]["id"]


def _needed(snapshot: Snapshot, store: Store, initiative: Initiative) -> ResolvedNeeds:
    members = snapshot.corpus.rows(initiative.member_ids)
    return resolve_needs(snapshot, store, initiative.needs, initiative.brief, members)


def _says(snapshot: Snapshot, one: ResolvedNeeds, other: ResolvedNeeds) -> Floats:
    """Return (k, l) the chance that a need of one initiative says what one of the other says."""
    encoder = snapshot.generation.encoder
    compared = similarities(encoder, one.vectors, other.vectors)
    stages = relations_of([n.stage for n in one.needs], [n.stage for n in other.needs])
    return snapshot.need_offer.probabilities(compared, stages)


def unrealised_matches(
    snapshot: Snapshot, store: Store, inside: Mask, limit: int
) -> dict[str, Any]:
    """Return pairs whose needs and offers fit and who never worked together, the best fit first.

    The fit is the chance that at least one of their needs is met by the other: 1 - product of
    (1 - chance) over the best of each direction. One of the two is inside the scope. Name variants,
    competitors and members of one initiative aren't pairs.
    """
    corpus = snapshot.corpus
    asking = np.flatnonzero(corpus.of_kind(FacetKind.NEED) & unexpired(corpus))
    owners = corpus.owner_rows[corpus.owner_start[asking]] if len(asking) else asking
    strongest = _strongest(snapshot, asking, owners, inside)
    apart = _apart(store, corpus, strongest)
    pairs: dict[tuple[int, int], dict[int, tuple[float, int, int]]] = {}
    for (asker, giver), best in strongest.items():
        if (asker, giver) in apart:
            pairs.setdefault((min(asker, giver), max(asker, giver)), {})[asker] = best
    scored = sorted(
        (
            (1.0 - prod(1.0 - best[0] for best in both.values()), pair)
            for pair, both in pairs.items()
        ),
        key=lambda item: (-item[0], item[1]),
    )
    page = scored[:limit]
    numbers = {
        corpus.facets[row].id
        for _, pair in page
        for _, need, offer in pairs[pair].values()
        for row in (need, offer)
    }
    with store.reading() as session:
        facets = load_facets(session, numbers)
    return {
        "corpus_version": snapshot.version,
        "stated_needs": len(asking),
        "total": len(scored),
        "results": [
            {
                "one": organisation_json(corpus.organisations[pair[0]]),
                "other": organisation_json(corpus.organisations[pair[1]]),
                "score": round(score, 4),
                "because": [
                    {
                        "asks": name_json(corpus, asker),
                        "need": facet_json(facets[corpus.facets[need].id]),
                        "offers": name_json(corpus, pair[0] if asker == pair[1] else pair[1]),
                        "offer": facet_json(facets[corpus.facets[offer].id]),
                        "probability": round(probability, 3),
                    }
                    for asker, (probability, need, offer) in sorted(pairs[pair].items())
                    if {corpus.facets[need].id, corpus.facets[offer].id} <= facets.keys()
                ],
            }
            for score, pair in page
        ],
    }


def _strongest(
    snapshot: Snapshot, asking: Rows, owners: Rows, inside: Mask
) -> dict[tuple[int, int], tuple[float, int, int]]:
    """Return by asker and giver the chance, need and offer that fit best."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    offers = np.flatnonzero(offer_facets(corpus) & corpus.of_kind(FacetKind.OFFER))
    found: dict[tuple[int, int], tuple[float, int, int]] = {}
    if not len(asking) or not len(offers):
        return found
    queries = mixed_queries(encoder, snapshot.index.rows(corpus.facet_ids[asking]))
    vectors = snapshot.index.rows(corpus.facet_ids[offers])
    givers = corpus.owner_rows[corpus.owner_start[offers]]
    within = inside[owners], inside[givers]
    for askers, offering_ones in (
        (np.flatnonzero(within[0]), np.arange(len(offers))),
        (np.flatnonzero(~within[0]), np.flatnonzero(within[1])),
    ):
        if not len(askers) or not len(offering_ones):
            continue
        asked_by = [mix[askers] for mix in queries]
        places, scores = _nearest(asked_by, vectors[offering_ones])
        near = offering_ones[places]
        asked = np.array([STAGES[corpus.stages[row]] for row in asking[askers].tolist()])
        offered = np.array([STAGES[corpus.stages[row]] for row in offers.tolist()])
        relations = stage_relations(asked[:, None], offered[near])
        probabilities = snapshot.need_offer.probabilities(np.clip(scores, 0.0, 1.0), relations)
        probabilities[givers[near] == owners[askers][:, None]] = 0.0
        for at, to in np.argwhere(probabilities >= MIN_FIT).tolist():
            pair = (int(owners[askers[at]]), int(givers[near[at, to]]))
            probability = float(probabilities[at, to])
            if pair not in found or probability > found[pair][0]:
                found[pair] = (probability, int(asking[askers[at]]), int(offers[near[at, to]]))
    return found


def _nearest(mixes: Sequence[Vectors], vectors: Vectors) -> tuple[Rows, Floats]:
    """Return the places of the vectors nearest to each query, (q, NEAREST), and their scores.

    Of the `mixes` of a query, each (q, dim), the nearer one counts.
    """
    asked = len(mixes[0])
    count = min(NEAREST, len(vectors))
    places = np.empty((asked, count), dtype=np.int64)
    scores = np.empty((asked, count))
    for start in range(0, asked, BLOCK):
        block = np.max([mix[start : start + BLOCK] @ vectors.T for mix in mixes], axis=0)
        best = np.argpartition(block, len(vectors) - count, axis=1)[:, len(vectors) - count :]
        places[start : start + BLOCK] = np.sort(best, axis=1)
        scores[start : start + BLOCK] = np.take_along_axis(block, np.sort(best, axis=1), axis=1)
    return places, scores


def _apart(
    store: Store, corpus: Corpus, pairs: dict[tuple[int, int], tuple[float, int, int]]
) -> set[tuple[int, int]]:
    """Return the pairs that never worked together, aren't one, and don't compete."""
    rivals_or_partners = set(corpus.rivals)
    for initiative in list_initiatives(store):
        members = corpus.with_variants(corpus.rows(initiative.member_ids))
        rivals_or_partners.update(combinations(sorted(members.tolist()), 2))
    evidence = corpus.of_kind(FacetKind.EVIDENCE)
    projects: dict[int, set[int]] = {}

    def of(row: int) -> set[int]:
        if row not in projects:
            own = corpus.facets_owned([row, *corpus.variants_of(row)])
            projects[row] = set(own[evidence[own]].tolist())
        return projects[row]

    apart = set()
    for one, other in pairs:
        together = (
            corpus.group[one] == corpus.group[other]
            or (min(one, other), max(one, other)) in rivals_or_partners
            or not of(one).isdisjoint(of(other))
        )
        if not together:
            apart.add((one, other))
    return apart
