"""All that is stored on an organisation, for the owner of its profile."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from matcher.accounts import tokens
from matcher.domain import Contact, Facet, Role
from matcher.introductions.access import Party
from matcher.introductions.introductions import (
    Introduction,
    Side,
    Step,
    list_introductions,
    stored_contact,
)
from matcher.organisations.serialise import serialise, serialise_facet
from matcher.profiles.profiles import Profile, subject_of
from matcher.profiles.records import CorpusTraces, record_from_json
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    MatchListEntryRow,
    ProfileRow,
    TokenRow,
)
from matcher.store.aliases import kept_ids
from matcher.store.organisation_rows import load_organisations
from matcher.store.projects import evidence_of
from matcher.store.tables import AliasRow, InitiativeRow, OrganisationRow


@dataclass(frozen=True, slots=True)
class NamedCompetitor:
    """A competitor that the organisation named itself."""

    id: str
    name: str | None
    """None where it is gone."""


@dataclass(frozen=True, slots=True)
class PastProject:
    """A past project, and the part that the organisation had in it."""

    facet: Facet
    role: Role
    year: int | None


@dataclass(frozen=True, slots=True)
class Membership:
    """An initiative that it is a member of."""

    id: str
    name: str
    since: date | None


@dataclass(frozen=True, slots=True)
class OwnIntroduction:
    """An introduction, with the organisation's own contact in any state.

    The other side's contact is in it as long as it is shared.
    """

    id: str
    state: str
    message: str
    need: str
    initiative_id: str | None
    initiative: str | None
    to_organisation: str
    to_name: str
    from_organisation: str | None
    from_name: str
    created: datetime
    changed: datetime
    steps: tuple[Step, ...]
    requester_contact: Contact | None
    recipient_contact: Contact | None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """Its status on a match list of somebody's."""

    status: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the audit log; `by` is a kind of actor, such as `account`."""

    at: datetime
    by: str
    action: str
    detail: dict[str, Any] | None
    """None for what others did: it may tell about them."""


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link that was mailed, to whatever end."""

    purpose: str
    created: datetime
    expires: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True)
class ProfileExport:
    """Everything on an organisation.

    What others may not disclose stays out: names of match lists and notes on them, contacts that
    weren't shared yet, who named it as a competitor, and which account acted.
    """

    exported: datetime
    profile: Profile
    competitors: tuple[NamedCompetitor, ...]
    aliases: tuple[str, ...]
    past_projects: tuple[PastProject, ...]
    initiatives: tuple[Membership, ...]
    introductions: tuple[OwnIntroduction, ...]
    match_lists: tuple[ListEntry, ...]
    log: tuple[LogLine, ...]
    links: tuple[MailedLink, ...]


def export(store: Store, profile: Profile) -> ProfileExport:
    """Collect everything on a profile's organisation."""
    introductions = _introductions(store, profile.id)
    with store.reading() as session:
        row = session.get_one(ProfileRow, profile.id)
        traces = record_from_json(row.record).traces if row.record else CorpusTraces()
        return ProfileExport(
            exported=datetime.now(UTC),
            profile=profile,
            competitors=_competitors(session, profile),
            aliases=traces.aliases or _aliases(session, profile.id),
            past_projects=_past_projects(session, profile.id, traces),
            initiatives=_memberships(session, profile.id, traces),
            introductions=introductions,
            match_lists=_list_entries(session, profile.id),
            log=_log(session, profile),
            links=_links(session, profile.id, [each.id for each in introductions]),
        )


def export_to_json(exported: ProfileExport) -> dict[str, Any]:
    """Return an export as the JSON value of the file."""
    profile, organisation = exported.profile, exported.profile.organisation
    return {
        "exported": exported.exported.isoformat(),
        "organisation": serialise(organisation) | {"competitors": _json(exported.competitors)},
        "also_known_as": list(exported.aliases),
        "profile": {
            "id": profile.id,
            "email": profile.email,
            "state": profile.state.value,
            "contact_for": profile.contact_for.value,
            "note": profile.note,
            "created": profile.created.isoformat(),
            "changed": profile.changed.isoformat(),
        },
        "past_projects": [
            {**serialise_facet(project.facet), "role": project.role.value, "year": project.year}
            for project in exported.past_projects
        ],
        "initiatives": _json(exported.initiatives),
        "introductions": _json(exported.introductions),
        "match_lists": _json(exported.match_lists),
        "log": [
            {key: value for key, value in line.items() if key != "detail" or value is not None}
            for line in _json(exported.log)
        ],
        "links": _json(exported.links),
    }


