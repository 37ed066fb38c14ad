"""The organisations behind a cell of the strengths map, with the statements that put them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.subjects import Subject, Subjects
from matcher.arrays import Mask, Rows
from matcher.corpus.filters import offer_facets
from matcher.corpus.records import OrganisationRecord
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import subjects_in
from matcher.domain import Facet
from matcher.insights.memberships import memberships
from matcher.insights.scope import organisations_in
from matcher.presenters import FacetBrief, OrganisationBrief, facet_brief, organisation_brief
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_ORGANISATIONS = 100
MAX_STATEMENTS = 4


@dataclass(frozen=True, slots=True)
class StrongOrganisation:
    """An organisation and why it counts."""

    organisation: OrganisationBrief
    strength: float
    statements: tuple[FacetBrief, ...]
    """The first of its offers and past projects that count."""
    more_statements: int
    """How many more count."""
    sectors: tuple[str, ...]
    """The sectors that it states and that count."""


@dataclass(frozen=True, slots=True)
class StrongOrganisations:
    """One page of organisations, the strongest first."""

    corpus_version: int
    total: int
    organisations: tuple[StrongOrganisation, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    """The number of a domain, and that of a challenge."""

    domain: int
    challenge: int | None

    def matches(self, numbers: tuple[Sequence[int] | Rows, Sequence[int] | Rows]) -> int:
        """Return how many of the cell's subjects are among domain and challenge numbers."""
        domains, challenges = numbers
        in_challenge = self.challenge is not None and self.challenge in challenges
        return int(self.domain in domains) + int(in_challenge)


def strong_organisations(
    snapshot: Snapshot,
    store: Store,
    region: str,
    domain: str,
    challenge: str = "",
    limit: int = MAX_ORGANISATIONS,
    offset: int = 0,
) -> StrongOrganisations:
    """Return the organisations that make a region strong in a domain, the strongest first.

    With a challenge, those that are in both. Each comes with the sectors, offers and past projects
    that count; of the latter two at most MAX_STATEMENTS, those that speak of both before others.
    Raises KeyError for an unknown domain or challenge.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    cell = _cell(subjects, domain, challenge)
    domains, challenges = memberships(snapshot, subjects)
    membership = domains[:, cell.domain]
    if cell.challenge is not None:
        membership = np.minimum(membership, challenges[:, cell.challenge])
    membership = np.where(organisations_in(corpus, region), membership, 0.0)
    order = np.lexsort((np.arange(len(membership)), -membership))
    rows = [int(row) for row in order[offset : offset + limit] if membership[row] > 0]
    usable = offer_facets(corpus)
    ids = {row: _statement_ids(snapshot, usable, row, cell) for row in rows}
    with store.reading() as session:
        facets = load_facets(session, [key for row in rows for key in ids[row][:MAX_STATEMENTS]])
    return StrongOrganisations(
        corpus_version=snapshot.version,
        total=int((membership > 0).sum()),
        organisations=tuple(
            StrongOrganisation(
                organisation=organisation_brief(corpus.organisation(row)),
                strength=round(float(membership[row]), 2),
                statements=_quoted(facets, ids[row]),
                more_statements=max(0, len(ids[row]) - MAX_STATEMENTS),
                sectors=_sectors(subjects, corpus.organisation(row), cell),
            )
            for row in rows
        ),
    )


def _quoted(facets: dict[int, Facet], ids: Sequence[int]) -> tuple[FacetBrief, ...]:
    """Return the first statements; those that were deleted meanwhile are left out."""
    return tuple(facet_brief(facets[key]) for key in ids[:MAX_STATEMENTS] if key in facets)


def _sectors(subjects: Subjects, record: OrganisationRecord, cell: _Cell) -> tuple[str, ...]:
    """Return the sectors of an organisation that are in a cell."""
    return tuple(
        sector for sector in record.sectors if cell.matches(subjects.of("", sectors=(sector,)))
    )


def _cell(subjects: Subjects, domain: str, challenge: str) -> _Cell:
    return _Cell(
        _numbers(subjects.domains)[domain],
        _numbers(subjects.challenges)[challenge] if challenge else None,
    )


def _numbers(subjects: Sequence[Subject]) -> dict[str, int]:
    return {subject.id: number for number, subject in enumerate(subjects)}


def _statement_ids(snapshot: Snapshot, usable: Mask, row: int, cell: _Cell) -> list[int]:
    """Return the ids of an organisation's usable (m,) facets in a cell, those in both first."""
    corpus = snapshot.corpus
    matches = {
        int(corpus.facet_ids[facet]): cell.matches(
            (corpus.domains.at(facet), corpus.challenges.at(facet))
        )
        for facet in corpus.facets_owned([row]).tolist()
        if usable[facet]
    }
    return sorted((key for key, count in matches.items() if count), key=lambda key: -matches[key])
