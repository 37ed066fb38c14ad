"""What owners do with their profiles: open one by its link, change it, delete it.

None of these takes an actor: it is always the profile's owner, as the company is in the audit log.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.cache import Cache
from matcher.domain import Organisation
from matcher.organisations.languages import with_languages
from matcher.profiles.profiles import (
    ContactFor,
    Profile,
    State,
    actor_of,
    delete_profile,
    profile_from_row,
    save_to_corpus,
    subject_of,
)
from matcher.profiles.records import record_from_json, record_to_json
from matcher.profiles.standing import update_standing
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.organisations import delete_organisation, get_organisation
from matcher.store.references import rename_references


def get_by_link(store: Store, token: str) -> Profile | None:
    """Return the profile that a link to edit opens, without using the link up."""
    with store.reading() as session:
        valid = tokens.read(session, tokens.EDIT_PROFILE, token)
        return _not_a_draft(session, valid)


def open_by_link(store: Store, token: str) -> Profile | None:
    """Use a link to edit: return its profile, or None for an unusable token."""
    with store.keeping() as session:
        profile = _not_a_draft(session, tokens.use(session, tokens.EDIT_PROFILE, token))
        if profile is not None:
            audit.record(session, profile.actor, "profile.opened", subject_of(profile.id))
        return profile


def change(
    store: Store, organisation_id: str, organisation: Organisation, *, contact_for: ContactFor
) -> Profile | None:
    """Store what the owner changed, in the corpus or in the record; None where there is none.

    A change of `contact_for` alone makes no new version of the corpus.
    """
    organisation = replace(organisation, id=organisation_id)
    with store.writing(organisation.embedded_texts) as write:
        row = write.session.get(ProfileRow, organisation_id)
        published = row is not None and row.state == State.PUBLISHED
        old = get_organisation(write.session, organisation_id) if published else None
        if row is None or not published or not save_to_corpus(write, organisation):
            write.nothing_changed()
        else:
            update_standing(write, row.email, organisation_id, old)
            _log_change(write.session, row, contact_for)
            return profile_from_row(write.session, row)
    with store.keeping() as session:
        row = session.get(ProfileRow, organisation_id)
        if row is None:
            return None
        if row.record is not None:
            record = record_from_json(row.record)
            organisation = replace(organisation, standing=None)  # looked at again when it is shown
            changed = replace(record, organisation=with_languages(organisation))
            row.record = record_to_json(changed)
        _log_change(session, row, contact_for)
        return profile_from_row(session, row)


def delete(store: Store, cache: Cache, organisation_id: str) -> Profile | None:
    """Delete a profile and all that is stored on its organisation; return what was deleted.

    That is: the profile with its contact, mailed links, introductions with their steps, entries of
    match lists; the organisation with its offers, needs and past projects of nobody else; its place
    in initiatives, in saved match lists and among the competitors of others. One line of the audit
    log stays to say so. Cached answers quote it, so the cache is cleared.
    """
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        profile = profile_from_row(write.session, row) if row else None
        if profile is None:
            write.nothing_changed()
            return None
        # First, while its introductions are there to tell which links and steps go with them.
        delete_profile(
            write.session, organisation_id, action="profile.deleted", actor=profile.actor
        )
        if not delete_organisation(write, organisation_id):
            rename_references(write, organisation_id, None)
    cache.clear()
    return profile


def _not_a_draft(session: Session, token: tokens.Token | None) -> Profile | None:
    row = session.get(ProfileRow, token.subject) if token else None
    return profile_from_row(session, row) if row and row.state != State.DRAFT else None


def _log_change(session: Session, row: ProfileRow, contact_for: ContactFor) -> None:
    row.contact_for, row.changed = contact_for.value, datetime.now(UTC)
    actor, subject = actor_of(row.organisation_id), subject_of(row.organisation_id)
    audit.record(session, actor, "profile.changed", subject)
    session.flush()
