"""Converts rows of the store to the records that ranking uses."""

from __future__ import annotations

from collections.abc import Mapping

from embeddings.subjects import Subjects
from matcher.corpus.columns import FacetRecord, OrganisationRecord
from matcher.domain import FacetKind, OrganisationType, Place, SizeClass, Stage
from matcher.store.changes import Changes
from matcher.store.tables import FacetRow, OrganisationRow

SubjectsOf = tuple[tuple[int, ...], tuple[int, ...]]
"""Numbers of domains and of challenges."""


def organisation_record(row: OrganisationRow) -> OrganisationRecord:
    """Convert an organisation."""
    return OrganisationRecord(
        key=row.key,
        id=row.id,
        name=row.name,
        type=OrganisationType(row.type),
        place=Place(row.city, row.country, row.region, row.latitude, row.longitude),
        sme=row.sme,
        sectors=tuple(row.sectors),
        size=SizeClass(row.size) if row.size else None,
        competitors=tuple(row.competitors),
    )


def facet_record(row: FacetRow, owners: tuple[int, ...]) -> FacetRecord:
    """Convert a facet; `owners` are organisation keys, the coordinator first."""
    return FacetRecord(
        id=row.id,
        kind=FacetKind(row.kind),
        year=row.year,
        stage=Stage(row.stage) if row.stage else None,
        valid_until=row.valid_until,
        topics=tuple(row.topics),
        owners=owners,
    )


def apply_changes(
    changes: Changes,
    organisations: Mapping[int, OrganisationRecord],
    facets: Mapping[int, FacetRecord],
) -> tuple[dict[int, OrganisationRecord], dict[int, FacetRecord]]:
    """Return records of organisations by key, and of facets by id, with changes applied."""
    organisations, facets = dict(organisations), dict(facets)
    for key in changes.deleted_organisations:
        organisations.pop(key, None)
    for key in changes.deleted_facets:
        facets.pop(key, None)
    organisations.update((row.key, organisation_record(row)) for row in changes.organisations)
    facets.update((row.id, facet_record(row, changes.owner_keys(row.id))) for row in changes.facets)
    return organisations, facets


def subjects_of(subjects: Subjects, row: FacetRow) -> SubjectsOf:
    """Return the domains and challenges of a facet, from its text and topics."""
    return subjects.of(row.embedded_text, row.topics)
