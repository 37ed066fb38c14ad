"""Introductions: one side shows interest, the other accepts or declines; then contacts are shared.

An account asks an organisation, for itself or for an initiative; a company that keeps its profile
asks an organisation, or an open initiative whether it may take part. An organisation answers by a
link, without an account, or in its own profile; for an initiative the cluster managers answer.
Contacts lie in the row until they are shown, and are deleted from it when the answer is no.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.accounts.accounts import Account, AccountRole
from matcher.match_lists.lists import EntryStatus
from matcher.store import Store
from matcher.store.account_tables import (
    AccountRow,
    AuditRow,
    IntroductionRow,
    IntroductionStepRow,
    MatchListEntryRow,
    ProfileRow,
)
from matcher.store.initiatives import initiative_from_row
from matcher.store.tables import InitiativeRow, OrganisationRow

WITHIN = timedelta(days=60)
SHORTEST, LONGEST = 20, 3_000
MAX_TOLD = 10
"""So many managers are told of a company that wants to take part in an initiative."""
A_DAY = {"account": 20, "company": 5}
"""How many somebody may ask in a day."""
OPEN = ("asked", "accepted")
SHOWN = ("accepted", "joined", "ended")
"""States in which both sides see each other's contact, as long as it is there."""
FOLLOWS = {
    "asked": EntryStatus.APPROACHED,
    "accepted": EntryStatus.INTERESTED,
    "declined": EntryStatus.DECLINED,
    "joined": EntryStatus.JOINED,
}
"""What a match list says of somebody when the introduction gets to a state."""
Contact = dict[str, str]


class IntroductionError(ValueError):
    """An introduction can't be as asked; `code` names why, for pages to say it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: an account, or a company under its id; and the contact it gives."""

    contact: Contact
    account: Account | None = None
    organisation_id: str | None = None

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return self.account.actor if self.account else f"company:{self.organisation_id}"


@dataclass(frozen=True, slots=True)
class IntroductionRequest:
    """What is asked: of whom, why, and for what."""

    to_organisation: str
    """Empty: the initiative itself is asked."""
    message: str
    initiative_id: str | None = None
    list_id: str | None = None
    need: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A new introduction, and who is to be told.

    An organisation gets a link with the token; the managers of an initiative sign in.
    """

    id: str
    token: str
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """How the asked side comes to an introduction: by its link, or signed in."""

    token: str = ""
    introduction_id: str = ""
    by: Requester | None = None

    def row(self, session: Session) -> IntroductionRow | None:
        """Return the introduction; None when this door doesn't lead to one."""
        if self.by is None:
            found = tokens.read(session, "introduction", self.token)
            return session.get(IntroductionRow, found.subject) if found else None
        row = session.get(IntroductionRow, self.introduction_id)
        return row if row is not None and is_asked(row, self.by) else None

    def actor(self, row: IntroductionRow) -> str:
        """Return the name in the audit log."""
        return self.by.actor if self.by else f"company:{row.to_organisation}"


@dataclass(frozen=True, slots=True)
class Step:
    """One dated step, seen by both sides."""

    at: datetime
    by: str
    step: str
    note: str


@dataclass(frozen=True, slots=True)
class Introduction:
    """An introduction as one of its sides may see it."""

    id: str
    state: str
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
    steps: tuple[Step, ...]
    asker: Contact | None
    """The contact of the side that asks; None as long as the other hasn't accepted."""
    asked: Contact | None


