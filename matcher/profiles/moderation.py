"""Taking a profile out of the corpus, and putting it back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.domain import FacetKind
from matcher.mail import Mailer, MailError
from matcher.organisations.serialise import (
    deserialise,
    deserialise_facet,
    serialise,
    serialise_facet,
)
from matcher.profiles.profiles import Profile, State, profile_of, save, subject_of
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.database import Write
from matcher.store.facets import facet_columns, facet_from_row
from matcher.store.organisations import delete_organisation
from matcher.store.tables import AliasRow, FacetRow, InitiativeRow, OrganisationRow, OwnershipRow

log = structlog.get_logger()
MAX_REASON_LENGTH = 2_000
SUBJECT = "Schakel: uw profiel / votre profil / Ihr Profil / your profile"
HIDDEN = """\
Uw profiel op Schakel is verborgen. Niemand vindt het, tot een beheerder het weer toont. \
U kunt het nog wijzigen, uitvoeren en verwijderen. De reden staat hieronder.

Votre profil sur Schakel est masqué. Personne ne le trouve, jusqu'à ce qu'un administrateur \
l'affiche de nouveau. Vous pouvez toujours le modifier, l'exporter et le supprimer. La raison \
figure ci-dessous.

Ihr Profil bei Schakel ist verborgen. Niemand findet es, bis es wieder angezeigt wird. Sie können \
es weiterhin ändern, exportieren und löschen. Der Grund steht unten.

Your profile on Schakel is hidden. Nobody finds it until an administrator shows it again. You can \
still change, export and delete it. The reason stands below.

