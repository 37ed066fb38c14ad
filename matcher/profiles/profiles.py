"""Profiles that companies keep themselves, without an account: links in mails say who it is.

A draft lies outside the corpus until the address is confirmed; a published profile is an
organisation like any other. Which mails are sent is up to the pages: tokens are given back here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.accounts.accounts import Account, AccountRole, normalise_email
from matcher.accounts.errors import AccountError
from matcher.cache import Cache
from matcher.corpus.columns import Corpus
from matcher.corpus.weighted_words import name_words
from matcher.domain import Contact, Organisation
from matcher.identifiers import random_id
from matcher.organisations.languages import with_languages
from matcher.organisations.serialise import deserialise, serialise
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.database import Write
from matcher.store.organisations import (
    delete_organisation,
    get_organisation,
    kept_ids,
    keys_of,
    save_organisation,
)
from matcher.store.profiles import delete_traces, rename_in_audit
from matcher.store.references import rename_mentions

CONFIRM, EDIT = "profile-confirm", "profile-edit"
"""Purposes of the tokens; see profile_links for a third."""
CONFIRM_WITHIN = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(days=30)
"""A draft that nobody confirmed is deleted then."""
MAX_DRAFTS = 5
"""So many profiles may wait for one address to be confirmed."""
MAX_COMPETITORS = 50


class State(StrEnum):
    """Where a profile is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    HIDDEN = "hidden"


class ContactFor(StrEnum):
    """Who may see the contact."""

    INTRODUCED = "introduced"
    MANAGERS = "managers"
    NOBODY = "nobody"


class ProfileError(ValueError):
    """Something about a profile can't be as asked; `code` names what, for pages to say it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with all that its keeper may see."""

    organisation: Organisation
    email: str
    """The keeper's address."""
    state: State
    contact_for: ContactFor
    note: str
    """What a moderator wrote to the company."""
    created: datetime
    changed: datetime

    @property
    def id(self) -> str:
        """The id of the organisation, the same in all states."""
        return self.organisation.id

    @property
    def published(self) -> bool:
        """Whether its organisation is one of the corpus."""
        return self.state is State.PUBLISHED

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return f"company:{self.id}"

    @property
    def stamp(self) -> str:
        """Part of every editing session; another address makes another one."""
        return _stamp(self.email, self.id)


def create(
    store: Store, organisation: Organisation, email: str, contact_for: ContactFor
) -> tuple[Profile, str]:
    """Keep a draft; returns it with the token that publishes it. Its id is made here.

    Raises ProfileError when the address can't be used, or too many drafts wait for it.
    """
    address = checked_address(email)
    now = datetime.now(UTC)
    organisation = replace(organisation, id=random_id("own", organisation.name))
    with store.keeping() as session:
        _forget_drafts(session, now - FORGOTTEN_AFTER)
        drafts = (ProfileRow.email == address) & (ProfileRow.state == State.DRAFT.value)
        count = session.scalar(select(func.count()).select_from(ProfileRow).where(drafts)) or 0
        if count >= MAX_DRAFTS:
            raise ProfileError("waiting", f"{count} profiles wait for {address} to be confirmed.")
        row = ProfileRow(
            organisation_id=organisation.id,
            email=address,
            state=State.DRAFT.value,
            record={"organisation": serialise(organisation)},
            contact_for=contact_for.value,
            note="",
            created=now,
            changed=now,
        )
        session.add(row)
        token = tokens.issue(session, CONFIRM, organisation.id, CONFIRM_WITHIN)
        profile = profile_of(session, row)
        assert profile is not None
        audit.record(session, profile.actor, "profile.created", subject_of(organisation.id))
    return profile, token


def publish(store: Store, token: str) -> Profile | None:
    """Make the draft of a token an organisation of the corpus; None when the token is useless."""
    with store.writing() as write:
        found = tokens.use(write.session, CONFIRM, token)
        row = write.session.get(ProfileRow, found.subject) if found else None
        if row is None or row.state != State.DRAFT or row.record is None:
            write.nothing_changed()
            return None
        save(write, deserialise(row.record["organisation"]))
        row.state, row.record, row.changed = State.PUBLISHED.value, None, datetime.now(UTC)
        tokens.revoke(write.session, CONFIRM, row.organisation_id)
        write.session.flush()
        profile = profile_of(write.session, row)
        assert profile is not None
        audit.record(write.session, profile.actor, "profile.published", subject_of(profile.id))
        return profile


def discard(store: Store, token: str) -> bool:
    """Delete the draft of a token, which somebody else made; whether the token was good."""
    with store.keeping() as session:
        found = tokens.use(session, CONFIRM, token)
        row = session.get(ProfileRow, found.subject) if found else None
        if row is None or row.state != State.DRAFT:
            return False
        _forget(session, row.organisation_id, "profile.discarded", "keeper")
        return True


def waiting(store: Store, token: str) -> Profile | None:
    """Return the draft that a token would publish."""
    return _behind(store, CONFIRM, token)


def openable(store: Store, token: str) -> Profile | None:
    """Return the profile that a token would open, which isn't used up by it."""
    return _behind(store, EDIT, token)


def open_for_editing(store: Store, token: str) -> Profile | None:
    """Use a link to edit: return its profile, or None when the token is useless."""
    with store.keeping() as session:
        found = tokens.use(session, EDIT, token)
        row = session.get(ProfileRow, found.subject) if found else None
        profile = profile_of(session, row) if row and row.state != State.DRAFT else None
        if profile is not None:
            audit.record(session, profile.actor, "profile.opened", subject_of(profile.id))
        return profile


