"""Sessions of those who sign in or have a profile open: they end on the server, not in a browser.

A browser has a token of 256 random bits, in its signed cookie; of it the SHA-256 is stored.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.accounts.tokens import digest
from matcher.store import Store
from matcher.store.account_tables import SessionRow

ACCOUNT_LIFETIME = timedelta(days=7)
"""From signing in; without a request a session ends after twelve hours (`app.py`)."""
PROFILE_LIFETIME = timedelta(hours=4)
MARK_LENGTH = 16
"""Hexadecimal digits of the digest: enough to name a session, of no use to enter it."""
MAX_DEVICE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is open; `mark` names it without giving it away."""

    mark: str
    device: str
    started: datetime
    expires: datetime


def start_for_account(store: Store, account_id: int, device: str) -> str:
    """Begin a session of an account on a device; return its token."""
    return _start(store, SessionRow(account_id=account_id, device=device), ACCOUNT_LIFETIME)


def start_for_profile(store: Store, organisation_id: str, device: str) -> str:
    """Begin a session in which a profile can be changed; return its token."""
    row = SessionRow(organisation_id=organisation_id, device=device)
    return _start(store, row, PROFILE_LIFETIME)


def profile_of(store: Store, token: str) -> str | None:
    """Return the organisation whose profile is open in a session, or None."""
    with store.reading() as session:
        found = open_row(session, token)
        return found.organisation_id if found else None


def end(store: Store, *session_tokens: str) -> None:
    """End sessions, whoever has their cookies."""
    digests = [digest(token) for token in session_tokens]
    with store.keeping() as session:
        session.execute(delete(SessionRow).where(SessionRow.digest.in_(digests)))


def end_all_of_account(session: Session, account_id: int) -> None:
    """End all sessions of an account."""
    session.execute(delete(SessionRow).where(SessionRow.account_id == account_id))


def end_all_of_profile(session: Session, organisation_id: str) -> None:
    """End all sessions in which a profile is open."""
    session.execute(delete(SessionRow).where(SessionRow.organisation_id == organisation_id))


def end_others(store: Store, account_id: int, *, but: str) -> None:
    """End all sessions of an account, except that of a token."""
    own = (SessionRow.account_id == account_id) & (SessionRow.digest != digest(but))
    with store.keeping() as session:
        session.execute(delete(SessionRow).where(own))


def end_marked(store: Store, account_id: int, mark: str) -> bool:
    """End one session of an account; return whether it was there."""
    with store.keeping() as session:
        query = select(SessionRow).where(SessionRow.account_id == account_id)
        rows = [row for row in session.scalars(query) if row.digest[:MARK_LENGTH] == mark]
        for row in rows:
            session.delete(row)
        return bool(rows)


def list_for_account(store: Store, account_id: int) -> list[OpenSession]:
    """Return the open sessions of an account, the newest first."""
    own = (SessionRow.account_id == account_id) & (SessionRow.expires > datetime.now(UTC))
    with store.reading() as session:
        rows = session.scalars(select(SessionRow).where(own).order_by(SessionRow.started.desc()))
        return [
            OpenSession(row.digest[:MARK_LENGTH], row.device, row.started, row.expires)
            for row in rows
        ]


def mark_of(token: str) -> str:
    """Return the mark of the session that has this token."""
    return digest(token)[:MARK_LENGTH]


def _start(store: Store, row: SessionRow, lifetime: timedelta) -> str:
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row.digest, row.started, row.expires = digest(token), now, now + lifetime
    row.device = row.device[:MAX_DEVICE_LENGTH]
    with store.keeping() as session:
        session.execute(delete(SessionRow).where(SessionRow.expires <= now))
        session.add(row)
    return token


def open_row(session: Session, token: str) -> SessionRow | None:
    """Return the row of a session that is open, or None."""
    row = session.get(SessionRow, digest(token))
    return row if row is not None and row.expires > datetime.now(UTC) else None
