"""The strengths map: what a region is strong in, by domain and challenge, against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from embeddings.lexicon import lexicon_of
from embeddings.subjects import Subjects
from matcher.arrays import Floats, Mask
from matcher.corpus.snapshot import Snapshot
from matcher.insights.pairs import in_region
from matcher.insights.specialisation import location_quotients, strength_table
from matcher.needs.comparison import offer_facets
from matcher.presenters import facet_json, name_json, organisation_json
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_NAMED = 3
MAX_BEHIND = 100
MAX_SAID = 4


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
        order = np.lexsort((np.arange(len(worth)), -worth))[:MAX_NAMED]
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
    usable = offer_facets(corpus)
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


def quotients(here: dict[str, Any], everywhere: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Return the location quotient of each domain and challenge of a region.

    Both are what `strengths` returns, `everywhere` with an empty region. A cell of a region is
    compared with all of its cells, as `location_quotients` does.
    """
    numbers = [_cell_strengths(one) for one in (here, everywhere)]
    keys = list(numbers[0])
    inside, all_of_it = (np.array([one[key] for key in keys]) for one in numbers)
    found = location_quotients(np.stack([inside, np.maximum(all_of_it - inside, 0.0)]))[0]
    return dict(zip(keys, found.tolist(), strict=True))


def _cell_strengths(table: dict[str, Any]) -> dict[tuple[str, str], float]:
    return {
        (row["domain"]["id"], challenge): cell["strength"]
        for row in sorted(table["domains"], key=lambda row: str(row["domain"]["id"]))
        for challenge, cell in row["challenges"].items()
    }


def behind(
    snapshot: Snapshot,
    store: Store,
    region: str,
    domain: str,
    challenge: str = "",
    limit: int = MAX_BEHIND,
    offset: int = 0,
) -> dict[str, Any]:
    """Return the organisations that make a region strong in a domain, the strongest first.

    With a challenge, those that speak of both. Each has its sectors, offers and past projects that
    count; of the latter two the first that are MAX_SAID, those that speak of both before others.
    Raises KeyError for a domain or challenge that isn't told apart.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    wanted = _numbers(subjects, domain, challenge)
    domains, challenges = _memberships(snapshot, subjects)
    worth = domains[:, wanted[0]].copy()
    if wanted[1] is not None:
        worth = np.minimum(worth, challenges[:, wanted[1]])
    for row in range(len(corpus)):
        if not in_region(corpus, row, region):
            worth[row] = 0.0
    order = np.lexsort((np.arange(len(worth)), -worth))
    rows = [int(row) for row in order[offset : offset + limit] if worth[row] > 0]
    usable = offer_facets(corpus)
    said = {row: _said(snapshot, usable, row, wanted) for row in rows}
    with store.reading() as session:
        facets = load_facets(session, [one for row in rows for one in said[row][:MAX_SAID]])
    return {
        "corpus_version": snapshot.version,
        "total": int((worth > 0).sum()),
        "organisations": [
            organisation_json(corpus.organisations[row])
            | {
                "strength": round(float(worth[row]), 2),
                "said": [facet_json(facets[one]) for one in said[row][:MAX_SAID] if one in facets],
                "more_said": max(0, len(said[row]) - MAX_SAID),
                "stated": [
                    sector
                    for sector in corpus.organisations[row].sectors
                    if _speaks(subjects.of("", sectors=(sector,)), wanted)
                ],
            }
            for row in rows
        ],
    }


Wanted = tuple[int, int | None]


def _numbers(subjects: Subjects, domain: str, challenge: str) -> Wanted:
    number = {one.id: at for at, one in enumerate(subjects.domains)}[domain]
    if not challenge:
        return number, None
    return number, {one.id: at for at, one in enumerate(subjects.challenges)}[challenge]


def _speaks(spoken: tuple[Sequence[int], Sequence[int]], wanted: Wanted) -> int:
    """Return of how many of the two that are wanted something speaks."""
    return (wanted[0] in spoken[0]) + (wanted[1] is not None and wanted[1] in spoken[1])


def _said(snapshot: Snapshot, usable: Mask, row: int, wanted: Wanted) -> list[int]:
    """Return the ids of an organisation's facets that are `usable` (m,) and count."""
    corpus = snapshot.corpus
    spoken = {
        corpus.facets[place].id: _speaks(snapshot.subjects_of(corpus.facets[place].id), wanted)
        for place in corpus.facets_owned([row]).tolist()
        if usable[place]
    }
    return sorted((one for one, count in spoken.items() if count), key=lambda one: -spoken[one])


def regions(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Return countries and the first two levels of NUTS below them, with how many are in each."""
    counts: dict[str, int] = {}
    for record in snapshot.corpus.organisations:
        place = record.place
        levels = {(place.region or "")[:length] for length in (2, 3, 4)}
        names = levels | {place.country or ""}
        for name in names - {""}:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())
