"""Taking a profile's organisation out of the corpus, and putting it back as it was."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from matcher.domain import FacetKind, Organisation, Role
from matcher.profiles.profiles import save_to_corpus
from matcher.profiles.records import CorpusTraces, FormerMember, OwnedEvidence, ProfileRecord
from matcher.store.database import Write
from matcher.store.facets import facet_columns, facet_from_row
from matcher.store.organisations import delete_organisation
from matcher.store.tables import AliasRow, FacetRow, InitiativeRow, OrganisationRow, OwnershipRow


def take_out(write: Write, organisation: Organisation) -> ProfileRecord:
    """Take an organisation out of the corpus; return all that is needed to put it back."""
    session, own = write.session, organisation.id
    key = session.scalar(select(OrganisationRow.key).where(OrganisationRow.id == own))
    aliases = select(AliasRow.id).where(AliasRow.organisation_key == key).order_by(AliasRow.id)
    traces = CorpusTraces(
        evidence=_evidence(session, key),
        aliases=tuple(session.scalars(aliases)),
        members=_leave_initiatives(write, own),
        rivals=_leave_competitors(write, own),
    )
    delete_organisation(write, own, references=False)
    return ProfileRecord(organisation, traces)


def put_back(write: Write, own: str, record: ProfileRecord) -> None:
    """Put an organisation back with its past projects, aliases, memberships and competitors.

    What is gone since, an initiative or an organisation that named it as a competitor, is left out.
    """
    save_to_corpus(write, record.organisation)
    session, traces = write.session, record.traces
    key = session.scalars(select(OrganisationRow.key).where(OrganisationRow.id == own)).one()
    for evidence in traces.evidence:
        _take_part(write, key, evidence)
    session.add_all(AliasRow(id=alias, organisation_key=key) for alias in traces.aliases)
    for former in traces.members:
        initiative = session.get(InitiativeRow, former.initiative)
        if initiative is not None and all(member["id"] != own for member in initiative.members):
            members = list(initiative.members)
            since = former.since.isoformat() if former.since else None
            members.insert(former.place, {"id": own, "since": since})
            initiative.members, initiative.version = members, write.version
    rivals = select(OrganisationRow).where(OrganisationRow.id.in_(traces.rivals))
    for rival in session.scalars(rivals):
        if own not in rival.competitors:
            rival.competitors, rival.version = [*rival.competitors, own], write.version
    session.flush()


def _evidence(session: Session, key: int | None) -> tuple[OwnedEvidence, ...]:
    owned = session.execute(
        select(OwnershipRow, FacetRow)
        .join(FacetRow, FacetRow.id == OwnershipRow.facet_id)
        .where(OwnershipRow.organisation_key == key, FacetRow.kind == FacetKind.EVIDENCE.value)
        .order_by(FacetRow.id)
    )
    return tuple(
        OwnedEvidence(
            source=facet.source,
            role=Role(ownership.role or Role.PARTICIPANT),
            year=ownership.year,
            position=ownership.position,
            facet=facet_from_row(facet),
        )
        for ownership, facet in owned
    )


def _leave_initiatives(write: Write, own: str) -> tuple[FormerMember, ...]:
    named = cast(InitiativeRow.members, String).contains(own, autoescape=True)
    former = []
    for row in write.session.scalars(select(InitiativeRow).where(named).order_by(InitiativeRow.id)):
        for place, member in enumerate(row.members):
            if member["id"] == own:
                since = date.fromisoformat(member["since"]) if member["since"] else None
                former.append(FormerMember(row.id, place, since))
        row.members = [member for member in row.members if member["id"] != own]
        row.version = write.version
    return tuple(former)


def _leave_competitors(write: Write, own: str) -> tuple[str, ...]:
    """Take an organisation off the lists of competitors; return the ids of who named it there."""
    named = cast(OrganisationRow.competitors, String).contains(own, autoescape=True)
    rivals = []
    for row in write.session.scalars(select(OrganisationRow).where(named)):
        if own in row.competitors:
            rivals.append(row.id)
            row.competitors = [competitor for competitor in row.competitors if competitor != own]
            row.version = write.version
    return tuple(rivals)


def _take_part(write: Write, key: int, evidence: OwnedEvidence) -> None:
    """Make an organisation an owner of a past project, which is made anew where it was its last."""
    session = write.session
    row = session.scalar(select(FacetRow).where(FacetRow.source == evidence.source))
    if row is None:
        row = FacetRow(**facet_columns(evidence.facet), version=write.version)
        session.add(row)
        session.flush()
    row.version = write.version
    session.add(
        OwnershipRow(
            facet_id=row.id,
            organisation_key=key,
            role=evidence.role.value,
            year=evidence.year,
            position=evidence.position,
        )
    )