def ask(store: Store, asker: Requester, wish: IntroductionRequest) -> Asked:
    """Ask for an introduction. Raises IntroductionError."""
    message = wish.message.strip()
    if not SHORTEST <= len(message) <= LONGEST:
        raise IntroductionError("length")
    if wish.to_organisation == asker.organisation_id:
        raise IntroductionError("self")
    now = datetime.now(UTC)
    with store.keeping() as session:
        if wish.to_organisation:
            emails = tuple(one for one in [_address_of(session, wish.to_organisation)] if one)
        else:
            emails = _managers_of(session, asker, wish.initiative_id or "")
        _check(session, asker, wish, now)
        row = IntroductionRow(
            id=secrets.token_hex(8),
            initiative_id=wish.initiative_id,
            list_id=wish.list_id,
            from_account=asker.account.id if asker.account else None,
            from_organisation=asker.organisation_id,
            to_organisation=wish.to_organisation,
            need=wish.need.strip()[:2_000],
            message=message,
            contact={"asker": _clean(asker.contact)},
            state="asked",
            created=now,
            changed=now,
        )
        session.add(row)
        session.flush()
        _step(session, row, "asker", "asked", "")
        to_one = bool(wish.to_organisation)
        token = tokens.issue(session, "introduction", row.id, WITHIN) if to_one else ""
        asked = f"organisation:{wish.to_organisation}" if to_one else _initiative(row)
        audit.record(session, asker.actor, "introduction.asked", asked)
        return Asked(row.id, token, emails)


def behind(store: Store, door: AccessGrant) -> Introduction | None:
    """Return what the asked side sees; None when the door leads nowhere."""
    with store.reading() as session:
        row = door.row(session)
        return _shown(session, row) if row else None


def answer(
    store: Store,
    door: AccessGrant,
    *,
    accept: bool,
    note: str = "",
    contact: Mapping[str, str] | None = None,
    never: bool = False,
) -> Introduction | None:
    """Accept, giving a contact, or decline; `never` declines all that come after, too.

    Returns None when the door leads nowhere. Raises IntroductionError when it was answered or taken
    back already, or when there is no contact to give.
    """
    given = _clean(contact or {})
    if accept and not given.get("email") and not given.get("phone"):
        raise IntroductionError("contact")
    with store.keeping() as session:
        row = door.row(session)
        if row is None:
            return None
        state = "accepted" if accept else "declined"
        mine = (IntroductionRow.id == row.id) & (IntroductionRow.state == "asked")
        taken = session.execute(update(IntroductionRow).where(mine).values(state=state))
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            raise IntroductionError("answered")
        session.refresh(row)
        row.contact = {**row.contact, "asked": given} if accept else {}
        _step(session, row, "asked", state, note)
        if never and not accept:
            _step(session, row, "asked", "never", "")
        audit.record(session, door.actor(row), f"introduction.{state}", _subject(row))
        return _shown(session, row)


def take_back(store: Store, door: AccessGrant) -> Introduction | None:
    """Take back an acceptance: contacts are deleted. None when the door leads nowhere."""
    with store.keeping() as session:
        row = door.row(session)
        if row is None:
            return None
        if row.state != "accepted":
            raise IntroductionError("answered")
        row.state, row.contact = "ended", {}
        _step(session, row, "asked", "ended", "")
        audit.record(session, door.actor(row), "introduction.taken-back", _subject(row))
        return _shown(session, row)


def close(
    store: Store, introduction_id: str, asker: Requester, outcome: str, note: str = ""
) -> None:
    """Say what became of it: `withdrawn`, `joined` or `ended`.

    That is for the side that asked; that a company joined an initiative is for its managers to say.
    Raises IntroductionError when that can't follow on the present state.
    """
    allowed = {"withdrawn": ("asked",), "joined": ("accepted",), "ended": ("accepted", "joined")}
    with store.keeping() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is None or not _may_see(row, asker):
            raise IntroductionError("unknown")
        if not may_close(row, asker, outcome):
            raise IntroductionError("unknown")
        if row.state not in allowed.get(outcome, ()):
            raise IntroductionError("answered")
        row.state = outcome
        if outcome == "withdrawn":
            row.contact = {}
        _step(session, row, "asked" if is_asked(row, asker) else "asker", outcome, note)
        audit.record(session, asker.actor, f"introduction.{outcome}", _subject(row))


def get(store: Store, introduction_id: str, asker: Requester) -> Introduction | None:
    """Return an introduction to one of its sides, or to a manager; else None."""
    with store.reading() as session:
        row = session.get(IntroductionRow, introduction_id)
        return _shown(session, row) if row and _may_see(row, asker) else None


