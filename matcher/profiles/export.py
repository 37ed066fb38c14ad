"""All that is stored on an organisation, for the company that keeps its profile."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from matcher.introductions.access import Party
from matcher.introductions.introductions import Side, list_introductions, stored_contact
from matcher.organisations.serialise import serialise, serialise_facet
from matcher.profiles.profiles import Profile, subject_of
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    MatchListEntryRow,
    ProfileRow,
    TokenRow,
)
from matcher.store.organisations import kept_ids, load_organisations
from matcher.store.projects import evidence_of
from matcher.store.tables import AliasRow, InitiativeRow, OrganisationRow

Body = dict[str, Any]


def export(store: Store, profile: Profile) -> Body:
    """Return everything on an organisation as JSON values.

    What others may not disclose stays out: names of match lists and notes on them, contacts that
    weren't shared yet, who named it as a competitor, and who of those with an account acted.
    """
    introduced = _introductions(store, profile.id)
    with store.reading() as session:
        row = session.get_one(ProfileRow, profile.id)
        kept = row.record or {}
        return {
            "exported": datetime.now(UTC).isoformat(),
            "organisation": serialise(profile.organisation)
            | {"competitors": _rivals(session, profile)},
            "also_known_as": kept.get("aliases", _aliases(session, profile.id)),
            "profile": {
                "id": profile.id,
                "email": profile.email,
                "state": profile.state.value,
                "contact_for": profile.contact_for.value,
                "note": profile.note,
                "created": profile.created.isoformat(),
                "changed": profile.changed.isoformat(),
            },
            "past_projects": _projects(session, profile.id, kept),
            "initiatives": _initiatives(session, profile.id, kept),
            "introductions": introduced,
            "match_lists": _entries(session, profile.id),
            "log": _log(session, profile),
            "links": _links(session, profile.id, [one["id"] for one in introduced]),
        }


def _rivals(session: Session, profile: Profile) -> list[Body]:
    ids = profile.organisation.competitors
    merged = kept_ids(session, ids)
    found = load_organisations(session, {merged.get(one, one) for one in ids})
    names = {one: found.get(merged.get(one, one)) for one in ids}
    return [{"id": one, "name": named.name if named else None} for one, named in names.items()]


def _aliases(session: Session, organisation_id: str) -> list[str]:
    own = select(OrganisationRow.key).where(OrganisationRow.id == organisation_id)
    merged = select(AliasRow.id).where(AliasRow.organisation_key.in_(own)).order_by(AliasRow.id)
    return list(session.scalars(merged))


def _projects(session: Session, organisation_id: str, kept: Body) -> list[Body]:
    hidden = [
        {**one["facet"], "role": one["role"], "year": one["year"]}
        for one in kept.get("evidence", [])
    ]
    return hidden + [
        {**serialise_facet(facet), "role": owner.role.value, "year": owner.year}
        for facet, owners in evidence_of(session, organisation_id)
        for owner in owners
        if owner.organisation_id == organisation_id
    ]


def _initiatives(session: Session, organisation_id: str, kept: Body) -> list[Body]:
    named = cast(InitiativeRow.members, String).contains(organisation_id, autoescape=True)
    found = [
        {"id": row.id, "name": row.name, "since": member["since"]}
        for row in session.scalars(select(InitiativeRow).where(named).order_by(InitiativeRow.id))
        for member in row.members
        if member["id"] == organisation_id
    ]
    for one in kept.get("members", []):
        hidden = session.get(InitiativeRow, one["initiative"])
        if hidden is not None:
            found.append({"id": hidden.id, "name": hidden.name, "since": one["since"]})
    return found


def _introductions(store: Store, organisation_id: str) -> list[Body]:
    several = []
    for one in list_introductions(store, reader=Party(organisation_id=organisation_id)):
        whole = asdict(one)
        del whole["from_account"]
        whole["created"], whole["changed"] = one.created.isoformat(), one.changed.isoformat()
        whole["steps"] = [{**asdict(step), "at": step.at.isoformat()} for step in one.steps]
        asked_itself = one.from_organisation == organisation_id
        own = Side.REQUESTER if asked_itself else Side.RECIPIENT
        with store.reading() as session:
            row = session.get(IntroductionRow, one.id)
            contact = stored_contact(row, own) if row else None
            whole[f"{own.value}_contact"] = asdict(contact) if contact else None
        several.append(whole)
    return several


def _entries(session: Session, organisation_id: str) -> list[Body]:
    here = MatchListEntryRow.organisation_id == organisation_id
    rows = session.scalars(
        select(MatchListEntryRow).where(here).order_by(MatchListEntryRow.changed)
    )
    return [{"status": row.status, "changed": row.changed.isoformat()} for row in rows]


def _log(session: Session, profile: Profile) -> list[Body]:
    about = or_(AuditRow.subject == subject_of(profile.id), AuditRow.actor == profile.actor)
    lines = []
    for row in session.scalars(select(AuditRow).where(about).order_by(AuditRow.id)):
        own = row.actor == profile.actor
        line = {"at": row.at.isoformat(), "by": row.actor.partition(":")[0], "action": row.action}
        lines.append({**line, "detail": row.detail} if own else line)
    return lines


def _links(session: Session, organisation_id: str, introductions: list[str]) -> list[Body]:
    about = TokenRow.subject == organisation_id
    about |= (TokenRow.purpose == "introduction") & TokenRow.subject.in_(introductions)
    return [
        {
            "purpose": row.purpose,
            "created": row.created.isoformat(),
            "expires": row.expires.isoformat(),
            "used": row.used.isoformat() if row.used else None,
        }
        for row in session.scalars(select(TokenRow).where(about).order_by(TokenRow.created))
    ]
