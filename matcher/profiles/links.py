"""Links that are mailed to the owners of profiles, and the change of an owner's address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import sessions, tokens
from matcher.accounts.accounts import normalise_email
from matcher.accounts.errors import AccountError
from matcher.profiles import drafts
from matcher.profiles.profiles import (
    Profile,
    ProfileError,
    State,
    actor_of,
    normalise_address,
    profile_from_row,
    subject_of,
)
from matcher.profiles.records import without_standing
from matcher.profiles.standing import update_standing
from matcher.store import Store
from matcher.store.account_tables import ProfileRow, TokenRow

EDIT_LIFETIME = timedelta(hours=1)
ADDRESS_LIFETIME = timedelta(days=1)
MAX_LINKS = 5
"""So many links are sent for one profile and purpose within an hour."""
MAX_PROFILES = 10
"""Links are sent for so many profiles of one address."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be mailed to the owner of a profile."""

    name: str
    """The name of a confirmed profile; empty for a draft, whose text nobody vouches for."""
    purpose: str
    token: str


def issue_links(store: Store, email: str) -> tuple[str, list[Link]]:
    """Return an address as it is stored, and a link for each of its profiles.

    The link of a draft publishes it, that of any other profile opens it for editing. No link where
    there is no profile, or MAX_LINKS were made within the hour: the caller answers the same to
    everybody.
    """
    try:
        address = normalise_email(email)
    except AccountError:
        return "", []
    links: list[Link] = []
    with store.keeping() as session:
        of_address = select(ProfileRow).where(ProfileRow.email == address)
        for row in session.scalars(of_address.order_by(ProfileRow.created).limit(MAX_PROFILES)):
            profile = profile_from_row(session, row)
            draft = row.state == State.DRAFT
            purpose = tokens.CONFIRM_PROFILE if draft else tokens.EDIT_PROFILE
            lifetime = drafts.LINK_LIFETIME if draft else EDIT_LIFETIME
            if profile is None or _too_many(session, row.organisation_id, purpose):
                continue
            token = tokens.issue(session, purpose, row.organisation_id, lifetime)
            links.append(Link("" if draft else profile.organisation.name, purpose, token))
        if not links:
            tokens.issue(session, tokens.EDIT_PROFILE, tokens.NOBODY, timedelta())
    return address, links


def request_new_address(store: Store, organisation_id: str, *, email: str) -> tuple[str, str]:
    """Return a new address as it will be stored, and the token that makes it the owner's.

    Raises ProfileError when it can't be used, or when links were asked for too often.
    """
    address = normalise_address(email)
    with store.keeping() as session:
        if _too_many(session, organisation_id, tokens.CHANGE_ADDRESS):
            raise ProfileError("often", "Too many links were asked for; wait an hour.")
        actor, subject = actor_of(organisation_id), subject_of(organisation_id)
        audit.record(session, actor, "profile.address-asked", subject)
        data = {"email": address}
        purpose = tokens.CHANGE_ADDRESS
        return address, tokens.issue(session, purpose, organisation_id, ADDRESS_LIFETIME, data)


def requested_address(store: Store, token: str) -> str | None:
    """Return the address that a token would make the owner's; None for an unusable token."""
    with store.reading() as session:
        valid = tokens.read(session, tokens.CHANGE_ADDRESS, token)
        return valid.data["email"] if valid else None


def set_new_address(store: Store, token: str) -> tuple[Profile, str] | None:
    """Make an address the owner's; return the profile and the former address.

    All links and editing sessions of the former address end. None for an unusable token.
    """
    with store.writing() as write:
        session = write.session
        used = tokens.use(session, tokens.CHANGE_ADDRESS, token)
        row = session.get(ProfileRow, used.subject) if used else None
        if used is None or row is None:
            write.nothing_changed()
            return None
        former, row.email = row.email, used.data["email"]
        row.changed = datetime.now(UTC)
        for purpose in (tokens.EDIT_PROFILE, tokens.CHANGE_ADDRESS):
            tokens.revoke(session, purpose, row.organisation_id)
        sessions.end_all_of_profile(session, row.organisation_id)
        if row.record is not None:
            row.record = without_standing(row.record)
        update_standing(write, row.email, row.organisation_id, None)
        profile = profile_from_row(session, row)
        assert profile is not None
        audit.record(session, profile.actor, "profile.address", subject_of(profile.id))
        return profile, former


def _too_many(session: Session, organisation_id: str, purpose: str) -> bool:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    recent = (TokenRow.subject == organisation_id) & (TokenRow.purpose == purpose)
    recent &= TokenRow.created > an_hour_ago
    count = session.scalar(select(func.count()).select_from(TokenRow).where(recent)) or 0
    return count >= MAX_LINKS
