"""Moderation of profiles: hiding one with a reason, and showing it again as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from sqlalchemy import String, cast, func, select

from matcher import audit
from matcher.mail import Mailer
from matcher.profiles.corpus_removal import put_back, take_out
from matcher.profiles.profiles import Profile, State, profile_from_row, subject_of
from matcher.profiles.records import record_from_json, record_to_json
from matcher.profiles.standing import update_standing
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.tables import OrganisationRow

log = structlog.get_logger()
MAX_REASON_LENGTH = 2_000
SUBJECT = "Schakel: uw profiel / votre profil / Ihr Profil / your profile"
HIDDEN_TEXT = """\
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
SHOWN_TEXT = """\
Uw profiel op Schakel wordt weer getoond.
Votre profil sur Schakel est de nouveau affiché.
Ihr Profil bei Schakel wird wieder angezeigt.
Your profile on Schakel is shown again.
"""
"""The owner's language isn't known, so mails by moderators are in all four."""


def search(store: Store, text: str, *, limit: int, offset: int) -> tuple[int, list[Profile]]:
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
        profiles = [profile_from_row(session, row) for row in rows]
    return total, [profile for profile in profiles if profile is not None]


def count_by_state(store: Store) -> dict[str, int]:
    """Return how many profiles are in each state, without states that none is in."""
    query = select(ProfileRow.state, func.count()).group_by(ProfileRow.state)
    with store.reading() as session:
        return {state: count for state, count in session.execute(query.order_by(ProfileRow.state))}


def hide(store: Store, mailer: Mailer, organisation_id: str, *, reason: str, actor: str) -> bool:
    """Move a published profile out of the corpus and mail its owner why; False if there was none.

    What it takes part in is stored with it. Entries on match lists and introductions stay.
    """
    reason = reason.strip()[:MAX_REASON_LENGTH]
    with store.writing() as write:
        row = write.session.get(ProfileRow, organisation_id)
        profile = profile_from_row(write.session, row) if row else None
        if row is None or profile is None or row.state != State.PUBLISHED:
            write.nothing_changed()
            return False
        row.record = record_to_json(take_out(write, profile.organisation))
        row.state, row.note, row.changed = State.HIDDEN.value, reason, datetime.now(UTC)
        audit.record(write.session, actor, "profile.hidden", subject_of(organisation_id))
    mailer.send(profile.email, SUBJECT, HIDDEN_TEXT + reason)
    return True


def show_again(store: Store, mailer: Mailer, organisation_id: str, *, actor: str) -> bool:
    """Put a hidden profile back with all that it took part in; return whether it was hidden."""
    with store.reading() as session:
        hidden = session.get(ProfileRow, organisation_id)
        record = record_from_json(hidden.record) if hidden and hidden.record else None
    with store.writing(record.embedded_texts if record else ()) as write:
        row = write.session.get(ProfileRow, organisation_id)
        if row is None or row.state != State.HIDDEN or row.record is None:
            write.nothing_changed()
            return False
        email = row.email
        before = record_from_json(row.record)
        put_back(write, organisation_id, before)
        update_standing(write, row.email, organisation_id, before.organisation)
        row.state, row.record, row.note = State.PUBLISHED.value, None, ""
        row.changed = datetime.now(UTC)
        audit.record(write.session, actor, "profile.shown", subject_of(organisation_id))
    mailer.send(email, SUBJECT, SHOWN_TEXT)
    return True
