"""Public ids of organisations: their keys, and where the ids of merged ones lead."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.store.facets import chunks
from matcher.store.tables import AliasRow, OrganisationRow


def keys_of(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """Return the integer keys of the public ids that the store knows.

    The id of a merged organisation has the key of the one that was kept.
    """
    keys: dict[str, int] = {}
    for part in chunks(sorted(set(ids))):
        rows = session.execute(
            select(OrganisationRow.id, OrganisationRow.key).where(OrganisationRow.id.in_(part))
        )
        keys.update((row.id, row.key) for row in rows)
        merged = session.execute(
            select(AliasRow.id, AliasRow.organisation_key).where(AliasRow.id.in_(part))
        )
        keys.update((row.id, row.organisation_key) for row in merged)
    return keys


def kept_ids(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return, for those of the ids that were merged into another, the id that was kept."""
    kept: dict[str, str] = {}
    for part in chunks(sorted(set(ids))):
        rows = session.execute(
            select(AliasRow.id, OrganisationRow.id)
            .join(OrganisationRow, OrganisationRow.key == AliasRow.organisation_key)
            .where(AliasRow.id.in_(part))
        )
        kept.update((old, new) for old, new in rows)
    return kept
