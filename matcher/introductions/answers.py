"""What follows on a request: it is accepted or declined, taken back, or closed with an outcome."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.domain import Contact
from matcher.introductions.access import AccessGrant, Party, is_recipient, may_close, may_see
from matcher.introductions.introductions import (
    Introduction,
    IntroductionError,
    IntroductionState,
    Side,
    clean_contact,
    contact_to_json,
    introduction_from_row,
)
from matcher.introductions.steps import NEVER, add_step
from matcher.store import Store
from matcher.store.account_tables import IntroductionRow

CLOSED_FROM = {
    IntroductionState.WITHDRAWN: (IntroductionState.ASKED,),
    IntroductionState.JOINED: (IntroductionState.ACCEPTED,),
    IntroductionState.ENDED: (IntroductionState.ACCEPTED, IntroductionState.JOINED),
}
"""The outcomes with which an introduction is closed, and the states that they follow on."""


def accept(
    store: Store, grant: AccessGrant, *, contact: Contact, note: str = ""
) -> Introduction | None:
    """Accept a request and share a contact; None where the grant opens nothing.

    Raises IntroductionError where it was answered or taken back already, or where the contact has
    neither e-mail address nor telephone number.
    """
    contact = clean_contact(contact)
    if not contact.email and not contact.phone:
        raise IntroductionError("contact")
    with store.keeping() as session:
        row = grant.row(session)
        if row is None:
            return None
        _set_state_once(session, row, IntroductionState.ACCEPTED)
        row.contact = {**row.contact, Side.RECIPIENT.value: contact_to_json(contact)}
        add_step(session, row, by=Side.RECIPIENT, step=IntroductionState.ACCEPTED, note=note)
        audit.record(session, grant.actor(row), "introduction.accepted", _subject(row))
        return introduction_from_row(session, row)


def decline(
    store: Store, grant: AccessGrant, *, note: str = "", never_again: bool = False
) -> Introduction | None:
    """Decline a request, and with `never_again` all that come after it.

    The requester's contact is deleted. None where the grant opens nothing. Raises IntroductionError
    where it was answered or taken back already.
    """
    with store.keeping() as session:
        row = grant.row(session)
        if row is None:
            return None
        _set_state_once(session, row, IntroductionState.DECLINED)
        row.contact = {}
        add_step(session, row, by=Side.RECIPIENT, step=IntroductionState.DECLINED, note=note)
        if never_again:
            add_step(session, row, by=Side.RECIPIENT, step=NEVER, note="")
        audit.record(session, grant.actor(row), "introduction.declined", _subject(row))
        return introduction_from_row(session, row)


def withdraw_acceptance(store: Store, grant: AccessGrant) -> Introduction | None:
    """Take back an acceptance: contacts are deleted. None where the grant opens nothing.

    Raises IntroductionError where it isn't accepted at the moment.
    """
    with store.keeping() as session:
        row = grant.row(session)
        if row is None:
            return None
        if row.state != IntroductionState.ACCEPTED:
            raise IntroductionError("answered")
        row.state, row.contact = IntroductionState.ENDED.value, {}
        add_step(session, row, by=Side.RECIPIENT, step=IntroductionState.ENDED, note="")
        audit.record(session, grant.actor(row), "introduction.taken-back", _subject(row))
        return introduction_from_row(session, row)


def close(
    store: Store, introduction_id: str, *, outcome: str, actor: Party, note: str = ""
) -> None:
    """Close an introduction as withdrawn, joined or ended.

    Raises IntroductionError where the actor may not, or the outcome can't follow on its state.
    """
    with store.keeping() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is None or not may_see(row, actor) or not may_close(row, actor, outcome):
            raise IntroductionError("unknown")
        if outcome not in CLOSED_FROM or row.state not in CLOSED_FROM[IntroductionState(outcome)]:
            raise IntroductionError("answered")
        row.state = outcome
        if outcome == IntroductionState.WITHDRAWN:
            row.contact = {}
        side = Side.RECIPIENT if is_recipient(row, actor) else Side.REQUESTER
        add_step(session, row, by=side, step=outcome, note=note)
        audit.record(session, actor.actor, f"introduction.{outcome}", _subject(row))


def _set_state_once(session: Session, row: IntroductionRow, state: IntroductionState) -> None:
    """Answer a request; of two answers at once the second one raises IntroductionError."""
    open_request = (IntroductionRow.id == row.id) & (IntroductionRow.state == "asked")
    changed = session.execute(update(IntroductionRow).where(open_request).values(state=state.value))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise IntroductionError("answered")
    session.refresh(row)


def _subject(row: IntroductionRow) -> str:
    return f"introduction:{row.id}"
