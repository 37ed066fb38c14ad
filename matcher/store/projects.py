"""Past projects, shared by all who took part: reading and writing rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from matcher.domain import (
    Facet,
    FacetKind,
    Participation,
    Project,
    Role,
)
from matcher.store.aliases import kept_ids, keys_of
from matcher.store.database import Write
from matcher.store.facets import (
    chunks,
    facet_columns,
    facet_content,
    facet_from_row,
    ownership_columns,
)
from matcher.store.tables import FacetRow, OrganisationRow, OwnershipRow

Owners = dict[int, tuple[str | None, int | None, int]]
"""Role, year and position of the owners of one facet, by the key of the organisation."""


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
        wanted = _wanted_owners(project, keys)
        row = rows.get(source)
        if row is not None:
            same = facet_content(facet_from_row(row)) == facet_content(project.facet)
            if same and owners.get(row.id, {}) == wanted:
                continue
        _write_evidence(write, row, project.facet, wanted)
        changed += 1
    write.session.flush()
    return changed


def _wanted_owners(project: Project, keys: dict[str, int]) -> Owners:
    """Return the owners of a project by key; who also coordinates it, coordinates it."""
    wanted: Owners = {}
    for position, owner in enumerate(project.participations):
        key = keys[owner.organisation_id]
        if key not in wanted or owner.role is Role.COORDINATOR:
            wanted[key] = (owner.role.value, owner.year, position)
    return wanted


def _write_evidence(write: Write, row: FacetRow | None, facet: Facet, owners: Owners) -> None:
    """Write a facet with all its owners, over the row that is stored where there is one."""
    if row is None:
        row = FacetRow(**facet_columns(facet), version=write.version)
        write.session.add(row)
        write.session.flush()
    else:
        write.session.execute(delete(OwnershipRow).where(OwnershipRow.facet_id == row.id))
        for name, value in facet_columns(facet).items():
            setattr(row, name, value)
        row.version = write.version
    rows = [
        ownership_columns(row.id, key, position=position, role=role, year=year)
        for key, (role, year, position) in owners.items()
    ]
    if rows:
        write.session.execute(insert(OwnershipRow), rows)


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
        if old is not None and facet_content(old.facet) == facet_content(new.facet):
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


def _known_evidence(
    session: Session, sources: list[str]
) -> tuple[dict[str, FacetRow], dict[int, Owners]]:
    rows: dict[str, FacetRow] = {}
    owners: dict[int, Owners] = {}
    for part in chunks(sources):
        found = session.scalars(select(FacetRow).where(FacetRow.source.in_(part))).all()
        rows.update((str(row.source), row) for row in found)
        ids = [row.id for row in found]
        for owner in session.scalars(select(OwnershipRow).where(OwnershipRow.facet_id.in_(ids))):
            held = owners.setdefault(owner.facet_id, {})
            held[owner.organisation_key] = (owner.role, owner.year, owner.position)
    return rows, owners
