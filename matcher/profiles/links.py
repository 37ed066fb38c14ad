"""Links that are mailed to the keepers of profiles, and the change of a keeper's address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.accounts.accounts import normalise_email
from matcher.accounts.errors import AccountError
from matcher.profiles.profiles import (
    CONFIRM,
    CONFIRM_WITHIN,
    EDIT,
    Profile,
    ProfileError,
    State,
    checked_address,
    profile_of,
    subject_of,
)
from matcher.store import Store
from matcher.store.account_tables import ProfileRow, TokenRow

ADDRESS = "profile-address"
"""The purpose of a token that makes an address the keeper's."""
EDIT_WITHIN = timedelta(hours=1)
ADDRESS_WITHIN = timedelta(days=1)
MAX_LINKS = 5
"""So many links are sent for one profile and purpose within an hour."""
MAX_PROFILES = 10
"""Of so many profiles of one address links are sent."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be mailed to the keeper of a profile."""

    name: str
    """The name of a confirmed profile; empty for a draft, whose text nobody vouches for."""
    purpose: str
    token: str


def links(store: Store, email: str) -> tuple[str, list[Link]]:
    """Return an address as it is stored, and a link for each of its profiles.

    A draft gets one that publishes it, any other one to edit it. None where there is no profile or
    MAX_LINKS were made within the hour: the caller says the same to everybody.
    """
    try:
        address = normalise_email(email)
    except AccountError:
        return "", []
    made: list[Link] = []
    with store.keeping() as session:
        of_address = select(ProfileRow).where(ProfileRow.email == address)
        for row in session.scalars(of_address.order_by(ProfileRow.created).limit(MAX_PROFILES)):
            profile = profile_of(session, row)
            draft = row.state == State.DRAFT
            purpose, lifetime = (CONFIRM, CONFIRM_WITHIN) if draft else (EDIT, EDIT_WITHIN)
            if profile is None or _often(session, row.organisation_id, purpose):
                continue
            token = tokens.issue(session, purpose, row.organisation_id, lifetime)
            made.append(Link("" if draft else profile.organisation.name, purpose, token))
    return address, made


def ask_new_address(store: Store, organisation_id: str, email: str) -> tuple[str, str]:
    """Return a new address as it will be stored, and the token that makes it the keeper's.

    Raises ProfileError when it can't be used, or when links were asked for too often.
    """
    address = checked_address(email)
    with store.keeping() as session:
        if _often(session, organisation_id, ADDRESS):
            raise ProfileError("often", "Too many links were asked for; wait an hour.")
        actor = f"company:{organisation_id}"
        audit.record(session, actor, "profile.address-asked", subject_of(organisation_id))
        data = {"email": address}
        return address, tokens.issue(session, ADDRESS, organisation_id, ADDRESS_WITHIN, data)


def new_address(store: Store, token: str) -> str | None:
    """Return the address that a token would make the keeper's."""
    with store.reading() as session:
        found = tokens.read(session, ADDRESS, token)
        return str(found.data["email"]) if found else None


def set_new_address(store: Store, token: str) -> tuple[Profile, str] | None:
    """Make an address the keeper's; returns the profile and the former address.

    All links and editing sessions of the former address end. None when the token is useless.
    """
    with store.keeping() as session:
        found = tokens.use(session, ADDRESS, token)
        row = session.get(ProfileRow, found.subject) if found else None
        if found is None or row is None:
            return None
        former, row.email = row.email, str(found.data["email"])
        row.changed = datetime.now(UTC)
        for purpose in (EDIT, ADDRESS):
            tokens.revoke(session, purpose, row.organisation_id)
        profile = profile_of(session, row)
        assert profile is not None
        audit.record(session, profile.actor, "profile.address", subject_of(profile.id))
        return profile, former


def _often(session: Session, organisation_id: str, purpose: str) -> bool:
    hour = datetime.now(UTC) - timedelta(hours=1)
    recent = (TokenRow.subject == organisation_id) & (TokenRow.purpose == purpose)
    recent &= TokenRow.created > hour
    count = session.scalar(select(func.count()).select_from(TokenRow).where(recent)) or 0
    return count >= MAX_LINKS