"""
SHOWN = """\
Uw profiel op Schakel wordt weer getoond.
Votre profil sur Schakel est de nouveau affiché.
Ihr Profil bei Schakel wird wieder angezeigt.
Your profile on Schakel is shown again.
"""
"""The keeper's language isn't known, so mails by moderators are in all four."""


def search(store: Store, text: str, limit: int, offset: int) -> tuple[int, list[Profile]]:
    """Return how many profiles have a text in id, address or record, and one page by last change.

    The records of published ones are the organisations themselves: those are found by their name.
    """
    named = select(OrganisationRow.id).where(OrganisationRow.name.icontains(text, autoescape=True))
    query = select(ProfileRow)
    if text:
        query = query.where(
            ProfileRow.organisation_id.icontains(text, autoescape=True)
            | ProfileRow.email.icontains(text, autoescape=True)
            | cast(ProfileRow.record, String).icontains(text, autoescape=True)
            | ProfileRow.organisation_id.in_(named)
        )
    with store.reading() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = session.scalars(
            query.order_by(ProfileRow.changed.desc(), ProfileRow.organisation_id)
            .limit(limit)
            .offset(offset)
        )
        found = [profile_of(session, row) for row in rows]
    return total, [one for one in found if one is not None]


def counted(store: Store) -> dict[str, int]:
    """Return how many profiles are in each state."""
    query = select(ProfileRow.state, func.count()).group_by(ProfileRow.state)
    with store.reading() as session:
        return {state: count for state, count in session.execute(query.order_by(ProfileRow.state))}


def hide(store: Store, mailer: Mailer, organisation_id: str, reason: str, actor: str) -> bool:
    """Move a published profile out of the corpus and mail its keeper why; whether it was there.

    What it takes part in is kept with it. Entries on match lists and introductions stay.
    """
    reason = reason.strip()[:MAX_REASON_LENGTH]
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        profile = profile_of(write.session, row) if row else None
        if row is None or profile is None or row.state != State.PUBLISHED:
            write.nothing_changed()
            return False
        row.record = _taken_out(write, profile)
        row.state, row.note, row.changed = State.HIDDEN.value, reason, datetime.now(UTC)
        audit.record(write.session, actor, "profile.hidden", subject_of(organisation_id))
    _mail(mailer, profile.email, HIDDEN + reason)
    return True


def show_again(store: Store, mailer: Mailer, organisation_id: str, actor: str) -> bool:
    """Put a hidden profile back with all that it took part in; whether it was hidden."""
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        if row is None or row.state != State.HIDDEN or row.record is None:
            write.nothing_changed()
            return False
        record, email = row.record, row.email
        save(write, deserialise(record["organisation"]))
        _put_back(write, organisation_id, record)
        row.state, row.record, row.note = State.PUBLISHED.value, None, ""
        row.changed = datetime.now(UTC)
        audit.record(write.session, actor, "profile.shown", subject_of(organisation_id))
    _mail(mailer, email, SHOWN)
    return True


def _taken_out(write: Write, profile: Profile) -> dict[str, Any]:
    """Take an organisation out of the corpus; return all that is needed to put it back."""
    session, own = write.session, profile.id
    key = session.scalar(select(OrganisationRow.key).where(OrganisationRow.id == own))
    aliases = select(AliasRow.id).where(AliasRow.organisation_key == key).order_by(AliasRow.id)
    record = {
        "organisation": serialise(profile.organisation),
        "evidence": _evidence(session, key),
        "aliases": list(session.scalars(aliases)),
        "members": _leave_initiatives(write, own),
        "rivals": _leave_rivals(write, own),
    }
    delete_organisation(write, own, mentions=False)
    return record


def _evidence(session: Session, key: int | None) -> list[dict[str, Any]]:
    owned = session.execute(
        select(OwnershipRow, FacetRow)
        .join(FacetRow, FacetRow.id == OwnershipRow.facet_id)
        .where(OwnershipRow.organisation_key == key, FacetRow.kind == FacetKind.EVIDENCE.value)
        .order_by(FacetRow.id)
    )
    return [
        {
            "source": facet.source,
            "role": owner.role,
            "year": owner.year,
            "position": owner.position,
            "facet": serialise_facet(facet_from_row(facet)),
        }
        for owner, facet in owned
    ]


def _leave_initiatives(write: Write, own: str) -> list[dict[str, Any]]:
    named = cast(InitiativeRow.members, String).contains(own, autoescape=True)
    left = []
    for row in write.session.scalars(select(InitiativeRow).where(named).order_by(InitiativeRow.id)):
        for place, member in enumerate(row.members):
            if member["id"] == own:
                left.append({"initiative": row.id, "place": place, "since": member["since"]})
        row.members = [one for one in row.members if one["id"] != own]
        row.version = write.version
    return left


def _leave_rivals(write: Write, own: str) -> list[str]:
    named = cast(OrganisationRow.competitors, String).contains(own, autoescape=True)
    rivals = []
    for row in write.session.scalars(select(OrganisationRow).where(named)):
        if own in row.competitors:
            rivals.append(row.id)
            row.competitors = [one for one in row.competitors if one != own]
            row.version = write.version
    return rivals


def _put_back(write: Write, own: str, record: dict[str, Any]) -> None:
    session = write.session
    key = session.scalars(select(OrganisationRow.key).where(OrganisationRow.id == own)).one()
    for one in record["evidence"]:
        _take_part(write, key, one)
    session.add_all(AliasRow(id=one, organisation_key=key) for one in record["aliases"])
    for one in record["members"]:
        initiative = session.get(InitiativeRow, one["initiative"])
        if initiative is not None and all(m["id"] != own for m in initiative.members):
            members = list(initiative.members)
            members.insert(one["place"], {"id": own, "since": one["since"]})
            initiative.members, initiative.version = members, write.version
    rivals = select(OrganisationRow).where(OrganisationRow.id.in_(record["rivals"]))
    for rival in session.scalars(rivals):
        if own not in rival.competitors:
            rival.competitors, rival.version = [*rival.competitors, own], write.version
    session.flush()


def _take_part(write: Write, key: int, kept: dict[str, Any]) -> None:
    """Make an organisation an owner of a past project, which is made anew where it was its last."""
    session = write.session
    facet = deserialise_facet(kept["facet"])
    row = session.scalar(select(FacetRow).where(FacetRow.source == kept["source"]))
    if row is None:
        row = FacetRow(**facet_columns(facet), version=write.version)
        session.add(row)
        session.flush()
    row.version = write.version
    held = {"role": kept["role"], "year": kept["year"], "position": kept["position"]}
    session.add(OwnershipRow(facet_id=row.id, organisation_key=key, **held))


def _mail(mailer: Mailer, email: str, text: str) -> None:
    try:
        mailer.send(email, SUBJECT, text)
    except MailError:
        log.error("no mail about a hidden profile")
