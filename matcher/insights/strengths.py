"""The strengths map: what a region is strong in, by domain and challenge, against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embeddings.subjects import Subject
from matcher.arrays import Floats
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import subjects_in
from matcher.insights.memberships import memberships
from matcher.insights.scope import organisations_in
from matcher.insights.specialisation import StrengthTable, location_quotients, strength_table
from matcher.presenters import OrganisationName, organisation_name

MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class StrengthCell:
    """What a region has in a domain and a challenge together."""

    organisations: int
    strength: float


@dataclass(frozen=True, slots=True)
class DomainStrength:
    """What a region has in a domain."""

    domain: Subject
    organisations: int
    strength: float
    location_quotient: float
    """Above 1: more than elsewhere."""
    relatedness_density: float
    """0 to 100: how near its specialisations are."""
    strongest: tuple[OrganisationName, ...]
    challenges: dict[str, StrengthCell]
    """By the id of the challenge."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """The strengths map of a region."""

    corpus_version: int
    region: str
    organisations: int
    challenges: tuple[Subject, ...]
    domains: tuple[DomainStrength, ...]
    """The strongest first."""
    cached: bool = False


def strengths(snapshot: Snapshot, region: str) -> Strengths:
    """Return organisations and strength of a region per domain and challenge.

    The strength of a domain is the sum of the memberships of the region's organisations in it. An
    empty region is the whole corpus.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    domains, challenges = memberships(snapshot, subjects)
    inside = organisations_in(corpus, region)
    table = strength_table(domains, challenges, inside)
    rows = [
        _domain_strength(
            snapshot,
            domain,
            number,
            subjects.challenges,
            table,
            np.where(inside, domains[:, number], 0.0),
        )
        for number, domain in enumerate(subjects.domains)
    ]
    return Strengths(
        corpus_version=snapshot.version,
        region=region,
        organisations=int(inside.sum()),
        challenges=tuple(subjects.challenges),
        domains=tuple(sorted(rows, key=lambda row: (-row.strength, row.domain.id))),
    )


def _domain_strength(
    snapshot: Snapshot,
    domain: Subject,
    number: int,
    challenges: tuple[Subject, ...],
    table: StrengthTable,
    membership: Floats,
) -> DomainStrength:
    """Return what the region has in the domain of a number; `membership` (n,) is 0 outside it."""
    order = np.lexsort((np.arange(len(membership)), -membership))[:MAX_NAMED]
    return DomainStrength(
        domain=domain,
        organisations=int(table.organisations[number]),
        strength=round(float(table.strength[number]), 3),
        location_quotient=round(float(table.quotient[number]), 3),
        relatedness_density=round(float(table.density[number]), 2),
        strongest=tuple(
            organisation_name(snapshot.corpus, int(row)) for row in order if membership[row] > 0
        ),
        challenges={
            challenge.id: StrengthCell(
                int(table.cell_organisations[number, column]),
                round(float(table.cell_strength[number, column]), 3),
            )
            for column, challenge in enumerate(challenges)
        },
    )


def quotients(region: Strengths, everywhere: Strengths) -> dict[tuple[str, str], float]:
    """Return the location quotient of each domain and challenge of a region, by their ids.

    `everywhere` are the strengths of an empty region. A cell of a region is compared with all of
    its cells, as `location_quotients` does.
    """
    here, total = _cell_strengths(region), _cell_strengths(everywhere)
    cells = list(here)
    inside, overall = (np.array([table[cell] for cell in cells]) for table in (here, total))
    found = location_quotients(np.stack([inside, np.maximum(overall - inside, 0.0)]))[0]
    return dict(zip(cells, found.tolist(), strict=True))


def _cell_strengths(table: Strengths) -> dict[tuple[str, str], float]:
    return {
        (row.domain.id, challenge): cell.strength
        for row in sorted(table.domains, key=lambda row: row.domain.id)
        for challenge, cell in row.challenges.items()
    }