def _json(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Return dataclasses as JSON values, dates and times in ISO 8601."""
    text = json.dumps([asdict(value) for value in values], default=lambda day: day.isoformat())
    return list(json.loads(text))


def _competitors(session: Session, profile: Profile) -> tuple[NamedCompetitor, ...]:
    ids = profile.organisation.competitors
    merged = kept_ids(session, ids)
    found = load_organisations(session, {merged.get(key, key) for key in ids})
    organisations = {key: found.get(merged.get(key, key)) for key in ids}
    return tuple(
        NamedCompetitor(key, organisation.name if organisation else None)
        for key, organisation in organisations.items()
    )


def _aliases(session: Session, organisation_id: str) -> tuple[str, ...]:
    own = select(OrganisationRow.key).where(OrganisationRow.id == organisation_id)
    merged = select(AliasRow.id).where(AliasRow.organisation_key.in_(own)).order_by(AliasRow.id)
    return tuple(session.scalars(merged))


def _past_projects(
    session: Session, organisation_id: str, traces: CorpusTraces
) -> tuple[PastProject, ...]:
    of_hidden = [PastProject(each.facet, each.role, each.year) for each in traces.evidence]
    of_published = [
        PastProject(facet, owner.role, owner.year)
        for facet, owners in evidence_of(session, organisation_id)
        for owner in owners
        if owner.organisation_id == organisation_id
    ]
    return (*of_hidden, *of_published)


def _memberships(
    session: Session, organisation_id: str, traces: CorpusTraces
) -> tuple[Membership, ...]:
    named = cast(InitiativeRow.members, String).contains(organisation_id, autoescape=True)
    memberships = [
        Membership(row.id, row.name, _day(member["since"]))
        for row in session.scalars(select(InitiativeRow).where(named).order_by(InitiativeRow.id))
        for member in row.members
        if member["id"] == organisation_id
    ]
    for former in traces.members:
        initiative = session.get(InitiativeRow, former.initiative)
        if initiative is not None:
            memberships.append(Membership(initiative.id, initiative.name, former.since))
    return tuple(memberships)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _introductions(store: Store, organisation_id: str) -> tuple[OwnIntroduction, ...]:
    found = list_introductions(store, reader=Party(organisation_id=organisation_id))
    with store.reading() as session:
        return tuple(
            _own_introduction(each, organisation_id, session.get(IntroductionRow, each.id))
            for each in found
        )


def _own_introduction(
    introduction: Introduction, organisation_id: str, row: IntroductionRow | None
) -> OwnIntroduction:
    requester = introduction.requester_contact
    recipient = introduction.recipient_contact
    if introduction.from_organisation == organisation_id:
        requester = stored_contact(row, Side.REQUESTER) if row else None
    else:
        recipient = stored_contact(row, Side.RECIPIENT) if row else None
    return OwnIntroduction(
        id=introduction.id,
        state=introduction.state.value,
        message=introduction.message,
        need=introduction.need,
        initiative_id=introduction.initiative_id,
        initiative=introduction.initiative,
        to_organisation=introduction.to_organisation,
        to_name=introduction.to_name,
        from_organisation=introduction.from_organisation,
        from_name=introduction.from_name,
        created=introduction.created,
        changed=introduction.changed,
        steps=introduction.steps,
        requester_contact=requester,
        recipient_contact=recipient,
    )


def _list_entries(session: Session, organisation_id: str) -> tuple[ListEntry, ...]:
    own = MatchListEntryRow.organisation_id == organisation_id
    rows = session.scalars(select(MatchListEntryRow).where(own).order_by(MatchListEntryRow.changed))
    return tuple(ListEntry(row.status, row.changed) for row in rows)


def _log(session: Session, profile: Profile) -> tuple[LogLine, ...]:
    about = or_(AuditRow.subject == subject_of(profile.id), AuditRow.actor == profile.actor)
    return tuple(
        LogLine(
            at=row.at,
            by=row.actor.partition(":")[0],
            action=row.action,
            detail=row.detail if row.actor == profile.actor else None,
        )
        for row in session.scalars(select(AuditRow).where(about).order_by(AuditRow.id))
    )


def _links(
    session: Session, organisation_id: str, introductions: list[str]
) -> tuple[MailedLink, ...]:
    about = TokenRow.subject == organisation_id
    about |= (TokenRow.purpose == tokens.INTRODUCTION) & TokenRow.subject.in_(introductions)
    rows = session.scalars(select(TokenRow).where(about).order_by(TokenRow.created))
    return tuple(MailedLink(row.purpose, row.created, row.expires, row.used) for row in rows)
