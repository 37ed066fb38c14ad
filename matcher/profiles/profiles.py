"""Profiles that companies own, without an account: links in mails say who may edit one.

A draft lies outside the corpus until its owner's address is confirmed; a published profile is an
organisation like any other. Mails are sent by the pages: the functions of this package return the
tokens of the links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts.accounts import Account, AccountRole, normalise_email
from matcher.accounts.errors import AccountError
from matcher.corpus.corpus import Corpus
from matcher.corpus.mentions import rows_named
from matcher.corpus.words import name_words
from matcher.domain import Contact, Organisation
from matcher.identifiers import SELF_MADE, is_self_made
from matcher.organisations.languages import with_languages
from matcher.profiles.records import record_from_json
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.aliases import kept_ids, keys_of
from matcher.store.database import Write
from matcher.store.organisations import get_organisation, save_organisation
from matcher.store.profiles import delete_profile_rows, rename_in_audit
from matcher.validation import MAX_COMPETITORS


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
    """A profile can't be stored or changed as asked; `code` says why, for pages to translate."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with all that its owner may see."""

    organisation: Organisation
    email: str
    """The owner's address."""
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
        """The profile's owner as the audit log names it."""
        return actor_of(self.id)


def get(store: Store, organisation_id: str) -> Profile | None:
    """Return a profile in any state, or None."""
    with store.reading() as session:
        row = session.get(ProfileRow, organisation_id)
        return profile_from_row(session, row) if row else None


def visible_contact(store: Store, organisation_id: str, account: Account | None) -> Contact | None:
    """Return the contact of an organisation of the corpus, for those who may see it.

    Cluster managers may: of imported organisations, and of profiles whose owner lets them. Those
    who were introduced see it with their introduction, not by this.
    """
    if account is None or not account.active or not account.role.reaches(AccountRole.MANAGER):
        return None
    with store.reading() as session:
        organisation = get_organisation(session, organisation_id)
        row = session.get(ProfileRow, organisation.id) if organisation else None
    if organisation is None or (row is not None and row.contact_for != ContactFor.MANAGERS):
        return None
    return organisation.contact


def namesakes(corpus: Corpus, name: str) -> list[tuple[str, str]]:
    """Return id and name of the organisations whose name is the same but for case and accents."""
    words = _folded_name(name)
    rows = rows_named(corpus, name_words(name)) if name_words(name) else corpus.all_rows
    return [
        (corpus.ids[row], corpus.names[row])
        for row in rows.tolist()
        if _folded_name(corpus.names[row]) == words
    ]


def normalise_address(email: str) -> str:
    """Return an address in the form it is stored in. Raises ProfileError."""
    try:
        return normalise_email(email)
    except AccountError as error:
        raise ProfileError("email", str(error)) from error


def save_to_corpus(write: Write, organisation: Organisation) -> bool:
    """Store a profile's organisation; return whether that changed anything.

    Competitors that are gone by now are left out, and so is the organisation itself.
    """
    known = keys_of(write.session, organisation.competitors)
    own_ids = {organisation.id, *kept_ids(write.session, [organisation.id]).values()}
    competitors = [key for key in organisation.competitors if key in known and key not in own_ids]
    whole = replace(organisation, competitors=tuple(competitors[:MAX_COMPETITORS]))
    return save_organisation(write, with_languages(whole), keep=())


def delete_profile(session: Session, organisation_id: str, *, action: str, actor: str) -> None:
    """Delete all rows about a profile, and log that.

    For a profile made here (`own:` ids, which hold its name) earlier lines of the audit log keep
    only the random part of the id.
    """
    delete_profile_rows(session, organisation_id)
    session.flush()
    if is_self_made(organisation_id):
        tail = organisation_id.rpartition("-")[2]
        rename_in_audit(session, organisation_id, f"{SELF_MADE}:{tail}")
    audit.record(session, actor, action, subject_of(organisation_id))


def subject_of(organisation_id: str) -> str:
    """Return an organisation as the audit log names it when something is done to it."""
    return f"organisation:{organisation_id}"


def actor_of(organisation_id: str) -> str:
    """Return the owner of an organisation's profile as the audit log names it."""
    return f"company:{organisation_id}"


def profile_from_row(session: Session, row: ProfileRow) -> Profile | None:
    """Build the profile of a row; None where its organisation is gone."""
    organisation: Organisation | None
    if row.record is not None:
        organisation = record_from_json(row.record).organisation
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


def _folded_name(name: str) -> Iterable[str]:
    return name_words(name) or [name.strip().casefold()]
