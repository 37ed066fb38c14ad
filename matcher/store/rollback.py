"""Rolling back an import: deleting what it added, where nothing refers to it since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from matcher.domain import FacetKind
from matcher.store.account_tables import (
    IntroductionRow,
    MatchListEntryRow,
    MatchListVersionRow,
    ProfileRow,
)
from matcher.store.database import Write
from matcher.store.facets import chunks
from matcher.store.tables import (
    DeletionRow,
    FacetRow,
    InitiativeRow,
    OrganisationRow,
    OwnershipRow,
)


def organisation_versions(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """Return the versions that last wrote these organisations, of those that are there."""
    return _versions(session, OrganisationRow.id, OrganisationRow.version, ids)


def project_versions(session: Session, sources: Iterable[str]) -> dict[str, int]:
    """Return the versions that last wrote this evidence, by source, of what is there."""
    return _versions(session, FacetRow.source, FacetRow.version, sources)


def remove_projects(write: Write, sources: Iterable[str]) -> None:
    """Delete past projects by their sources, with their ownerships."""
    for part in chunks(sorted(set(sources))):
        query = select(FacetRow.id).where(FacetRow.source.in_(part))
        _remove_facets(write, write.session.scalars(query).all())


def remove_unused(write: Write, ids: Iterable[str]) -> int:
    """Delete those of the organisations that nothing refers to; returns how many.

    Organisations stay that own evidence, are members of an initiative, have a note on a match
    list, an introduction or a profile of their own, or compete with one that stays.
    """
    session = write.session
    wanted = set(ids)
    rows: dict[str, int] = {}
    for part in chunks(sorted(wanted)):
        found = select(OrganisationRow.id, OrganisationRow.key).where(OrganisationRow.id.in_(part))
        rows.update((row.id, row.key) for row in session.execute(found))
    used = _referred_to(session) | _owners_of_evidence(session, rows)
    rivals = {
        row.id: row.competitors
        for row in session.execute(select(OrganisationRow.id, OrganisationRow.competitors))
        if row.competitors
    }
    unused = set(rows) - used
    while True:  # a competitor of an organisation that stays, stays too
        competing = {name for who, names in rivals.items() if who not in unused for name in names}
        if not competing & unused:
            break
        unused -= competing
    for part in chunks([rows[name] for name in sorted(unused)]):
        owned = select(OwnershipRow.facet_id).where(OwnershipRow.organisation_key.in_(part))
        _remove_facets(write, session.scalars(owned).all())
        gone = [DeletionRow(kind="organisation", key=key, version=write.version) for key in part]
        session.add_all(gone)
        session.execute(delete(OrganisationRow).where(OrganisationRow.key.in_(part)))
    if unused:
        _forget_results(session, unused)
    session.flush()
    return len(unused)


def _remove_facets(write: Write, facet_ids: Sequence[int]) -> None:
    for part in chunks(facet_ids):
        write.session.execute(delete(OwnershipRow).where(OwnershipRow.facet_id.in_(part)))
        write.session.execute(delete(FacetRow).where(FacetRow.id.in_(part)))
        write.session.add_all(
            [DeletionRow(kind="facet", key=number, version=write.version) for number in part]
        )


def _versions(
    session: Session,
    name: InstrumentedAttribute[Any],
    version: InstrumentedAttribute[int],
    names: Iterable[str],
) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(set(names))):
        rows = session.execute(select(name, version).where(name.in_(part)))
        found.update((key, number) for key, number in rows)
    return found


def _referred_to(session: Session) -> set[str]:
    """Return the ids to which initiatives, lists, introductions or profiles refer."""
    found = {
        member["id"]
        for members in session.scalars(select(InitiativeRow.members))
        for member in members
    }
    for column in (
        MatchListEntryRow.organisation_id,
        IntroductionRow.to_organisation,
        IntroductionRow.from_organisation,
        ProfileRow.organisation_id,
    ):
        found.update(name for name in session.scalars(select(column).distinct()) if name)
    return found


def _owners_of_evidence(session: Session, rows: dict[str, int]) -> set[str]:
    names = {key: name for name, key in rows.items()}
    found: set[str] = set()
    for part in chunks(sorted(names)):
        query = (
            select(OwnershipRow.organisation_key)
            .join(FacetRow, FacetRow.id == OwnershipRow.facet_id)
            .where(OwnershipRow.organisation_key.in_(part))
            .where(FacetRow.kind == FacetKind.EVIDENCE.value)
        )
        found.update(names[key] for key in session.scalars(query))
    return found


def _forget_results(session: Session, gone: set[str]) -> None:
    """Take organisations out of the answers on match lists."""
    for version in session.scalars(select(MatchListVersionRow)):
        kept = [result for result in version.results if result["id"] not in gone]
        if len(kept) < len(version.results):
            version.results = kept
