"""Organisations, their offers and needs, and shared evidence: reading and writing rows."""

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
    Participation,
    Place,
    Project,
    Role,
    SizeClass,
    Stage,
)
from matcher.store.database import Write
from matcher.store.mentions import rename_mentions
from matcher.store.models import AliasRow, DeletionRow, FacetRow, OrganisationRow, OwnershipRow

CHUNK = 500
"""Values in one IN list; SQLite's limit on variables is far above it."""
PRIVATE = frozenset({"contact", "competitors"})
"""What a public profile doesn't show, so whoever sends a profile may not know it."""


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Cut a sequence into pieces of CHUNK values."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


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
            _delete_facet(write, facet_id)
    write.session.add(DeletionRow(kind="organisation", key=row.key, version=write.version))
    if mentions:
        rename_mentions(write, row.id, None)
    write.session.delete(row)
    write.session.flush()
    return True


def save_projects(write: Write, projects: Iterable[Project]) -> int:
    """Insert or update evidence with its owners; returns how many were new or changed.

    The owners given are all owners of that evidence. Owners that the store doesn't know raise
    KeyError: save organisations first.
    """
    given = {str(project.facet.source): project for project in projects}
    keys = keys_of(
        write.session,
        {owner.organisation_id for p in given.values() for owner in p.participations},
    )
    rows, owners = _known_evidence(write.session, list(given))
    changed = 0
    for source, project in given.items():
        wanted: dict[int, tuple[str | None, int | None, int]] = {}
        for position, owner in enumerate(project.participations):
            key = keys[owner.organisation_id]
            if key not in wanted or owner.role is Role.COORDINATOR:
                wanted[key] = (owner.role.value, owner.year, position)
        row = rows.get(source)
        if row is not None:
            same = _facet_content(facet_from_row(row)) == _facet_content(project.facet)
            if same and owners.get(row.id, {}) == wanted:
                continue
            write.session.execute(delete(OwnershipRow).where(OwnershipRow.facet_id == row.id))
            for name, value in facet_columns(project.facet).items():
                setattr(row, name, value)
            row.version = write.version
        else:
            row = FacetRow(**facet_columns(project.facet), version=write.version)
            write.session.add(row)
            write.session.flush()
        changed += 1
        if wanted:
            write.session.execute(
                insert(OwnershipRow),
                [
                    _ownership(row.id, key, position=position, role=role, year=year)
                    for key, (role, year, position) in wanted.items()
                ],
            )
    write.session.flush()
    return changed


def pending_projects(
    session: Session, projects: Iterable[Project]
) -> list[tuple[Project | None, Project]]:
    """Return what `save_projects` would write: (as stored, as it would be), owners as kept.

    Owners that aren't stored yet are taken to be organisations that will be.
    """
    given = {str(project.facet.source): project for project in projects}
    kept = kept_ids(session, {o.organisation_id for p in given.values() for o in p.participations})
    known = projects_by_source(session, given)
    pending: list[tuple[Project | None, Project]] = []
    for source, project in given.items():
        owners: dict[str, Participation] = {}
        for owner in project.participations:
            name = kept.get(owner.organisation_id, owner.organisation_id)
            if name not in owners or owner.role is Role.COORDINATOR:
                owners.pop(name, None)
                owners[name] = replace(owner, organisation_id=name)
        new = replace(project, participations=tuple(owners.values()))
        old = known.get(source)
        if old is not None and _facet_content(old.facet) == _facet_content(new.facet):
            if old.participations == new.participations:
                continue
        pending.append((old, new))
    return pending


def projects_by_source(session: Session, sources: Iterable[str]) -> dict[str, Project]:
    """Return the evidence with these sources, each with its owners."""
    found: dict[str, Project] = {}
    for part in chunks(sorted(set(sources))):
        rows = session.scalars(select(FacetRow).where(FacetRow.source.in_(part))).all()
        owners = participations_of(session, [row.id for row in rows])
        for row in rows:
            mine = tuple(owners.get(row.id, ()))
            found[str(row.source)] = Project(facet_from_row(row), mine)
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
    )


def facet_from_row(row: FacetRow) -> Facet:
    """Build the domain object from its row."""
    return Facet(
        id=row.id,
        kind=FacetKind(row.kind),
        title=row.title,
        text=row.text,
        source=row.source,
        language=row.language,
        stage=Stage(row.stage) if row.stage else None,
        trl_min=row.trl_min,
        trl_max=row.trl_max,
        certifications=tuple(row.certifications),
        topics=tuple(row.topics),
        valid_until=row.valid_until,
        year=row.year,
    )


