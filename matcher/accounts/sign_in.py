"""Signing in: by password, with a lock after failures, or through an identity provider."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import attempts
from matcher.accounts.accounts import (
    MAX_NAME_LENGTH,
    Account,
    AccountRole,
    account_from_row,
    find_row,
    normalise_email,
)
from matcher.accounts.attempts import Source
from matcher.accounts.password_hashing import rehash_if_outdated, verify_password
from matcher.store import Store
from matcher.store.account_tables import AccountRow

MAX_SUBJECT_LENGTH = 400
log = structlog.get_logger()


def sign_in(store: Store, *, email: str, password: str, source: Source) -> Account | None:
    """Return the account when the password is right and it isn't locked; else None.

    After several wrong passwords from `source` the account is locked for it (see `attempts`). The
    caller doesn't learn why it failed, and the time that it took doesn't tell whether there is such
    an account.
    """
    now = datetime.now(UTC)
    with store.reading() as session:
        row = find_row(session, email)
    usable = row is not None and row.active and row.password is not None
    right = verify_password(row.password if row and usable else None, password)
    address, limits = attempts.address_key(email), source.limits(row.id if row else None)
    with store.keeping() as session:
        locked = attempts.is_locked(session, address, limits, now)
        if locked or not right or row is None:
            reason = "locked" if locked else "wrong"
            known = row.id if row else None
            log.warning("sign-in failed", reason=reason, account=known, network=source.network)
            if not locked and attempts.count_failure(session, address, limits, now) and row:
                audit.record(session, "service", "account.locked", f"account:{row.email}")
            return None
        attempts.forget(session, address, limits)
        fresh = session.get_one(AccountRow, row.id)
        fresh.seen = now
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
        created=datetime.now(UTC),
        active=True,
    )
    session.add(row)
    audit.record(session, "provider", "account.created", f"account:{address}")
    return row
