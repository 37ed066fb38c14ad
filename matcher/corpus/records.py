"""Converts rows of the store to the records that ranking uses."""

from __future__ import annotations

from embeddings.subjects import Subjects
from matcher.corpus.columns import FacetRecord, OrganisationRecord
from matcher.domain import FacetKind, OrganisationType, Place, SizeClass, Stage
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


def subjects_of(subjects: Subjects, row: FacetRow) -> SubjectsOf:
    """Return the domains and challenges of a facet, from its text and topics."""
    return subjects.of(row.embedded_text, row.topics)
