"""Organisations as rows: reading them, and their columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Place,
    SizeClass,
)
from matcher.store.facets import chunks, facet_from_row
from matcher.store.tables import FacetRow, OrganisationRow, OwnershipRow


def load_organisations(session: Session, ids: Iterable[str]) -> dict[str, Organisation]:
    """Return the organisations with these public ids, offers and needs in their order."""
    found: dict[str, Organisation] = {}
    for part in chunks(sorted(set(ids))):
        rows = session.scalars(select(OrganisationRow).where(OrganisationRow.id.in_(part))).all()
        facets: dict[int, list[Facet]] = {}
        owned = session.execute(
            select(OwnershipRow.organisation_key, FacetRow)
            .join(FacetRow, FacetRow.id == OwnershipRow.facet_id)
            .where(
                OwnershipRow.organisation_key.in_([row.key for row in rows]),
                FacetRow.kind != FacetKind.EVIDENCE.value,
            )
            .order_by(OwnershipRow.position, FacetRow.id)
        )
        for key, facet in owned:
            facets.setdefault(key, []).append(facet_from_row(facet))
        for row in rows:
            found[row.id] = organisation_from_row(row, facets.get(row.key, []))
    return found


def organisation_from_row(row: OrganisationRow, facets: Iterable[Facet]) -> Organisation:
    """Build the domain object from its row and facets."""
    facets = list(facets)
    contact = Contact(row.contact_name, row.contact_email, row.contact_phone)
    return Organisation(
        id=row.id,
        name=row.name,
        type=OrganisationType(row.type),
        short_name=row.short_name,
        size=SizeClass(row.size) if row.size else None,
        sme=row.sme,
        place=Place(row.city, row.country, row.region, row.latitude, row.longitude),
        sectors=tuple(row.sectors),
        languages=tuple(row.languages),
        website=row.website,
        description=row.description,
        contact=contact if contact != Contact() else None,
        competitors=tuple(row.competitors),
        offers=tuple(facet for facet in facets if facet.kind is FacetKind.OFFER),
        needs=tuple(facet for facet in facets if facet.kind is FacetKind.NEED),
        standing=row.standing,
    )


def organisation_columns(organisation: Organisation) -> dict[str, Any]:
    """Return the columns of an organisation but for its key, version and standing."""
    contact = organisation.contact or Contact()
    return {
        "id": organisation.id,
        "name": organisation.name,
        "short_name": organisation.short_name,
        "type": organisation.type.value,
        "size": organisation.size.value if organisation.size else None,
        "sme": organisation.sme,
        "city": organisation.place.city,
        "country": organisation.place.country,
        "region": organisation.place.region,
        "latitude": organisation.place.latitude,
        "longitude": organisation.place.longitude,
        "sectors": list(organisation.sectors),
        "languages": list(organisation.languages),
        "website": organisation.website,
        "description": organisation.description,
        "contact_name": contact.name,
        "contact_email": contact.email,
        "contact_phone": contact.phone,
        "competitors": list(organisation.competitors),
    }
