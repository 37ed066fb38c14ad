"""Accounts: who may sign in, with which role, and how passwords are checked and renewed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import tokens
from matcher.store import Store
from matcher.store.account_tables import AccountRow

MIN_PASSWORD, MAX_PASSWORD_LENGTH = 12, 200
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
RESET_WITHIN = timedelta(hours=1)
INVITED_WITHIN = timedelta(days=7)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))
"""Checked in the stead of an account that isn't there, so that both answers take as long."""


class AccountRole(StrEnum):
    """What somebody may do; each may do all that those before may."""

    MEMBER = "member"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"

    def reaches(self, least: AccountRole) -> bool:
        """Whether this role may do what `least` may."""
        order = list(AccountRole)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    id: int
    email: str
    name: str
    role: AccountRole
    stamp: str
    active: bool
    has_password: bool
    locked_until: datetime | None
    created: datetime
    seen: datetime | None

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return f"account:{self.email}"


class AccountError(ValueError):
    """Something about an account can't be as asked; `code` names what, for pages to say it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def clean_email(given: str) -> str:
    """Return an address in the form it is stored in. Raises AccountError."""
    try:
        return validate_email(given.strip(), check_deliverability=False).normalized.casefold()
    except EmailNotValidError as error:
        raise AccountError("email", "That is not an e-mail address.") from error


def checked_password(password: str) -> str:
    """Return a password that is long enough. Raises AccountError."""
    if len(password) < MIN_PASSWORD:
        message = f"A password needs at least {MIN_PASSWORD} characters."
        raise AccountError("short", message)
    if len(password) > MAX_PASSWORD_LENGTH:
        message = f"A password has at most {MAX_PASSWORD_LENGTH} characters."
        raise AccountError("long", message)
    if len(set(password)) < 5:
        raise AccountError("simple", "A password needs at least five different characters.")
    return password


def create(
    store: Store, email: str, name: str, role: AccountRole, password: str | None, actor: str
) -> Account:
    """Make an account; without a password it is for an identity provider or an invitation.

    Raises AccountError when the address or password can't be used or the address is taken.
    """
    address = clean_email(email)
    kept = _hasher.hash(checked_password(password)) if password is not None else None
    with store.keeping() as session:
        if session.scalar(select(AccountRow.id).where(AccountRow.email == address)):
            raise AccountError("taken", f"There is an account for {address} already.")
        row = AccountRow(
            email=address,
            name=name.strip()[:200] or address,
            role=role.value,
            password=kept,
            stamp=secrets.token_hex(8),
            active=True,
            failures=0,
            created=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        audit.record(session, actor, "account.created", f"account:{address}", role=role.value)
        return _account(row)


def get(store: Store, account_id: int) -> Account | None:
    """Return an account, or None."""
    with store.reading() as session:
        row = session.get(AccountRow, account_id)
        return _account(row) if row else None


def by_email(store: Store, email: str) -> Account | None:
    """Return the account of an address, or None."""
    with store.reading() as session:
        row = _row_of(session, email)
        return _account(row) if row else None


def everybody(store: Store) -> list[Account]:
    """Return all accounts by address."""
    with store.reading() as session:
        rows = session.scalars(select(AccountRow).order_by(AccountRow.email))
        return [_account(row) for row in rows]


def sign_in(store: Store, email: str, password: str) -> Account | None:
    """Return the account when the password is right and it isn't locked; else None.

    After FAILURES_ALLOWED wrong passwords in a row an account is locked for LOCKED_FOR. The caller
    learns nothing of why it failed, nor by the time it took whether there is such an account.
    """
    given = password[:MAX_PASSWORD_LENGTH]
    now = datetime.now(UTC)
    with store.reading() as session:
        row = _row_of(session, email)
    known = row is not None and row.active and row.password is not None
    right = _verified(row.password if row and known and row.password else _NOBODY, given)
    if row is None or not known:
        return None
    locked = row.locked_until is not None and row.locked_until > now
    with store.keeping() as session:
        if locked or not right:
            if not locked:
                _count_failure(session, row.id, now)
            return None
        fresh = session.get_one(AccountRow, row.id)
        fresh.failures, fresh.locked_until, fresh.seen = 0, None, now
        if fresh.password and _hasher.check_needs_rehash(fresh.password):
            fresh.password = _hasher.hash(given)
        audit.record(
            session, f"account:{fresh.email}", "account.signed-in", f"account:{fresh.email}"
        )
        session.flush()
        return _account(fresh)


def reset_token(
    store: Store, email: str, lifetime: timedelta = RESET_WITHIN
) -> tuple[Account, str] | None:
    """Return a token that lets its holder set a new password; None where there is no account."""
    with store.keeping() as session:
        row = _row_of(session, email)
        if row is None or not row.active:
            return None
        tokens.revoke(session, "password", str(row.id))
        return _account(row), tokens.issue(session, "password", str(row.id), lifetime)


def token_is_valid(store: Store, token: str) -> bool:
    """Whether a token to set a password can still be used."""
    with store.reading() as session:
        return tokens.read(session, "password", token) is not None


def set_password_by_token(store: Store, token: str, password: str) -> Account | None:
    """Set a new password, which ends all sessions and any lock; None when the token is useless.

    Raises AccountError for a password that can't be used; the token stays usable then.
    """
    kept = _hasher.hash(checked_password(password))
    with store.keeping() as session:
        found = tokens.use(session, "password", token)
        row = session.get(AccountRow, int(found.subject)) if found else None
        if row is None or not row.active:
            return None
        _renew(session, row, kept)
        return _account(row)


def change_password(store: Store, account_id: int, old: str, new: str) -> Account:
    """Change a password; all other sessions end. Raises AccountError."""
    kept = _hasher.hash(checked_password(new))
    with store.keeping() as session:
        row = session.get_one(AccountRow, account_id)
        if row.password is None or not _verified(row.password, old[:MAX_PASSWORD_LENGTH]):
            raise AccountError("wrong", "The present password is not right.")
        _renew(session, row, kept)
        return _account(row)


def set_password(store: Store, email: str, password: str) -> Account:
    """Set a password as an administrator of the machine does. Raises AccountError."""
    kept = _hasher.hash(checked_password(password))
    with store.keeping() as session:
        row = _row_of(session, email)
        if row is None:
            raise AccountError("unknown", f"There is no account for {email}.")
        _renew(session, row, kept, actor="command")
        return _account(row)


def change(
    store: Store,
    account_id: int,
    actor: str,
    *,
    name: str | None = None,
    role: AccountRole | None = None,
    active: bool | None = None,
) -> Account:
    """Change name, role or whether somebody may sign in. The last administrator stays one.

    Raises AccountError.
    """
    with store.keeping() as session:
        row = session.get(AccountRow, account_id)
        if row is None:
            raise AccountError("unknown", "There is no such account.")
        loses = (role is not None and role is not AccountRole.ADMINISTRATOR) or active is False
        if loses and row.role == AccountRole.ADMINISTRATOR and _administrators(session) <= 1:
            raise AccountError("last", "The last administrator has to stay one.")
        if name is not None and name.strip():
            row.name = name.strip()[:200]
        if role is not None and role != row.role:
            audit.record(session, actor, "account.role", f"account:{row.email}", role=role.value)
            row.role = role.value
        if active is not None and active != row.active:
            audit.record(session, actor, "account.active", f"account:{row.email}", active=active)
            row.active = active
            row.stamp = secrets.token_hex(8)
        session.flush()
        return _account(row)


def delete(store: Store, account_id: int, actor: str) -> bool:
    """Delete an account; whether it was there. The last administrator stays (AccountError)."""
    with store.keeping() as session:
        row = session.get(AccountRow, account_id)
        if row is None:
            return False
        if row.role == AccountRole.ADMINISTRATOR and _administrators(session) <= 1:
            raise AccountError("last", "The last administrator has to stay one.")
        tokens.revoke(session, "password", str(row.id))
        audit.record(session, actor, "account.deleted", f"account:{row.id}")
        session.delete(row)
        return True


def from_provider(
    store: Store, issuer: str, subject: str, email: str, name: str, role: AccountRole
) -> Account | None:
    """Return the account of somebody whom an identity provider knows, made when first seen.

    An address that has an account already is linked to it: the caller has made sure that the
    provider vouches for the address. None when the account may not sign in, or is linked to
    another person at the provider.
    """
    known_as = f"{issuer}|{subject}"[:400]
    with store.keeping() as session:
        row = session.scalar(select(AccountRow).where(AccountRow.subject == known_as))
        if row is None:
            address = clean_email(email)
            row = session.scalar(select(AccountRow).where(AccountRow.email == address))
            if row is not None and row.subject is not None:
                return None
            if row is None:
                row = AccountRow(email=address, name=name[:200] or address, role=role.value)
                row.stamp, row.failures = secrets.token_hex(8), 0
                row.created, row.active = datetime.now(UTC), True
                session.add(row)
                audit.record(session, "provider", "account.created", f"account:{address}")
            row.subject = known_as
        if not row.active:
            return None
        row.seen = datetime.now(UTC)
        session.flush()
        audit.record(session, f"account:{row.email}", "account.signed-in", f"account:{row.email}")
        return _account(row)


def _renew(session: Session, row: AccountRow, kept: str, actor: str | None = None) -> None:
    row.password, row.stamp = kept, secrets.token_hex(8)
    row.failures, row.locked_until = 0, None
    tokens.revoke(session, "password", str(row.id))
    who = actor or f"account:{row.email}"
    audit.record(session, who, "account.password", f"account:{row.email}")
    session.flush()


def _count_failure(session: Session, account_id: int, now: datetime) -> None:
    here = AccountRow.id == account_id
    raised = update(AccountRow).where(here).values(failures=AccountRow.failures + 1)
    session.execute(raised)
    row = session.get_one(AccountRow, account_id, populate_existing=True)
    if row.failures >= FAILURES_ALLOWED:
        row.locked_until, row.failures = now + LOCKED_FOR, 0
        audit.record(session, "service", "account.locked", f"account:{row.email}")


def _verified(kept: str, given: str) -> bool:
    try:
        return _hasher.verify(kept, given)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _administrators(session: Session) -> int:
    here = (AccountRow.role == AccountRole.ADMINISTRATOR.value) & AccountRow.active
    return session.scalar(select(func.count()).select_from(AccountRow).where(here)) or 0


def _row_of(session: Session, email: str) -> AccountRow | None:
    try:
        address = clean_email(email)
    except AccountError:
        return None
    return session.scalar(select(AccountRow).where(AccountRow.email == address))


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        role=AccountRole(row.role),
        stamp=row.stamp,
        active=row.active,
        has_password=row.password is not None,
        locked_until=row.locked_until,
        created=row.created,
        seen=row.seen,
    )
