"""How a request gets to whoever answers it: to the address of that side alone.

Whoever asks never gets the link. Where there is no address, or the mail server takes no mail, an
administrator passes the link on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.accounts.accounts import AccountRole
from matcher.introductions.access import Party, is_requester
from matcher.introductions.introductions import (
    IntroductionError,
    IntroductionState,
    address_of,
    introduction_from_row,
)
from matcher.store import Store
from matcher.store.account_tables import AccountRow, AuditRow, IntroductionRow, MailRow

LINK_LIFETIME = timedelta(days=60)
MAX_NOTIFIED_MANAGERS = 10
"""So many managers get a mail about a company that wants to take part in an initiative."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be mailed about a request, and to whom."""

    addresses: tuple[str, ...]
    requester: str
    """Its name, with the initiative that an account asks for."""
    recipient: str
    message: str
    to_organisation: bool
    """An organisation needs a link to answer; the managers of an initiative sign in."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A request that didn't reach its recipient."""

    id: str
    requester: str
    recipient: str
    asked: datetime
    tried_again: bool
    """Whether a mail waits; else there is no address, or the mail was given up."""
    own: bool
    """Whether the reader asked it, and so mustn't have the link."""


def delivery_of(store: Store, introduction_id: str) -> Delivery | None:
    """Return what is to be mailed about a request; None once it was answered or taken back."""
    with store.reading() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is None or row.state != IntroductionState.ASKED:
            return None
        shown = introduction_from_row(session, row)
        requester = shown.from_name
        if row.to_organisation and shown.initiative:
            requester = f"{requester} ({shown.initiative})"
        return Delivery(
            addresses=_addresses(session, row),
            requester=requester,
            recipient=shown.to_name,
            message=row.message,
            to_organisation=bool(row.to_organisation),
        )


def issue_link(store: Store, introduction_id: str) -> str:
    """Return the token of a new link to answer, for the recipient alone."""
    with store.keeping() as session:
        return tokens.issue(session, tokens.INTRODUCTION, introduction_id, LINK_LIFETIME)


def note_mail(store: Store, introduction_id: str, mail_id: str) -> None:
    """Store which mail tells the recipient of a request."""
    with store.keeping() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is not None:
            row.mail = mail_id


def undelivered(store: Store, *, reader: Party) -> list[Undelivered]:
    """Return the open requests to organisations that reached nobody, the oldest first."""
    with store.reading() as session:
        rows = session.scalars(_undelivered().order_by(IntroductionRow.created))
        found = []
        for row in rows:
            shown = introduction_from_row(session, row)
            found.append(
                Undelivered(
                    id=row.id,
                    requester=shown.from_name,
                    recipient=shown.to_name,
                    asked=row.created,
                    tried_again=_waits(session, row),
                    own=is_requester(row, reader),
                )
            )
        return found


def pass_on(store: Store, introduction_id: str, *, actor: Party) -> str | None:
    """Return the token of a link that an administrator gives to the recipient in another way.

    None where the request is answered or was delivered meanwhile, or the actor asked it.
    """
    with store.keeping() as session:
        row = session.scalar(_undelivered().where(IntroductionRow.id == introduction_id))
        if row is None or is_requester(row, actor):
            return None
        row.passed_on = datetime.now(UTC)
        subject = f"introduction:{row.id}"
        audit.record(session, actor.actor, "introduction.passed-on", subject)
        return tokens.issue(session, tokens.INTRODUCTION, row.id, LINK_LIFETIME)


def _undelivered() -> Select[IntroductionRow]:
    return select(IntroductionRow).where(
        IntroductionRow.state == IntroductionState.ASKED.value,
        IntroductionRow.to_organisation != "",
        IntroductionRow.passed_on.is_(None),
        IntroductionRow.mail.is_(None) | IntroductionRow.mail.in_(select(MailRow.id)),
    )


def _waits(session: Session, row: IntroductionRow) -> bool:
    mail = session.get(MailRow, row.mail) if row.mail else None
    return mail is not None and mail.given_up is None


def _addresses(session: Session, row: IntroductionRow) -> tuple[str, ...]:
    """Return the addresses of those who answer."""
    if not row.to_organisation:
        return _managers(session, row.initiative_id or "")
    try:
        address = address_of(session, row.to_organisation)
    except IntroductionError:  # the organisation is gone
        return ()
    return (address,) if address else ()


def _managers(session: Session, initiative_id: str) -> tuple[str, ...]:
    """Return the addresses of managers that edited an initiative, or else of all of them."""
    roles = [role.value for role in AccountRole if role.reaches(AccountRole.MANAGER)]
    active = select(AccountRow.email).where(AccountRow.active, AccountRow.role.in_(roles))
    managers = list(session.scalars(active.order_by(AccountRow.id)))
    edits = select(AuditRow.actor).where(AuditRow.subject == f"initiative:{initiative_id}")
    editors = set(session.scalars(edits.distinct()))
    concerned = [email for email in managers if f"account:{email}" in editors]
    return tuple((concerned or managers)[:MAX_NOTIFIED_MANAGERS])
