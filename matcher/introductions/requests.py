"""Asking for an introduction: who may ask whom, how often, and who gets a mail about it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.domain import Contact
from matcher.introductions.access import Party
from matcher.introductions.introductions import (
    IntroductionError,
    IntroductionState,
    Side,
    address_of,
    clean_contact,
    contact_to_json,
)
from matcher.introductions.steps import NEVER, add_step
from matcher.store import Store
from matcher.store.account_tables import IntroductionRow, IntroductionStepRow
from matcher.store.initiatives import initiative_from_row
from matcher.store.tables import InitiativeRow
from matcher.validation import MAX_NEED_LENGTH

MIN_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH = 20, 3_000
MAX_A_DAY_OF_ACCOUNT, MAX_A_DAY_OF_COMPANY = 20, 5
"""How many introductions one party may ask for in a day."""
OPEN_STATES = (IntroductionState.ASKED, IntroductionState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class IntroductionRequest:
    """Whom somebody asks to meet, why, and for what."""

    to_organisation: str
    """Empty: the initiative itself is asked."""
    message: str
    contact: Contact
    """Of the requester; the recipient sees it on accepting."""
    initiative_id: str | None = None
    list_id: str | None = None
    need: str = ""


def request_introduction(store: Store, request: IntroductionRequest, *, actor: Party) -> str:
    """Ask for an introduction; return its id. Raises IntroductionError.

    Whoever asks never learns the link to answer: it goes to the other side alone, by
    `matcher.introductions.delivery`. For an initiative only accounts ask others.
    """
    message = request.message.strip()
    if not MIN_MESSAGE_LENGTH <= len(message) <= MAX_MESSAGE_LENGTH:
        raise IntroductionError("length")
    if request.to_organisation == actor.organisation_id:
        raise IntroductionError("self")
    if request.to_organisation and request.initiative_id and actor.account is None:
        raise IntroductionError("unknown")
    now = datetime.now(UTC)
    with store.keeping() as session:
        _check_recipient(session, request, actor)
        _check_allowed(session, request, actor, now)
        row = IntroductionRow(
            id=secrets.token_hex(8),
            initiative_id=request.initiative_id,
            list_id=request.list_id,
            from_account=actor.account.id if actor.account else None,
            from_organisation=actor.organisation_id,
            to_organisation=request.to_organisation,
            need=request.need.strip()[:MAX_NEED_LENGTH],
            message=message,
            contact={Side.REQUESTER.value: contact_to_json(clean_contact(request.contact))},
            state=IntroductionState.ASKED.value,
            created=now,
            changed=now,
        )
        session.add(row)
        session.flush()
        add_step(session, row, by=Side.REQUESTER, step=IntroductionState.ASKED, note="")
        subject = f"initiative:{row.initiative_id}"
        if row.to_organisation:
            subject = f"organisation:{row.to_organisation}"
        audit.record(session, actor.actor, "introduction.asked", subject)
        return row.id


def _check_recipient(session: Session, request: IntroductionRequest, actor: Party) -> None:
    """Raise IntroductionError where whoever is asked isn't there, or isn't for the actor to ask."""
    if request.to_organisation:
        address_of(session, request.to_organisation)
        return
    row = session.get(InitiativeRow, request.initiative_id or "")
    if row is None or not row.open or actor.organisation_id is None:
        raise IntroductionError("unknown")
    if actor.organisation_id in initiative_from_row(row).member_ids:
        raise IntroductionError("member")


def _check_allowed(
    session: Session, request: IntroductionRequest, actor: Party, now: datetime
) -> None:
    """Raise IntroductionError for a request that may not be made.

    Its party has asked too often today, the same request is open already, or the recipient has
    refused once and for all.
    """
    by_actor = (
        IntroductionRow.from_account == actor.account.id
        if actor.account
        else IntroductionRow.from_organisation == actor.organisation_id
    )
    limit = MAX_A_DAY_OF_ACCOUNT if actor.account else MAX_A_DAY_OF_COMPANY
    count = select(func.count()).select_from(IntroductionRow)
    today = count.where(by_actor, IntroductionRow.created > now - timedelta(days=1))
    if (session.scalar(today) or 0) >= limit:
        raise IntroductionError("many")
    same = _same_request(request, by_actor)
    if session.scalar(count.where(same, IntroductionRow.state.in_(OPEN_STATES))):
        raise IntroductionError("open")
    refusals = (
        count.join(IntroductionStepRow, IntroductionStepRow.introduction_id == IntroductionRow.id)
        .where(IntroductionRow.to_organisation == request.to_organisation)
        .where(IntroductionStepRow.step == NEVER)
    )
    if request.to_organisation and session.scalar(refusals):
        raise IntroductionError("never")


def _same_request(
    request: IntroductionRequest, by_actor: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return the condition of being the same request.

    An organisation is asked once for an initiative, whoever asks; and once by each party where it
    isn't for an initiative.
    """
    there = IntroductionRow.to_organisation == request.to_organisation
    if request.to_organisation and request.initiative_id:
        return there & (IntroductionRow.initiative_id == request.initiative_id)
    if request.to_organisation:
        return there & IntroductionRow.initiative_id.is_(None) & by_actor
    return there & (IntroductionRow.initiative_id == request.initiative_id) & by_actor
