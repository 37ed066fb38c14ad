"""Accounts: who may sign in, and with which role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import sessions, tokens
from matcher.accounts.errors import AccountError
from matcher.accounts.password_hashing import hash_password
from matcher.store import Store
from matcher.store.account_tables import AccountRow
from matcher.validation import email_address

MAX_NAME_LENGTH = 200


class AccountRole(StrEnum):
    """What somebody may do; each role may do all that the roles before it may."""

    MEMBER = "member"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"

    def reaches(self, required: AccountRole) -> bool:
        """Return whether this role may do what `required` may."""
        order = list(AccountRole)
        return order.index(self) >= order.index(required)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    id: int
    email: str
    name: str
    role: AccountRole
    active: bool
    has_password: bool
    has_second_factor: bool
    created: datetime
    seen: datetime | None

    @property
    def actor(self) -> str:
        """The account as the audit log names it when it acts."""
        return f"account:{self.email}"

    @property
    def audit_subject(self) -> str:
        """The account as the audit log names it when something is done to it."""
        return f"account:{self.email}"


def normalise_email(address: str) -> str:
    """Return an address in the form it is stored in. Raises AccountError."""
    try:
        return email_address(address).casefold()
    except ValueError as error:
        raise AccountError("email", "That is not an e-mail address.") from error


def create(
    store: Store, *, email: str, name: str, role: AccountRole, password: str | None, actor: str
) -> Account:
    """Create an account; without a password it is for an identity provider or an invitation.

    Raises AccountError when the address or password can't be used or the address is taken.
    """
    address = normalise_email(email)
    password_hash = hash_password(password, (address, name)) if password is not None else None
    with store.keeping() as session:
        if session.scalar(select(AccountRow.id).where(AccountRow.email == address)):
            raise AccountError("taken", f"There is an account for {address} already.")
        row = AccountRow(
            email=address,
            name=name.strip()[:MAX_NAME_LENGTH] or address,
            role=role.value,
            password=password_hash,
            active=True,
            created=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        account = account_from_row(row)
        audit.record(session, actor, "account.created", account.audit_subject, role=role.value)
        return account


def get(store: Store, account_id: int) -> Account | None:
    """Return an account, or None."""
    with store.reading() as session:
        row = session.get(AccountRow, account_id)
        return account_from_row(row) if row else None


def get_by_session(store: Store, token: str) -> Account | None:
    """Return the account of an open session; None where there is none, or it is blocked."""
    with store.reading() as session:
        found = sessions.open_row(session, token)
        row = session.get(AccountRow, found.account_id) if found and found.account_id else None
        return account_from_row(row) if row is not None and row.active else None


def find_by_email(store: Store, email: str) -> Account | None:
    """Return the account of an address, or None."""
    with store.reading() as session:
        row = find_row(session, email)
        return account_from_row(row) if row else None


def list_accounts(store: Store) -> list[Account]:
    """Return all accounts by address."""
    with store.reading() as session:
        rows = session.scalars(select(AccountRow).order_by(AccountRow.email))
        return [account_from_row(row) for row in rows]


def change(
    store: Store,
    account_id: int,
    *,
    actor: str,
    name: str | None = None,
    role: AccountRole | None = None,
    active: bool | None = None,
) -> Account:
    """Change an account's name, role, or whether it may sign in; None leaves a field as it is.

    Raises AccountError, also for the last administrator: there is always one left.
    """
    with store.keeping() as session:
        row = session.get(AccountRow, account_id)
        if row is None:
            raise AccountError("unknown", "There is no such account.")
        demoted = role is not None and role is not AccountRole.ADMINISTRATOR
        if demoted or active is False:
            _require_another_administrator(session, row)
        if name is not None and name.strip():
            row.name = name.strip()[:MAX_NAME_LENGTH]
        if role is not None and role != row.role:
            audit.record(session, actor, "account.role", f"account:{row.email}", role=role.value)
            row.role = role.value
        if active is not None and active != row.active:
            audit.record(session, actor, "account.active", f"account:{row.email}", active=active)
            row.active = active
            sessions.end_all_of_account(session, row.id)
        session.flush()
        return account_from_row(row)


def delete(store: Store, account_id: int, *, actor: str) -> bool:
    """Delete an account; return whether it was there.

    Raises AccountError for the last administrator.
    """
    with store.keeping() as session:
        row = session.get(AccountRow, account_id)
        if row is None:
            return False
        _require_another_administrator(session, row)
        tokens.revoke(session, tokens.PASSWORD, str(row.id))
        audit.record(session, actor, "account.deleted", f"account:{row.id}")
        session.delete(row)
        return True


def find_row(session: Session, email: str) -> AccountRow | None:
    """Return the row of an address; None where there is none, or it isn't an address."""
    try:
        address = normalise_email(email)
    except AccountError:
        return None
    return session.scalar(select(AccountRow).where(AccountRow.email == address))


def account_from_row(row: AccountRow) -> Account:
    """Build the account of a row."""
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        role=AccountRole(row.role),
        active=row.active,
        has_password=row.password is not None,
        has_second_factor=row.totp is not None,
        created=row.created,
        seen=row.seen,
    )


def _require_another_administrator(session: Session, row: AccountRow) -> None:
    """Raise AccountError where a row is that of the last active administrator."""
    administrators = (AccountRow.role == AccountRole.ADMINISTRATOR.value) & AccountRow.active
    count = session.scalar(select(func.count()).select_from(AccountRow).where(administrators)) or 0
    if row.role == AccountRole.ADMINISTRATOR and count <= 1:
        raise AccountError("last", "The last administrator has to stay one.")
