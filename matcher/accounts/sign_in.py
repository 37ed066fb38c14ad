"""Signing in: by password, with a lock after failures, or through an identity provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts.accounts import (
    MAX_NAME_LENGTH,
    Account,
    AccountRole,
    account_from_row,
    find_row,
    normalise_email,
)
from matcher.accounts.password_hashing import rehash_if_outdated, verify_password
from matcher.store import Store
from matcher.store.account_tables import AccountRow

MAX_FAILURES = 5
"""An account is locked after so many wrong passwords in a row."""
LOCK_DURATION = timedelta(minutes=15)
MAX_SUBJECT_LENGTH = 400


def sign_in(store: Store, *, email: str, password: str) -> Account | None:
    """Return the account when the password is right and it isn't locked; else None.

    After MAX_FAILURES wrong passwords in a row an account is locked for LOCK_DURATION. The caller
    doesn't learn why it failed, and the time that it took doesn't tell whether there is such an
    account.
    """
    now = datetime.now(UTC)
    with store.reading() as session:
        row = find_row(session, email)
    usable = row is not None and row.active and row.password is not None
    right = verify_password(row.password if row and usable else None, password)
    if row is None or not usable:
        return None
    locked = row.locked_until is not None and row.locked_until > now
    with store.keeping() as session:
        if locked or not right:
            if not locked:
                _count_failure(session, row.id, now)
            return None
        fresh = session.get_one(AccountRow, row.id)
        fresh.failures, fresh.locked_until, fresh.seen = 0, None, now
        if fresh.password:
            fresh.password = rehash_if_outdated(fresh.password, password)
        account = account_from_row(fresh)
        audit.record(session, account.actor, "account.signed-in", account.audit_subject)
        session.flush()
        return account


def sign_in_by_provider(
    store: Store, *, issuer: str, subject: str, email: str, name: str, role: AccountRole
) -> Account | None:
    """Return the account of somebody whom an identity provider knows, made when first seen.

    An address that has an account already is linked to it: the caller has made sure that the
    provider vouches for the address. None when the account may not sign in, or is linked to
    another person at the provider.
    """
    provider_subject = f"{issuer}|{subject}"[:MAX_SUBJECT_LENGTH]
    with store.keeping() as session:
        row = session.scalar(select(AccountRow).where(AccountRow.subject == provider_subject))
        if row is None:
            address = normalise_email(email)
            row = session.scalar(select(AccountRow).where(AccountRow.email == address))
            if row is not None and row.subject is not None:
                return None
            if row is None:
                row = _add_account(session, address, name, role)
            row.subject = provider_subject
        if not row.active:
            return None
        row.seen = datetime.now(UTC)
        session.flush()
        account = account_from_row(row)
        audit.record(session, account.actor, "account.signed-in", account.audit_subject)
        return account


def _add_account(session: Session, address: str, name: str, role: AccountRole) -> AccountRow:
    row = AccountRow(
        email=address,
        name=name[:MAX_NAME_LENGTH] or address,
        role=role.value,
        failures=0,
        created=datetime.now(UTC),
        active=True,
    )
    session.add(row)
    audit.record(session, "provider", "account.created", f"account:{address}")
    return row


def _count_failure(session: Session, account_id: int, now: datetime) -> None:
    """Count a wrong password in the database itself: guesses in parallel count too."""
    own = AccountRow.id == account_id
    session.execute(update(AccountRow).where(own).values(failures=AccountRow.failures + 1))
    row = session.get_one(AccountRow, account_id, populate_existing=True)
    if row.failures >= MAX_FAILURES:
        row.locked_until, row.failures = now + LOCK_DURATION, 0
        audit.record(session, "service", "account.locked", f"account:{row.email}")
