"""Drafts: profiles that wait for their owner's address to be confirmed by a mailed link."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.domain import Organisation
from matcher.identifiers import SELF_MADE, random_id
from matcher.profiles.profiles import (
    ContactFor,
    Profile,
    ProfileError,
    State,
    delete_profile,
    normalise_address,
    profile_from_row,
    save_to_corpus,
    subject_of,
)
from matcher.profiles.records import ProfileRecord, record_from_json, record_to_json
from matcher.profiles.standing import update_standing
from matcher.store import Store
from matcher.store.account_tables import ProfileRow

LINK_LIFETIME = timedelta(days=7)
EXPIRES_AFTER = timedelta(days=30)
"""A draft that nobody confirmed is deleted then."""
MAX_DRAFTS = 5
"""So many profiles may wait for one address to be confirmed."""
OWNER = "owner"
"""In the audit log: whoever had the link to a draft, and may not be of the company at all."""


def create(
    store: Store, organisation: Organisation, *, email: str, contact_for: ContactFor
) -> tuple[Profile, str]:
    """Store a draft; return it with the token that publishes it. Its id is made here.

    Raises ProfileError when the address can't be used, or too many drafts wait for it.
    """
    address = normalise_address(email)
    now = datetime.now(UTC)
    organisation = replace(organisation, id=random_id(SELF_MADE, organisation.name))
    with store.keeping() as session:
        delete_expired(session, now - EXPIRES_AFTER)
        drafts = (ProfileRow.email == address) & (ProfileRow.state == State.DRAFT.value)
        count = session.scalar(select(func.count()).select_from(ProfileRow).where(drafts)) or 0
        if count >= MAX_DRAFTS:
            raise ProfileError("waiting", f"{count} profiles wait for {address} to be confirmed.")
        row = ProfileRow(
            organisation_id=organisation.id,
            email=address,
            state=State.DRAFT.value,
            record=record_to_json(ProfileRecord(organisation)),
            contact_for=contact_for.value,
            note="",
            created=now,
            changed=now,
        )
        session.add(row)
        token = tokens.issue(session, tokens.CONFIRM_PROFILE, organisation.id, LINK_LIFETIME)
        profile = profile_from_row(session, row)
        assert profile is not None
        audit.record(session, profile.actor, "profile.created", subject_of(organisation.id))
    return profile, token


def get_by_token(store: Store, token: str) -> Profile | None:
    """Return the draft that a token would publish, which doesn't use it up."""
    with store.reading() as session:
        valid = tokens.read(session, tokens.CONFIRM_PROFILE, token)
        row = session.get(ProfileRow, valid.subject) if valid else None
        return profile_from_row(session, row) if row and row.state == State.DRAFT else None


def publish(store: Store, token: str) -> Profile | None:
    """Make the draft of a token an organisation of the corpus; None for an unusable token."""
    draft = get_by_token(store, token)
    with store.writing(draft.organisation.embedded_texts if draft else ()) as write:
        session = write.session
        used = tokens.use(session, tokens.CONFIRM_PROFILE, token)
        row = session.get(ProfileRow, used.subject) if used else None
        if row is None or row.state != State.DRAFT or row.record is None:
            write.nothing_changed()
            return None
        save_to_corpus(write, record_from_json(row.record).organisation)
        update_standing(write, row.email, row.organisation_id, None)
        row.state, row.record, row.changed = State.PUBLISHED.value, None, datetime.now(UTC)
        tokens.revoke(session, tokens.CONFIRM_PROFILE, row.organisation_id)
        session.flush()
        profile = profile_from_row(session, row)
        assert profile is not None
        audit.record(session, profile.actor, "profile.published", subject_of(profile.id))
        return profile


def discard(store: Store, token: str) -> bool:
    """Delete the draft of a token, which somebody else made; return whether the token was valid."""
    with store.keeping() as session:
        used = tokens.use(session, tokens.CONFIRM_PROFILE, token)
        row = session.get(ProfileRow, used.subject) if used else None
        if row is None or row.state != State.DRAFT:
            return False
        delete_profile(session, row.organisation_id, action="profile.discarded", actor=OWNER)
        return True


def delete_expired(session: Session, before: datetime) -> int:
    """Delete the drafts that nobody confirmed and were last changed before; returns how many."""
    expired = (ProfileRow.state == State.DRAFT.value) & (ProfileRow.changed < before)
    ids = list(session.scalars(select(ProfileRow.organisation_id).where(expired)))
    for organisation_id in ids:
        delete_profile(session, organisation_id, action="profile.expired", actor="service")
    return len(ids)
