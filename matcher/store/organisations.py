"""Writing and deleting organisations with their offers and needs; reading one by its id."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from matcher.domain import Facet, Organisation
from matcher.store.aliases import kept_ids, keys_of
from matcher.store.database import Write
from matcher.store.facets import (
    chunks,
    delete_facet,
    facet_columns,
    facet_content,
    ownership_columns,
)
from matcher.store.organisation_rows import load_organisations, organisation_columns
from matcher.store.organisation_updates import PRIVATE, pending_organisations
from matcher.store.references import rename_references
from matcher.store.tables import DeletionRow, FacetRow, OrganisationRow, OwnershipRow


def get_organisation(session: Session, organisation_id: str) -> Organisation | None:
    """Return an organisation with its offers, needs and contact, or None.

    Under the id of one that was merged, the one that was kept.
    """
    found = load_organisations(session, [organisation_id]).get(organisation_id)
    kept = None if found else kept_ids(session, [organisation_id]).get(organisation_id)
    return load_organisations(session, [kept]).get(kept) if kept else found


def save_organisation(write: Write, organisation: Organisation, *, keep: Collection[str]) -> bool:
    """Insert or update one organisation with its offers and needs; whether anything changed.

    Of what is in `keep`, out of PRIVATE, the stored value stays when the new record has none.
    """
    return save_organisations(write, [organisation], keep=keep) == 1


def save_organisations(
    write: Write,
    organisations: Iterable[Organisation],
    *,
    with_facets: bool = True,
    keep: Collection[str] = PRIVATE,
) -> int:
    """Insert or update organisations; returns how many were new or changed.

    With `with_facets=False` the offers and needs that are stored stay as they are, and so does
    every stored value where the new record has none: the source knows only a part. What is named
    in `keep` stays where the new record has none of it.
    """
    pending = pending_organisations(
        write.session, organisations, with_facets=with_facets, keep=keep
    )
    rows: dict[str, OrganisationRow] = {}
    for part in chunks(sorted(new.id for old, new in pending if old is not None)):
        query = select(OrganisationRow).where(OrganisationRow.id.in_(part))
        rows.update((row.id, row) for row in write.session.scalars(query))
    for old, new in pending:
        if old is None:
            continue
        row = rows[new.id]
        for name, value in organisation_columns(new).items():
            setattr(row, name, value)
        row.version = write.version
        if with_facets:
            _replace_facets(write, row.key, old.facets, new.facets)
    fresh = [new for old, new in pending if old is None]
    _insert_organisations(write, fresh, with_facets=with_facets)
    write.session.flush()
    return len(pending)


def delete_organisation(write: Write, organisation_id: str, *, references: bool = True) -> bool:
    """Delete an organisation with its offers and needs; whether it was there.

    Evidence stays as long as somebody else owns it; the last owner takes it along. With
    `references=False`, references to it are left to the caller.
    """
    kept = kept_ids(write.session, [organisation_id]).get(organisation_id, organisation_id)
    row = write.session.scalar(select(OrganisationRow).where(OrganisationRow.id == kept))
    if row is None:
        return False
    owned = write.session.scalars(
        select(OwnershipRow.facet_id).where(OwnershipRow.organisation_key == row.key)
    ).all()
    write.session.execute(delete(OwnershipRow).where(OwnershipRow.organisation_key == row.key))
    for facet_id in owned:
        others = select(OwnershipRow.facet_id).where(OwnershipRow.facet_id == facet_id).limit(1)
        if write.session.scalar(others) is None:
            delete_facet(write, facet_id)
    write.session.add(DeletionRow(kind="organisation", key=row.key, version=write.version))
    if references:
        rename_references(write, row.id, None)
    write.session.delete(row)
    write.session.flush()
    return True


def _insert_organisations(
    write: Write, organisations: Sequence[Organisation], *, with_facets: bool
) -> None:
    if not organisations:
        return
    write.session.execute(
        insert(OrganisationRow),
        [
            {**organisation_columns(organisation), "version": write.version}
            for organisation in organisations
        ],
    )
    if not with_facets:
        return
    keys = keys_of(write.session, [organisation.id for organisation in organisations])
    for organisation in organisations:
        _replace_facets(write, keys[organisation.id], (), organisation.facets)


def _replace_facets(write: Write, key: int, old: Sequence[Facet], new: Sequence[Facet]) -> None:
    """Make `new` the offers and needs of an organisation; equal statements keep their id."""
    left = {(facet.kind, facet.text): facet for facet in old}
    for position, facet in enumerate(new):
        kept = left.pop((facet.kind, facet.text), None)
        if kept is None or kept.id is None:
            row = FacetRow(**facet_columns(facet), version=write.version)
            write.session.add(row)
            write.session.flush()
            owner = OwnershipRow(**ownership_columns(row.id, key, position=position))
            write.session.add(owner)
            continue
        stored = write.session.get_one(FacetRow, kept.id)
        if facet_content(kept) != facet_content(facet):
            for name, value in facet_columns(facet).items():
                setattr(stored, name, value)
            stored.version = write.version
        owner = write.session.get_one(OwnershipRow, (kept.id, key))
        owner.position = position
    for facet in left.values():
        if facet.id is not None:
            delete_facet(write, facet.id)
