"""Rows of profiles that companies own, and what is deleted or renamed with an organisation."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import String, cast, delete, or_, select
from sqlalchemy.orm import Session

from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    IntroductionStepRow,
    MatchListEntryRow,
    ProfileRow,
    SessionRow,
    TokenRow,
)
from matcher.store.tables import OrganisationRow


def rename_profile(session: Session, old: str, new: str | None) -> None:
    """Give a profile to the organisation that its own was merged into; None deletes it.

    Where that organisation has a profile already, its owner stays. Mailed links end. The records of
    profiles outside the corpus get the new id too.
    """
    _rename_in_records(session, old, new)
    row = session.get(ProfileRow, old)
    if row is None:
        return
    session.execute(delete(TokenRow).where(TokenRow.subject == old))
    session.execute(delete(SessionRow).where(SessionRow.organisation_id == old))
    if new is None or session.get(ProfileRow, new) is not None:
        session.delete(row)
    else:
        row.organisation_id = new
    session.flush()


def hidden_ids(session: Session) -> set[str]:
    """Return the ids of the organisations whose profiles a moderator has hidden."""
    hidden = select(ProfileRow.organisation_id).where(ProfileRow.state == "hidden")
    return set(session.scalars(hidden))


def standings_of(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return the standing of those of the organisations that their owners keep."""
    rows = select(OrganisationRow.id, OrganisationRow.standing)
    owned = rows.where(OrganisationRow.id.in_(ids), OrganisationRow.standing.is_not(None))
    return {row.id: row.standing for row in session.execute(owned)}


def delete_profile_rows(session: Session, organisation_id: str) -> None:
    """Delete profile, links, sessions, list entries and introductions of an organisation."""
    about = or_(
        IntroductionRow.from_organisation == organisation_id,
        IntroductionRow.to_organisation == organisation_id,
    )
    ids = list(session.scalars(select(IntroductionRow.id).where(about)))
    steps = IntroductionStepRow.introduction_id.in_(ids)
    session.execute(delete(IntroductionStepRow).where(steps))
    session.execute(delete(IntroductionRow).where(IntroductionRow.id.in_(ids)))
    session.execute(delete(TokenRow).where(TokenRow.subject.in_([organisation_id, *ids])))
    session.execute(delete(SessionRow).where(SessionRow.organisation_id == organisation_id))
    entries = MatchListEntryRow.organisation_id == organisation_id
    session.execute(delete(MatchListEntryRow).where(entries))
    session.execute(delete(ProfileRow).where(ProfileRow.organisation_id == organisation_id))


def rename_in_audit(session: Session, old: str, new: str) -> None:
    """Replace an organisation's id by another in all lines of the log."""
    columns = (AuditRow.subject, AuditRow.actor, cast(AuditRow.detail, String))
    named = or_(*(column.contains(old, autoescape=True) for column in columns))
    for line in session.scalars(select(AuditRow).where(named)):
        line.subject = line.subject.replace(old, new)
        line.actor = line.actor.replace(old, new)
        line.detail = json.loads(json.dumps(line.detail).replace(old, new))


def _rename_in_records(session: Session, old: str, new: str | None) -> None:
    named = cast(ProfileRow.record, String).contains(old, autoescape=True)
    for row in session.scalars(select(ProfileRow).where(named)):
        if row.record is None:
            continue
        record: dict[str, Any] = {**row.record, "organisation": {**row.record["organisation"]}}
        for whole, name in ((record["organisation"], "competitors"), (record, "rivals")):
            ids = [new if key == old else key for key in whole.get(name, [])]
            whole[name] = [key for key in dict.fromkeys(ids) if key]
        row.record = record
