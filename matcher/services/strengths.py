"""The strengths map: what a region is strong in, by domain and challenge, against the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from embeddings.lexicon import lexicon_of
from embeddings.subjects import Subjects
from matcher.ranking.arrays import Floats
from matcher.ranking.strengths import strength_table
from matcher.services.comparing import offering
from matcher.services.insights import in_region
from matcher.services.live import Snapshot
from matcher.services.shown import name_json, organisation_json

MOST_NAMED = 3
MOST_BEHIND = 100


def subjects_in(snapshot: Snapshot) -> Subjects:
    """Return the domains and challenges that are told apart."""
    return Subjects(lexicon_of(snapshot.generation.encoder))


def strengths(snapshot: Snapshot, region: str) -> dict[str, Any]:
    """Return organisations and strength of a region per domain and challenge.

    A domain is strong through an organisation by log(1 + n), where n counts its valid offers and
    past projects in it, and one more for a sector it states.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    domains, challenges = _memberships(snapshot, subjects)
    inside = np.array(
        [in_region(corpus, row, region) for row in range(len(corpus))], dtype=np.bool_
    )
    table = strength_table(domains, challenges, inside)
    rows = []
    for number, domain in enumerate(subjects.domains):
        worth = np.where(inside, domains[:, number], 0.0)
        order = np.lexsort((np.arange(len(worth)), -worth))[:MOST_NAMED]
        rows.append(
            {
                "domain": {"id": domain.id, "labels": domain.labels},
                "organisations": int(table.organisations[number]),
                "strength": round(float(table.strength[number]), 3),
                "location_quotient": round(float(table.quotient[number]), 3),
                "relatedness_density": round(float(table.density[number]), 2),
                "strongest": [name_json(corpus, int(row)) for row in order if worth[row] > 0],
                "challenges": {
                    challenge.id: {
                        "organisations": int(table.cell_organisations[number, at]),
                        "strength": round(float(table.cell_strength[number, at]), 3),
                    }
                    for at, challenge in enumerate(subjects.challenges)
                },
            }
        )
    return {
        "corpus_version": snapshot.version,
        "region": region,
        "organisations": int(inside.sum()),
        "challenges": [{"id": one.id, "labels": one.labels} for one in subjects.challenges],
        "domains": sorted(rows, key=lambda row: (-float(row["strength"]), str(row["domain"]))),
    }


def _memberships(snapshot: Snapshot, subjects: Subjects) -> tuple[Floats, Floats]:
    """Return how strongly organisations are in domains (n, d) and challenges (n, c)."""
    corpus = snapshot.corpus
    domains = np.zeros((len(corpus), len(subjects.domains)))
    challenges = np.zeros((len(corpus), len(subjects.challenges)))
    usable = offering(corpus)
    for place, facet in enumerate(corpus.facets):
        if not usable[place]:
            continue
        spoken = snapshot.subjects_of(facet.id)
        owners = corpus.owner_rows[corpus.owner_start[place] : corpus.owner_start[place + 1]]
        for table, numbers in zip((domains, challenges), spoken, strict=True):
            for number in numbers:
                table[owners, number] += 1.0
    stated: dict[tuple[str, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for row, record in enumerate(corpus.organisations):
        if record.sectors:
            if record.sectors not in stated:
                stated[record.sectors] = subjects.of("", sectors=record.sectors)
            for table, numbers in zip((domains, challenges), stated[record.sectors], strict=True):
                table[row, list(numbers)] += 1.0
    return np.log1p(domains), np.log1p(challenges)


def behind(snapshot: Snapshot, region: str, domain: str, challenge: str = "") -> dict[str, Any]:
    """Return the organisations that make a region strong in a domain, the strongest first.

    With a challenge, those that speak of both. Raises KeyError for what isn't told apart.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    domains, challenges = _memberships(snapshot, subjects)
    number = {one.id: at for at, one in enumerate(subjects.domains)}[domain]
    worth = domains[:, number].copy()
    if challenge:
        at = {one.id: at for at, one in enumerate(subjects.challenges)}[challenge]
        worth = np.minimum(worth, challenges[:, at])
    for row in range(len(corpus)):
        if not in_region(corpus, row, region):
            worth[row] = 0.0
    order = np.lexsort((np.arange(len(worth)), -worth))
    rows = [int(row) for row in order[:MOST_BEHIND] if worth[row] > 0]
    return {
        "corpus_version": snapshot.version,
        "total": int((worth > 0).sum()),
        "organisations": [
            organisation_json(corpus.organisations[row]) | {"strength": round(float(worth[row]), 2)}
            for row in rows
        ],
    }


def regions(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Return countries and the first level of NUTS below them, with how many are in each."""
    counts: dict[str, int] = {}
    for record in snapshot.corpus.organisations:
        place = record.place
        names = {place.country or "", (place.region or "")[:2], (place.region or "")[:3]}
        for name in names - {""}:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())
