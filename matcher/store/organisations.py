"""Organisations with their offers and needs: reading and writing rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
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
from matcher.store.database import Write
from matcher.store.facets import (
    chunks,
    delete_facet,
    facet_columns,
    facet_content,
    facet_from_row,
    ownership_columns,
)
from matcher.store.references import rename_mentions
from matcher.store.tables import AliasRow, DeletionRow, FacetRow, OrganisationRow, OwnershipRow

PRIVATE = frozenset({"contact", "competitors"})
"""What a public profile doesn't show, so whoever sends a profile may not know it."""


def keys_of(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """Return the integer keys of the public ids that the store knows, merged ones too."""
    found: dict[str, int] = {}
    for part in chunks(sorted(set(ids))):
        rows = session.execute(
            select(OrganisationRow.id, OrganisationRow.key).where(OrganisationRow.id.in_(part))
        )
        found.update((row.id, row.key) for row in rows)
        merged = session.execute(
            select(AliasRow.id, AliasRow.organisation_key).where(AliasRow.id.in_(part))
        )
        found.update((row.id, row.organisation_key) for row in merged)
    return found


def kept_ids(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return for each of the ids that was merged into another the id of that one."""
    kept: dict[str, str] = {}
    for part in chunks(sorted(set(ids))):
        rows = session.execute(
            select(AliasRow.id, OrganisationRow.id)
            .join(OrganisationRow, OrganisationRow.key == AliasRow.organisation_key)
            .where(AliasRow.id.in_(part))
        )
        kept.update((old, new) for old, new in rows)
    return kept


def get_organisation(session: Session, organisation_id: str) -> Organisation | None:
    """Return an organisation with its offers, needs and contact, or None.

    Under the id of one that was merged, the one that was kept.
    """
    found = load_organisations(session, [organisation_id]).get(organisation_id)
    kept = None if found else kept_ids(session, [organisation_id]).get(organisation_id)
    return load_organisations(session, [kept]).get(kept) if kept else found


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
        for name, value in _columns(new).items():
            setattr(row, name, value)
        row.version = write.version
        if with_facets:
            _replace_facets(write, row.key, old.facets, new.facets)
    fresh = [new for old, new in pending if old is None]
    _insert_organisations(write, fresh, with_facets=with_facets)
    write.session.flush()
    return len(pending)


def pending_organisations(
    session: Session,
    organisations: Iterable[Organisation],
    *,
    with_facets: bool = True,
    keep: Collection[str] = PRIVATE,
) -> list[tuple[Organisation | None, Organisation]]:
    """Return what `save_organisations` would write: (as stored, as it would be).

    None stands for one that isn't stored yet; those that would stay as they are aren't there.
    """
    given = _under_kept_ids(session, organisations, with_facets=with_facets)
    known = load_organisations(session, given)
    pending: list[tuple[Organisation | None, Organisation]] = []
    for organisation in given.values():
        old = known.get(organisation.id)
        new = organisation
        if old is not None:
            new = _merged(old, organisation, with_facets=with_facets, keep=keep)
            if _comparable(new) == _comparable(old):
                continue
        pending.append((old, new))
    return pending


def _under_kept_ids(
    session: Session, organisations: Iterable[Organisation], *, with_facets: bool
) -> dict[str, Organisation]:
    """Return the organisations by the id to store them under.

    A whole profile of a merged one is one of the organisation kept; what knows only a part, such
    as a list of participants, doesn't rename it.
    """
    several = list(organisations)
    merged_into = kept_ids(session, {name for one in several for name in one.competitors})
    given = {
        one.id: replace(
            one,
            competitors=tuple(dict.fromkeys(merged_into.get(n, n) for n in one.competitors)),
        )
        if one.competitors
        else one
        for one in several
    }
    for old, kept in kept_ids(session, given).items():
        merged = given.pop(old)
        if with_facets and kept not in given:
            given[kept] = replace(merged, id=kept)
    return given


def delete_organisation(write: Write, organisation_id: str, *, mentions: bool = True) -> bool:
    """Delete an organisation with its offers and needs; whether it was there.

    Evidence stays as long as somebody else owns it; the last owner takes it along. Without
    `mentions` it stays named elsewhere: the caller sees to that.
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
    if mentions:
        rename_mentions(write, row.id, None)
    write.session.delete(row)
    write.session.flush()
    return True


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
    )


def _merged(
    old: Organisation, new: Organisation, *, with_facets: bool, keep: Collection[str]
) -> Organisation:
    place = {
        name: getattr(old.place, name)
        for name in Place.__dataclass_fields__
        if name in keep and getattr(new.place, name) is None
    }
    kept = {
        name: getattr(old, name)
        for name in Organisation.__dataclass_fields__
        if name in keep and getattr(new, name) in (None, ())
    }
    new = replace(new, **kept, place=replace(new.place, **place))
    if with_facets:
        return new

    def first(name: str) -> Any:
        value = getattr(new.place, name)
        return getattr(old.place, name) if value is None else value

    unknown = new.type is OrganisationType.OTHER
    return replace(
        new,
        type=old.type if unknown else new.type,
        short_name=new.short_name or old.short_name,
        size=new.size or old.size,
        sme=old.sme if new.sme is None else new.sme,
        place=Place(*(first(name) for name in Place.__dataclass_fields__)),
        sectors=new.sectors or old.sectors,
        languages=new.languages or old.languages,
        website=new.website or old.website,
        description=new.description or old.description,
        offers=old.offers,
        needs=old.needs,
    )


def _comparable(organisation: Organisation) -> Organisation:
    return replace(
        organisation,
        offers=tuple(facet_content(facet) for facet in organisation.offers),
        needs=tuple(facet_content(facet) for facet in organisation.needs),
    )


def _columns(organisation: Organisation) -> dict[str, Any]:
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


def _insert_organisations(
    write: Write, organisations: Sequence[Organisation], *, with_facets: bool
) -> None:
    if not organisations:
        return
    write.session.execute(
        insert(OrganisationRow),
        [{**_columns(one), "version": write.version} for one in organisations],
    )
    if not with_facets:
        return
    keys = keys_of(write.session, [one.id for one in organisations])
    for one in organisations:
        _replace_facets(write, keys[one.id], (), one.facets)


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
