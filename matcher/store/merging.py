"""Two rows become one organisation."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from matcher.domain import OrganisationType, Role
from matcher.store.database import Write
from matcher.store.references import rename_mentions
from matcher.store.tables import (
    AliasRow,
    DeletionRow,
    FacetRow,
    OrganisationRow,
    OwnershipRow,
)

_FILLED = (
    "short_name size sme city country region latitude longitude sectors languages website "
    "description contact_name contact_email contact_phone competitors"
).split()
_AFTER = 10_000
"""Added to positions of what comes over, so that it stands after what was there."""


def merge_organisations(write: Write, keep: OrganisationRow, gone: OrganisationRow) -> None:
    """Move all that `gone` has to `keep`, and leave its id as an alias."""
    session = write.session
    owned = {
        row.facet_id: row
        for row in session.scalars(
            select(OwnershipRow).where(OwnershipRow.organisation_key == keep.key)
        )
    }
    theirs = session.scalars(
        select(OwnershipRow).where(OwnershipRow.organisation_key == gone.key)
    ).all()
    moved = []
    for row in theirs:
        moved.append(row.facet_id)
        held = owned.get(row.facet_id)
        if held is None:
            position = row.position if row.role else row.position + _AFTER
            values = {"organisation_key": keep.key, "position": position}
            here = (OwnershipRow.facet_id == row.facet_id) & (
                OwnershipRow.organisation_key == gone.key
            )
            session.execute(update(OwnershipRow).where(here).values(**values))
        elif row.role == Role.COORDINATOR.value:
            held.role, held.position = row.role, min(held.position, row.position)
    session.execute(delete(OwnershipRow).where(OwnershipRow.organisation_key == gone.key))
    for facet in session.scalars(select(FacetRow).where(FacetRow.id.in_(moved))):
        facet.version = write.version
    _fill(keep, gone)
    keep.version = write.version
    same = AliasRow.organisation_key == gone.key
    session.execute(update(AliasRow).where(same).values(organisation_key=keep.key))
    session.add(AliasRow(id=gone.id, organisation_key=keep.key))
    session.flush()
    rename_mentions(write, gone.id, keep.id)
    session.add(DeletionRow(kind="organisation", key=gone.key, version=write.version))
    session.flush()
    session.execute(delete(OrganisationRow).where(OrganisationRow.key == gone.key))


def _fill(keep: OrganisationRow, gone: OrganisationRow) -> None:
    for name in _FILLED:
        if getattr(keep, name) in (None, "", []):
            setattr(keep, name, getattr(gone, name))
    if keep.type == OrganisationType.OTHER.value:
        keep.type = gone.type
