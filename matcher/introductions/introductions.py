"""Introductions as their two sides see them.

An account asks an organisation, for itself or for an initiative; the owner of a company's profile
asks an organisation, or asks an open initiative whether the company may take part. An organisation
answers by a link, without an account, or in its own profile; for an initiative the cluster managers
answer. Contacts lie in the row until both sides may see them, and are deleted from it when the
answer is no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.domain import Contact
from matcher.introductions.access import AccessGrant, Party, may_see, waits_for
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    IntroductionRow,
    IntroductionStepRow,
    MailRow,
    ProfileRow,
)
from matcher.store.tables import InitiativeRow, OrganisationRow

_CONTACT = TypeAdapter(Contact)
MAX_CONTACT_LENGTHS = {"name": 300, "email": 320, "phone": 64}
NOBODY = "–"


class IntroductionState(StrEnum):
    """Where an introduction is, in the order in which it usually goes."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    JOINED = "joined"
    ENDED = "ended"


class Side(StrEnum):
    """The two sides of an introduction."""

    REQUESTER = "requester"
    RECIPIENT = "recipient"


CONTACTS_SHARED = (
    IntroductionState.ACCEPTED,
    IntroductionState.JOINED,
    IntroductionState.ENDED,
)
"""States in which both sides see each other's contact, as long as it is stored."""


class IntroductionError(ValueError):
    """An introduction can't be as asked; `code` says why, for pages to translate."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Step:
    """One dated step, seen by both sides."""

    at: datetime
    by: Side
    step: str
    """A state, or `never`: the recipient doesn't want to be asked again."""
    note: str


@dataclass(frozen=True, slots=True)
class Introduction:
    """An introduction as both of its sides may see it."""

    id: str
    state: IntroductionState
    message: str
    need: str
    initiative_id: str | None
    initiative: str | None
    to_organisation: str
    """Empty where the initiative itself was asked."""
    to_name: str
    from_organisation: str | None
    from_name: str
    from_account: int | None
    created: datetime
    changed: datetime
    delivered: bool
    """Whether the recipient got the request: no mail waits, or an administrator passed it on."""
    steps: tuple[Step, ...]
    requester_contact: Contact | None
    """None as long as the recipient hasn't accepted."""
    recipient_contact: Contact | None


def get(store: Store, introduction_id: str, *, reader: Party) -> Introduction | None:
    """Return an introduction; None where there is none or the reader may not see it."""
    with store.reading() as session:
        row = session.get(IntroductionRow, introduction_id)
        return introduction_from_row(session, row) if row and may_see(row, reader) else None


def get_for_recipient(store: Store, grant: AccessGrant) -> Introduction | None:
    """Return the introduction that a grant opens; None where it opens none."""
    with store.reading() as session:
        row = grant.row(session)
        return introduction_from_row(session, row) if row else None


def list_introductions(store: Store, *, reader: Party, state: str = "") -> list[Introduction]:
    """Return what a party may see, optionally in one state: to be answered first, then by age."""
    query = select(IntroductionRow).order_by(IntroductionRow.created.desc())
    if state:
        query = query.where(IntroductionRow.state == state)
    with store.reading() as session:
        rows = [row for row in session.scalars(query) if may_see(row, reader)]
        rows.sort(key=lambda row: not waits_for(row, reader))
        return [introduction_from_row(session, row) for row in rows]


def requester_address(store: Store, introduction_id: str) -> str | None:
    """Return where an answer is announced: an address that is never shown to anybody."""
    with store.reading() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is None:
            return None
        if row.from_account is not None:
            account = session.get(AccountRow, row.from_account)
            return account.email if account and account.active else None
        try:
            return address_of(session, row.from_organisation or "")
        except IntroductionError:  # its profile is hidden or gone
            return None


def recorded_contact(store: Store, organisation_id: str) -> Contact:
    """Return the contact that a profile has on record, for its owner to propose; maybe empty.

    It is empty where the owner chose that nobody sees it: then it must be typed to be given.
    """
    with store.reading() as session:
        row = session.scalar(select(OrganisationRow).where(OrganisationRow.id == organisation_id))
        profile = session.get(ProfileRow, organisation_id)
        if row is None or profile is None or profile.contact_for == "nobody":
            return Contact()
        return Contact(row.contact_name, row.contact_email, row.contact_phone)


def address_of(session: Session, organisation_id: str) -> str | None:
    """Return where an organisation gets mail: its profile owner's address, or its contact's.

    Raises IntroductionError where there is no such organisation.
    """
    row = session.scalar(select(OrganisationRow).where(OrganisationRow.id == organisation_id))
    if row is None:
        raise IntroductionError("unknown")
    profile = session.get(ProfileRow, organisation_id)
    if profile is not None and profile.state == "published":
        return profile.email
    return row.contact_email


def clean_contact(contact: Contact) -> Contact:
    """Return a contact of single lines of bounded length; what is blank is None."""

    def clean(text: str | None, length: int) -> str | None:
        return " ".join((text or "").split())[:length] or None

    return Contact(
        **{name: clean(getattr(contact, name), n) for name, n in MAX_CONTACT_LENGTHS.items()}
    )


def contact_to_json(contact: Contact) -> dict[str, str]:
    """Return the JSON value that an introduction stores of a contact."""
    return dict(_CONTACT.dump_python(contact, mode="json", exclude_none=True))


def stored_contact(row: IntroductionRow, side: Side) -> Contact | None:
    """Return the contact that is stored of a side, whether or not the other may see it."""
    value = row.contact.get(side.value)
    return _CONTACT.validate_python(value) if value is not None else None


def introduction_from_row(session: Session, row: IntroductionRow) -> Introduction:
    """Build what both sides may see; contacts only where they are shared."""
    ids = [key for key in (row.to_organisation, row.from_organisation) if key]
    organisations = session.scalars(select(OrganisationRow).where(OrganisationRow.id.in_(ids)))
    names = {organisation.id: organisation.name for organisation in organisations}
    initiative = session.get(InitiativeRow, row.initiative_id) if row.initiative_id else None
    account = session.get(AccountRow, row.from_account) if row.from_account else None
    shared = row.state in CONTACTS_SHARED
    account_name = account.name if account else NOBODY
    initiative_name = initiative.name if initiative else NOBODY
    return Introduction(
        id=row.id,
        state=IntroductionState(row.state),
        message=row.message,
        need=row.need,
        initiative_id=row.initiative_id,
        initiative=initiative.name if initiative else None,
        to_organisation=row.to_organisation,
        to_name=names.get(row.to_organisation, row.to_organisation) or initiative_name,
        from_organisation=row.from_organisation,
        from_name=names.get(row.from_organisation or "") or account_name,
        from_account=row.from_account,
        created=row.created,
        changed=row.changed,
        delivered=_delivered(session, row),
        steps=_steps(session, row.id),
        requester_contact=stored_contact(row, Side.REQUESTER) if shared else None,
        recipient_contact=stored_contact(row, Side.RECIPIENT) if shared else None,
    )


def _delivered(session: Session, row: IntroductionRow) -> bool:
    if row.passed_on is not None or not row.to_organisation:
        return True
    return row.mail is not None and session.get(MailRow, row.mail) is None


def _steps(session: Session, introduction_id: str) -> tuple[Step, ...]:
    query = select(IntroductionStepRow).where(
        IntroductionStepRow.introduction_id == introduction_id
    )
    rows = session.scalars(query.order_by(IntroductionStepRow.id))
    return tuple(Step(row.at, Side(row.by), row.step, row.note) for row in rows)
