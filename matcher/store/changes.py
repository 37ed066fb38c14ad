"""The changes since a corpus version, with which a worker catches up."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.store.database import current_revision
from matcher.store.facets import chunks
from matcher.store.tables import (
    DeletionRow,
    FacetRow,
    OrganisationRow,
    OwnershipRow,
)


@dataclass(slots=True)
class Changes:
    """Rows written after one version, up to and including `version`."""

    version: int
    organisations: list[OrganisationRow] = field(default_factory=list)
    facets: list[FacetRow] = field(default_factory=list)
    owners: dict[int, list[OwnershipRow]] = field(default_factory=dict)
    """All owners of every facet in `facets`, by facet id."""
    deleted_organisations: list[int] = field(default_factory=list)
    deleted_facets: list[int] = field(default_factory=list)
    mark: str = ""
    """The mark of `version`."""

    def owner_keys(self, facet_id: int) -> tuple[int, ...]:
        """Return the keys of the organisations that own a facet, in their order."""
        return tuple(owner.organisation_key for owner in self.owners.get(facet_id, []))


def changes_since(session: Session, version: int) -> Changes:
    """Read what was written after `version` (-1 for everything), in one transaction."""
    newest, mark = current_revision(session)
    changes = Changes(version=newest, mark=mark)
    if newest == version:
        return changes
    organisations = select(OrganisationRow).where(
        OrganisationRow.version > version, OrganisationRow.version <= newest
    )
    changes.organisations = list(session.scalars(organisations.order_by(OrganisationRow.key)))
    facets = select(FacetRow).where(FacetRow.version > version, FacetRow.version <= newest)
    changes.facets = list(session.scalars(facets.order_by(FacetRow.id)))
    for part in chunks([row.id for row in changes.facets]):
        owned = select(OwnershipRow).where(OwnershipRow.facet_id.in_(part))
        for owner in session.scalars(owned.order_by(OwnershipRow.position)):
            changes.owners.setdefault(owner.facet_id, []).append(owner)
    for deletion in session.scalars(select(DeletionRow).where(DeletionRow.version > version)):
        keys = changes.deleted_facets if deletion.kind == "facet" else changes.deleted_organisations
        keys.append(deletion.key)
    return changes


def count_changes(session: Session, version: int) -> int:
    """Return how many organisations and facets were written or deleted after `version`."""
    tables = OrganisationRow, FacetRow, DeletionRow
    counts = [select(func.count()).where(table.version > version) for table in tables]
    return sum(session.execute(count).scalar_one() for count in counts)
