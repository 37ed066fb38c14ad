"""Links in mails: each stands for one purpose and one subject, until it expires or is used.

The token itself is 256 random bits and is never stored; its SHA-256 is.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from matcher.store.account_tables import TokenRow


@dataclass(frozen=True, slots=True)
class Token:
    """What a valid token stands for."""

    purpose: str
    subject: str
    data: dict[str, Any]
    expires: datetime


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    session: Session,
    purpose: str,
    subject: str,
    lifetime: timedelta,
    data: dict[str, Any] | None = None,
) -> str:
    """Make a token; it is known to the caller alone."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    session.add(
        TokenRow(
            digest=digest(token),
            purpose=purpose,
            subject=subject,
            data=data or {},
            created=now,
            expires=now + lifetime,
        )
    )
    session.flush()
    return token


def read(session: Session, purpose: str, token: str) -> Token | None:
    """Return what a token stands for; None when it is unknown, used, expired or for another end."""
    row = session.get(TokenRow, digest(token))
    if row is None or row.purpose != purpose or row.used or row.expires <= datetime.now(UTC):
        return None
    return Token(row.purpose, row.subject, row.data, row.expires)


def use(session: Session, purpose: str, token: str) -> Token | None:
    """Return what a token stands for and make it useless: of two at once, one gets it."""
    found = read(session, purpose, token)
    if found is None:
        return None
    mine = (TokenRow.digest == digest(token)) & TokenRow.used.is_(None)
    taken = session.execute(update(TokenRow).where(mine).values(used=datetime.now(UTC)))
    return found if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def revoke(session: Session, purpose: str, subject: str) -> None:
    """Make all tokens of one purpose and subject useless."""
    session.execute(
        delete(TokenRow).where(TokenRow.purpose == purpose, TokenRow.subject == subject)
    )
