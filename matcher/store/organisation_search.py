"""Looking for organisations by the words of their names, towns, offers and needs."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from matcher.domain import FacetKind, Organisation, OrganisationType
from matcher.store.organisation_rows import organisation_from_row
from matcher.store.tables import FacetRow, OrganisationRow, OwnershipRow


def search_organisations(
    session: Session,
    text: str = "",
    *,
    type: OrganisationType | None = None,
    country: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> tuple[int, list[Organisation]]:
    """Return how many organisations fit, and one page of them by name, without facets.

    `text` is looked for in name, short name, city and in the texts of offers and needs.
    """
    query = select(OrganisationRow).where(*_holding(text))
    if type is not None:
        query = query.where(OrganisationRow.type == type.value)
    if country:
        query = query.where(OrganisationRow.country == country)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.order_by(OrganisationRow.name, OrganisationRow.id).limit(limit).offset(offset)
    return total, [organisation_from_row(row, []) for row in session.scalars(page)]


def matching_keys(session: Session, text: str) -> set[int]:
    """Return the keys of the organisations that search_organisations finds for a text."""
    return set(session.scalars(select(OrganisationRow.key).where(*_holding(text))))


def _holding(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that every word stands in a name, the city, an offer or a need."""
    conditions = []
    for word in text.split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        owners = (
            select(OwnershipRow.organisation_key)
            .join(FacetRow, FacetRow.id == OwnershipRow.facet_id)
            .where(
                FacetRow.kind != FacetKind.EVIDENCE.value,
                FacetRow.text.ilike(pattern, escape="\\"),
            )
        )
        conditions.append(
            or_(
                OrganisationRow.name.ilike(pattern, escape="\\"),
                OrganisationRow.short_name.ilike(pattern, escape="\\"),
                OrganisationRow.city.ilike(pattern, escape="\\"),
                OrganisationRow.key.in_(owners),
            )
        )
    return conditions
