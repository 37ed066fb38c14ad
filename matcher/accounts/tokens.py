"""Links in mails: each token stands for one purpose and one subject until it expires or is used.

The token itself is 256 random bits and is never stored; its SHA-256 is.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from matcher.store.account_tables import TokenRow

PASSWORD = "password"  # noqa: S105 (a purpose, no secret)
INTRODUCTION = "introduction"
CONFIRM_PROFILE, EDIT_PROFILE = "profile-confirm", "profile-edit"
CHANGE_ADDRESS = "profile-address"
NOBODY = "nobody"
"""The subject of a token that was made so that an unknown address takes as long as a known one."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a valid token stands for."""

    purpose: str
    subject: str
    """An account's id, a profile's organisation id, or an introduction's id."""
    data: dict[str, str]
    expires: datetime


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    session: Session,
    purpose: str,
    subject: str,
    lifetime: timedelta,
    data: dict[str, str] | None = None,
) -> str:
    """Make a token; only the caller knows it."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    session.execute(delete(TokenRow).where(TokenRow.subject == NOBODY))
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
    """Return what a token stands for; None if unknown, used, expired or for another purpose."""
    row = session.get(TokenRow, digest(token))
    if row is None or row.purpose != purpose or row.used or row.expires <= datetime.now(UTC):
        return None
    return Token(row.purpose, row.subject, row.data, row.expires)


def use(session: Session, purpose: str, token: str) -> Token | None:
    """Return what a token stands for and use it up: of two users at once only one gets it."""
    valid = read(session, purpose, token)
    if valid is None:
        return None
    unused = (TokenRow.digest == digest(token)) & TokenRow.used.is_(None)
    taken = session.execute(update(TokenRow).where(unused).values(used=datetime.now(UTC)))
    return valid if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def revoke(session: Session, purpose: str, subject: str) -> None:
    """Delete all tokens of one purpose and subject."""
    session.execute(
        delete(TokenRow).where(TokenRow.purpose == purpose, TokenRow.subject == subject)
    )