def overview(store: Store, asker: Requester, state: str = "") -> list[Introduction]:
    """Return the introductions that somebody may see: those to be answered first, then by age."""
    query = select(IntroductionRow).order_by(IntroductionRow.created.desc())
    if state:
        query = query.where(IntroductionRow.state == state)
    with store.reading() as session:
        rows = [row for row in session.scalars(query) if _may_see(row, asker)]
        rows.sort(key=lambda row: not waits_for(row, asker))
        return [_shown(session, row) for row in rows]


def is_asked(one: IntroductionRow | Introduction, somebody: Requester) -> bool:
    """Return whether it is for somebody to answer: its organisation, or a manager."""
    if somebody.account is not None:
        return not one.to_organisation and somebody.account.role.reaches(AccountRole.MANAGER)
    own = somebody.organisation_id
    return own is not None and one.to_organisation == own


def may_close(one: IntroductionRow | Introduction, somebody: Requester, outcome: str) -> bool:
    """Return whether somebody who sees it may say that this became of it."""
    if not one.to_organisation and outcome != "withdrawn":
        return is_asked(one, somebody)
    return not is_asked(one, somebody)


def waits_for(one: IntroductionRow | Introduction, somebody: Requester) -> bool:
    """Return whether somebody has to answer it."""
    return one.state == "asked" and is_asked(one, somebody)


def asker_address(store: Store, introduction_id: str) -> str | None:
    """Return where the side that asked is told of an answer: never shown to anybody."""
    with store.reading() as session:
        row = session.get(IntroductionRow, introduction_id)
        if row is None:
            return None
        if row.from_account is not None:
            account = session.get(AccountRow, row.from_account)
            return account.email if account and account.active else None
        return _address_of(session, row.from_organisation or "")


def contact_of(store: Store, organisation_id: str) -> Contact:
    """Return the contact that an organisation has on record, to be offered for giving."""
    with store.reading() as session:
        row = session.scalar(select(OrganisationRow).where(OrganisationRow.id == organisation_id))
        if row is None:
            return {}
        known = {"name": row.contact_name, "email": row.contact_email, "phone": row.contact_phone}
        return {key: value for key, value in known.items() if value}


def _check(session: Session, asker: Requester, wish: IntroductionRequest, now: datetime) -> None:
    """Raise IntroductionError for somebody who may not be asked, or asked too often."""
    mine = (
        IntroductionRow.from_account == asker.account.id
        if asker.account
        else IntroductionRow.from_organisation == asker.organisation_id
    )
    count = select(func.count()).select_from(IntroductionRow)
    today = session.scalar(count.where(mine, IntroductionRow.created > now - timedelta(days=1)))
    if (today or 0) >= A_DAY["account" if asker.account else "company"]:
        raise IntroductionError("many")
    there = IntroductionRow.to_organisation == wish.to_organisation
    if wish.to_organisation and wish.initiative_id:
        same = IntroductionRow.initiative_id == wish.initiative_id
    elif wish.to_organisation:
        same = IntroductionRow.initiative_id.is_(None) & mine
    else:
        same = (IntroductionRow.initiative_id == wish.initiative_id) & mine
    if session.scalar(count.where(there, same, IntroductionRow.state.in_(OPEN))):
        raise IntroductionError("open")
    never = (
        select(func.count())
        .select_from(IntroductionStepRow)
        .join(IntroductionRow, IntroductionRow.id == IntroductionStepRow.introduction_id)
    )
    refused = never.where(there, IntroductionStepRow.step == "never")
    if wish.to_organisation and session.scalar(refused):
        raise IntroductionError("never")


def _address_of(session: Session, organisation_id: str) -> str | None:
    row = session.scalar(select(OrganisationRow).where(OrganisationRow.id == organisation_id))
    if row is None:
        raise IntroductionError("unknown")
    profile = session.get(ProfileRow, organisation_id)
    if profile is not None and profile.state == "published":
        return profile.email
    return row.contact_email


