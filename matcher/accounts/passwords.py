"""Passwords of accounts: forgotten and set again by a mailed link, changed, set by a command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.accounts import attempts, sessions, tokens
from matcher.accounts.accounts import Account, account_from_row, find_row
from matcher.accounts.errors import AccountError
from matcher.accounts.password_hashing import hash_password, verify_password
from matcher.store import Store
from matcher.store.account_tables import AccountRow, TokenRow

RESET_LIFETIME = timedelta(hours=1)
INVITATION_LIFETIME = timedelta(days=7)


def issue_reset_token(
    store: Store,
    email: str,
    *,
    lifetime: timedelta = RESET_LIFETIME,
    asked_by_anybody: bool = False,
) -> tuple[Account, str] | None:
    """Return a token that lets whoever has it set a new password; None without such an account.

    Somebody who signs in through an identity provider gets a password from administrators alone:
    else whoever may no longer sign in there would go round it.

    Tokens issued before work until one of them is used: anybody can ask for another.
    """
    with store.keeping() as session:
        row = find_row(session, email)
        elsewhere = row is not None and row.subject is not None and row.password is None
        if row is None or not row.active or (asked_by_anybody and elsewhere):
            tokens.issue(session, tokens.PASSWORD, tokens.NOBODY, timedelta())
            return None
        token = tokens.issue(session, tokens.PASSWORD, str(row.id), lifetime)
        return account_from_row(row), token


def reset_token_is_valid(store: Store, token: str) -> bool:
    """Return whether a token to set a password can still be used."""
    with store.reading() as session:
        return tokens.read(session, tokens.PASSWORD, token) is not None


def pending_links(store: Store, account_id: int) -> list[datetime]:
    """Return when the links were mailed that can still set a password of an account."""
    usable = (TokenRow.purpose == tokens.PASSWORD) & (TokenRow.subject == str(account_id))
    usable &= TokenRow.used.is_(None) & (TokenRow.expires > datetime.now(UTC))
    with store.reading() as session:
        query = select(TokenRow.created).where(usable).order_by(TokenRow.created.desc())
        return list(session.scalars(query))


def end_links(store: Store, account_id: int) -> None:
    """Make the links useless that were mailed to set a password of an account."""
    with store.keeping() as session:
        tokens.revoke(session, tokens.PASSWORD, str(account_id))


def reset_password(store: Store, *, token: str, password: str) -> Account | None:
    """Set a new password, which ends all sessions and any lock; None for an unusable token.

    Raises AccountError for a password that can't be used; the token stays usable then.
    """
    with store.reading() as session:
        valid = tokens.read(session, tokens.PASSWORD, token)
        owner = _owner(session, valid.subject) if valid else None
    if owner is None:
        return None
    password_hash = hash_password(password, (owner.email, owner.name))
    with store.keeping() as session:
        used = tokens.use(session, tokens.PASSWORD, token)
        row = _owner(session, used.subject) if used else None
        if row is None or not row.active:
            return None
        _store_hash(session, row, password_hash, actor=f"account:{row.email}")
        return account_from_row(row)


def change_password(store: Store, account_id: int, *, present: str, new: str) -> Account:
    """Change the password of the acting account; all its other sessions end.

    Raises AccountError for a wrong present password, or a new one that can't be used.
    """
    with store.reading() as session:
        owner = session.get_one(AccountRow, account_id)
    password_hash = hash_password(new, (owner.email, owner.name))
    with store.keeping() as session:
        row = session.get_one(AccountRow, account_id)
        if not verify_password(row.password, present):
            raise AccountError("wrong", "The present password is not right.")
        _store_hash(session, row, password_hash, actor=f"account:{row.email}")
        return account_from_row(row)


def set_password(store: Store, *, email: str, password: str, actor: str) -> Account:
    """Set the password of an account, as an administrator of the machine does.

    Raises AccountError.
    """
    with store.reading() as session:
        owner = find_row(session, email)
    password_hash = hash_password(password, (owner.email, owner.name) if owner else ())
    with store.keeping() as session:
        row = find_row(session, email)
        if row is None:
            raise AccountError("unknown", f"There is no account for {email}.")
        _store_hash(session, row, password_hash, actor=actor)
        return account_from_row(row)


def _owner(session: Session, subject: str) -> AccountRow | None:
    return session.get(AccountRow, int(subject)) if subject != tokens.NOBODY else None


def _store_hash(session: Session, row: AccountRow, password_hash: str, *, actor: str) -> None:
    """Store a password's hash; sessions, any lock and reset tokens of the account end."""
    row.password = password_hash
    sessions.end_all_of_account(session, row.id)
    attempts.forget(session, attempts.address_key(row.email))
    tokens.revoke(session, tokens.PASSWORD, str(row.id))
    audit.record(session, actor, "account.password", f"account:{row.email}")
    session.flush()
