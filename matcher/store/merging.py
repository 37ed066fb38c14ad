"""Making one organisation of two rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from matcher.domain import OrganisationType, Role
from matcher.store.account_tables import ProfileRow
from matcher.store.database import Write
from matcher.store.references import rename_references
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
"""Added to the positions of statements that are moved: they stand after those already there."""


def merge_organisations(write: Write, keep: OrganisationRow, gone: OrganisationRow) -> None:
    """Move all that `gone` has to `keep`, and leave its id as an alias of it."""
    session = write.session
    moved = _move_ownerships(session, keep.key, gone.key)
    for facet in session.scalars(select(FacetRow).where(FacetRow.id.in_(moved))):
        facet.version = write.version
    owned = all(session.get(ProfileRow, one.id) is not None for one in (keep, gone))
    # Of two owners the one that stays chose whom to give as its contact.
    _fill(keep, gone, [name for name in _FILLED if not (owned and name.startswith("contact_"))])
    keep.version = write.version
    aliases = update(AliasRow).where(AliasRow.organisation_key == gone.key)
    session.execute(aliases.values(organisation_key=keep.key))
    session.add(AliasRow(id=gone.id, organisation_key=keep.key))
    session.flush()
    rename_references(write, gone.id, keep.id)
    session.add(DeletionRow(kind="organisation", key=gone.key, version=write.version))
    session.flush()
    session.execute(delete(OrganisationRow).where(OrganisationRow.key == gone.key))


def _move_ownerships(session: Session, keep: int, gone: int) -> list[int]:
    """Make `keep` the owner of what `gone` owns; returns the ids of those facets.

    Where both took part in a project, who coordinates it stands first, as the coordinator did.
    """
    owned = {
        owner.facet_id: owner
        for owner in session.scalars(
            select(OwnershipRow).where(OwnershipRow.organisation_key == keep)
        )
    }
    moving = session.scalars(
        select(OwnershipRow).where(OwnershipRow.organisation_key == gone)
    ).all()
    for owner in moving:
        own = owned.get(owner.facet_id)
        if own is None:
            position = owner.position if owner.role else owner.position + _AFTER
            here = (OwnershipRow.facet_id == owner.facet_id) & (
                OwnershipRow.organisation_key == gone
            )
            values = {"organisation_key": keep, "position": position}
            session.execute(update(OwnershipRow).where(here).values(**values))
        elif owner.role == Role.COORDINATOR.value:
            own.role, own.position = owner.role, min(own.position, owner.position)
    session.execute(delete(OwnershipRow).where(OwnershipRow.organisation_key == gone))
    return [owner.facet_id for owner in moving]


def _fill(keep: OrganisationRow, gone: OrganisationRow, names: Sequence[str]) -> None:
    for name in names:
        if getattr(keep, name) in (None, "", []):
            setattr(keep, name, getattr(gone, name))
    if keep.type == OrganisationType.OTHER.value:
        keep.type = gone.type