def get(store: Store, organisation_id: str) -> Profile | None:
    """Return a profile in any state, or None."""
    with store.reading() as session:
        row = session.get(ProfileRow, organisation_id)
        return profile_of(session, row) if row else None


def change(
    store: Store, organisation_id: str, organisation: Organisation, contact_for: ContactFor
) -> Profile | None:
    """Store what the keeper changed, in the corpus or in the record; None where there is none."""
    organisation = replace(organisation, id=organisation_id)
    now = datetime.now(UTC)
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        published = row is not None and row.state == State.PUBLISHED
        if row is None or not published or not save(write, organisation):
            write.nothing_changed()
        else:
            _note_change(write.session, row, contact_for, now)
            return profile_of(write.session, row)
    with store.keeping() as session:
        row = session.get(ProfileRow, organisation_id)
        if row is None:
            return None
        if row.record is not None:
            row.record = {**row.record, "organisation": serialise(with_languages(organisation))}
        _note_change(session, row, contact_for, now)
        return profile_of(session, row)


def remove(store: Store, cache: Cache, organisation_id: str) -> Profile | None:
    """Delete a profile and all that is stored on its organisation; returns what was deleted.

    One line of the log stays and says so; earlier lines name it by a part of its id that tells
    nobody what it was called. Cached answers, which quote it, are forgotten.
    """
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        profile = profile_of(write.session, row) if row else None
        if profile is None:
            write.nothing_changed()
            return None
        delete_traces(write.session, organisation_id)
        if not delete_organisation(write, organisation_id):
            rename_mentions(write, organisation_id, None)
        _forget(write.session, organisation_id, "profile.deleted", f"company:{organisation_id}")
    cache.clear()
    return profile


def contact_visible(store: Store, organisation_id: str, account: Account | None) -> Contact | None:
    """Return the contact of an organisation of the corpus, for those who may see it.

    Cluster managers may: of imported organisations, and of profiles whose keeper lets them. Those
    who were introduced see it with their introduction, not by this.
    """
    if account is None or not account.active or not account.role.reaches(AccountRole.MANAGER):
        return None
    with store.reading() as session:
        found = get_organisation(session, organisation_id)
        row = session.get(ProfileRow, found.id) if found else None
    if found is None or (row is not None and row.contact_for != ContactFor.MANAGERS):
        return None
    return found.contact


def namesakes(corpus: Corpus, name: str) -> list[tuple[str, str]]:
    """Return id and name of the organisations whose name is the same but for case and accents."""
    words = _normal(name)
    return [(one.id, one.name) for one in corpus.organisations if _normal(one.name) == words]


def checked_address(email: str) -> str:
    """Return an address in the form it is stored in. Raises ProfileError."""
    try:
        return normalise_email(email)
    except AccountError as error:
        raise ProfileError("email", str(error)) from error


def save(write: Write, organisation: Organisation) -> bool:
    """Store the organisation of a profile; competitors that are gone meanwhile are left out."""
    known = keys_of(write.session, organisation.competitors)
    own = {organisation.id, *kept_ids(write.session, [organisation.id]).values()}
    rivals = tuple(one for one in organisation.competitors if one in known and one not in own)
    whole = replace(organisation, competitors=rivals[:MAX_COMPETITORS])
    return save_organisation(write, with_languages(whole), keep=())


def subject_of(organisation_id: str) -> str:
    """Return what the log calls an organisation."""
    return f"organisation:{organisation_id}"


def profile_of(session: Session, row: ProfileRow) -> Profile | None:
    """Build the profile of a row; None where its organisation is gone."""
    if row.record is not None:
        organisation: Organisation | None = deserialise(row.record["organisation"])
    else:
        organisation = get_organisation(session, row.organisation_id)
    if organisation is None:
        return None
    return Profile(
        organisation=organisation,
        email=row.email,
        state=State(row.state),
        contact_for=ContactFor(row.contact_for),
        note=row.note,
        created=row.created,
        changed=row.changed,
    )


def _behind(store: Store, purpose: str, token: str) -> Profile | None:
    with store.reading() as session:
        found = tokens.read(session, purpose, token)
        row = session.get(ProfileRow, found.subject) if found else None
        fits = row is not None and (row.state == State.DRAFT) == (purpose == CONFIRM)
        return profile_of(session, row) if row and fits else None


def _note_change(session: Session, row: ProfileRow, contact_for: ContactFor, now: datetime) -> None:
    row.contact_for, row.changed = contact_for.value, now
    actor = f"company:{row.organisation_id}"
    audit.record(session, actor, "profile.changed", subject_of(row.organisation_id))
    session.flush()


def _forget_drafts(session: Session, before: datetime) -> None:
    old = (ProfileRow.state == State.DRAFT.value) & (ProfileRow.changed < before)
    for gone in list(session.scalars(select(ProfileRow.organisation_id).where(old))):
        _forget(session, gone, "profile.expired", "service")


def _forget(session: Session, organisation_id: str, action: str, actor: str) -> None:
    """Delete all rows about a profile; in the log its id loses the name that it began with."""
    delete_traces(session, organisation_id)
    session.flush()
    namespace, _colon, rest = organisation_id.partition(":")
    nameless = f"{namespace}:{rest.rpartition('-')[2]}"
    if namespace == "own":
        rename_in_audit(session, organisation_id, nameless)
    audit.record(session, actor, action, subject_of(organisation_id))


def _stamp(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _normal(name: str) -> Iterable[str]:
    return name_words(name) or [name.strip().casefold()]