def participations_of(session: Session, facet_ids: Iterable[int]) -> dict[int, list[Participation]]:
    """Return the owners of each of these facets, in their order."""
    found: dict[int, list[Participation]] = {}
    for part in chunks(sorted(set(facet_ids))):
        rows = session.execute(
            select(OwnershipRow, OrganisationRow.id)
            .join(OrganisationRow, OrganisationRow.key == OwnershipRow.organisation_key)
            .where(OwnershipRow.facet_id.in_(part))
            .order_by(OwnershipRow.position, OrganisationRow.id)
        )
        for owner, public_id in rows:
            role = Role(owner.role or Role.PARTICIPANT)
            found.setdefault(owner.facet_id, []).append(Participation(public_id, role, owner.year))
    return found


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
        offers=tuple(_facet_content(facet) for facet in organisation.offers),
        needs=tuple(_facet_content(facet) for facet in organisation.needs),
    )


def _facet_content(facet: Facet) -> Facet:
    return replace(facet, id=None, language=None)  # detected, not stated


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


def facet_columns(facet: Facet) -> dict[str, Any]:
    """Return the columns of a facet."""
    return {
        "kind": facet.kind.value,
        "title": facet.title,
        "text": facet.text,
        "source": facet.source,
        "language": facet.language,
        "stage": facet.stage.value if facet.stage else None,
        "trl_min": facet.trl_min,
        "trl_max": facet.trl_max,
        "certifications": list(facet.certifications),
        "topics": list(facet.topics),
        "valid_until": facet.valid_until,
        "year": facet.year,
    }


def _ownership(
    facet_id: int, key: int, *, position: int, role: str | None = None, year: int | None = None
) -> dict[str, Any]:
    return {
        "facet_id": facet_id,
        "organisation_key": key,
        "position": position,
        "role": role,
        "year": year,
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
            owner = OwnershipRow(**_ownership(row.id, key, position=position))
            write.session.add(owner)
            continue
        stored = write.session.get_one(FacetRow, kept.id)
        if _facet_content(kept) != _facet_content(facet):
            for name, value in facet_columns(facet).items():
                setattr(stored, name, value)
            stored.version = write.version
        owner = write.session.get_one(OwnershipRow, (kept.id, key))
        owner.position = position
    for facet in left.values():
        if facet.id is not None:
            _delete_facet(write, facet.id)


def _delete_facet(write: Write, facet_id: int) -> None:
    write.session.execute(delete(OwnershipRow).where(OwnershipRow.facet_id == facet_id))
    write.session.execute(delete(FacetRow).where(FacetRow.id == facet_id))
    write.session.add(DeletionRow(kind="facet", key=facet_id, version=write.version))


def _known_evidence(
    session: Session, sources: list[str]
) -> tuple[dict[str, FacetRow], dict[int, dict[int, tuple[str | None, int | None, int]]]]:
    rows: dict[str, FacetRow] = {}
    owners: dict[int, dict[int, tuple[str | None, int | None, int]]] = {}
    for part in chunks(sources):
        found = session.scalars(select(FacetRow).where(FacetRow.source.in_(part))).all()
        rows.update((str(row.source), row) for row in found)
        ids = [row.id for row in found]
        for owner in session.scalars(select(OwnershipRow).where(OwnershipRow.facet_id.in_(ids))):
            held = owners.setdefault(owner.facet_id, {})
            held[owner.organisation_key] = (owner.role, owner.year, owner.position)
    return rows, owners


def embedded_texts(session: Session) -> tuple[list[int], list[str]]:
    """Return the ids of all facets, ascending, and the text that the encoder sees of each."""
    rows = session.execute(select(FacetRow.id, FacetRow.title, FacetRow.text).order_by(FacetRow.id))
    ids: list[int] = []
    texts: list[str] = []
    for row in rows:
        ids.append(row.id)
        texts.append(f"{row.title}\n{row.text}" if row.title else row.text)
    return ids, texts


def load_facets(session: Session, ids: Iterable[int]) -> dict[int, Facet]:
    """Return the facets with these ids."""
    found: dict[int, Facet] = {}
    for part in chunks(sorted(set(ids))):
        for row in session.scalars(select(FacetRow).where(FacetRow.id.in_(part))):
            found[row.id] = facet_from_row(row)
    return found


def load_projects(session: Session) -> list[Project]:
    """Return all evidence with its owners, by source."""
    rows = session.scalars(
        select(FacetRow)
        .where(FacetRow.kind == FacetKind.EVIDENCE.value)
        .order_by(FacetRow.source, FacetRow.id)
    ).all()
    owners = participations_of(session, [row.id for row in rows])
    return [Project(facet_from_row(row), tuple(owners.get(row.id, ()))) for row in rows]


def evidence_of(session: Session, organisation_id: str) -> list[tuple[Facet, list[Participation]]]:
    """Return the past projects of an organisation, newest first, each with all its owners."""
    rows = session.scalars(
        select(FacetRow)
        .join(OwnershipRow, OwnershipRow.facet_id == FacetRow.id)
        .join(OrganisationRow, OrganisationRow.key == OwnershipRow.organisation_key)
        .where(OrganisationRow.id == organisation_id, FacetRow.kind == FacetKind.EVIDENCE.value)
        .order_by(FacetRow.year.desc(), FacetRow.id)
    ).all()
    owners = participations_of(session, [row.id for row in rows])
    return [(facet_from_row(row), owners.get(row.id, [])) for row in rows]