def _managers_of(session: Session, asker: Requester, initiative_id: str) -> tuple[str, ...]:
    """Return who is told: the managers that wrote of the initiative, or else all of them."""
    row = session.get(InitiativeRow, initiative_id)
    if row is None or not row.open or asker.organisation_id is None:
        raise IntroductionError("unknown")
    if asker.organisation_id in initiative_from_row(row).member_ids:
        raise IntroductionError("member")
    roles = [one.value for one in AccountRole if one.reaches(AccountRole.MANAGER)]
    able = select(AccountRow.email).where(AccountRow.active, AccountRow.role.in_(roles))
    managers = list(session.scalars(able.order_by(AccountRow.id)))
    wrote = select(AuditRow.actor).where(AuditRow.subject == f"initiative:{initiative_id}")
    writers = set(session.scalars(wrote.distinct()))
    concerned = [one for one in managers if f"account:{one}" in writers]
    return tuple((concerned or managers)[:MAX_TOLD])


def _initiative(row: IntroductionRow) -> str:
    return f"initiative:{row.initiative_id}"


def _step(session: Session, row: IntroductionRow, by: str, step: str, note: str) -> None:
    now = datetime.now(UTC)
    row.changed = now
    session.add(
        IntroductionStepRow(
            introduction_id=row.id, at=now, by=by, step=step, note=note.strip()[:LONGEST]
        )
    )
    if step in FOLLOWS and row.list_id:
        entry = session.get(MatchListEntryRow, (row.list_id, row.to_organisation))
        if entry is None:
            entry = MatchListEntryRow(
                list_id=row.list_id, organisation_id=row.to_organisation, note=""
            )
            session.add(entry)
        entry.status, entry.changed = FOLLOWS[step].value, now
    session.flush()


def _may_see(row: IntroductionRow, asker: Requester) -> bool:
    if asker.account is not None:
        manager = asker.account.role.reaches(AccountRole.MANAGER)
        public = row.from_account is not None or not row.to_organisation
        return row.from_account == asker.account.id or (manager and public)
    mine = (row.from_organisation, row.to_organisation)
    return asker.organisation_id is not None and asker.organisation_id in mine


def _shown(session: Session, row: IntroductionRow) -> Introduction:
    several = [one for one in (row.to_organisation, row.from_organisation) if one]
    named = session.scalars(select(OrganisationRow).where(OrganisationRow.id.in_(several)))
    names = {one.id: one.name for one in named}
    initiative = session.get(InitiativeRow, row.initiative_id) if row.initiative_id else None
    account = session.get(AccountRow, row.from_account) if row.from_account else None
    steps = select(IntroductionStepRow).where(IntroductionStepRow.introduction_id == row.id)
    shown = row.state in SHOWN
    who = names.get(row.from_organisation or "") or (account.name if account else "–")
    return Introduction(
        id=row.id,
        state=row.state,
        message=row.message,
        need=row.need,
        initiative_id=row.initiative_id,
        initiative=initiative.name if initiative else None,
        to_organisation=row.to_organisation,
        to_name=names.get(row.to_organisation, row.to_organisation)
        or (initiative.name if initiative else "–"),
        from_organisation=row.from_organisation,
        from_name=who,
        from_account=row.from_account,
        created=row.created,
        changed=row.changed,
        steps=tuple(
            Step(one.at, one.by, one.step, one.note)
            for one in session.scalars(steps.order_by(IntroductionStepRow.id))
        ),
        asker=row.contact.get("asker") if shown else None,
        asked=row.contact.get("asked") if shown else None,
    )


def _clean(contact: Mapping[str, Any]) -> Contact:
    longest = {"name": 300, "email": 320, "phone": 64}
    return {
        key: " ".join(str(contact[key]).split())[:most]
        for key, most in longest.items()
        if str(contact.get(key) or "").strip()
    }


def _subject(row: IntroductionRow) -> str:
    return f"introduction:{row.id}"
