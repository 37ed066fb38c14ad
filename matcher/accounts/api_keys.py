"""Keys for writing through the API: shown once, stored as SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import select

from matcher import audit
from matcher.store import Store
from matcher.store.tables import ApiKeyRow

PREFIX = "schakel_"
MAX_NAME_LENGTH = 200


def create_key(store: Store, name: str, *, actor: str) -> str:
    """Make a key, store its digest, and return the key: it can't be read again.

    A plain SHA-256 will do, as the key holds 256 random bits.
    Raises ValueError for a name that is blank or too long: nobody could tell whose key it is.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"A key needs a name of 1 to {MAX_NAME_LENGTH} characters: what it is for."
        )
    key = PREFIX + secrets.token_urlsafe(32)
    with store.keeping() as session:
        session.add(ApiKeyRow(name=name, digest=_digest(key), created=datetime.now(UTC)))
        audit.record(session, actor, "key.created", f"key:{name}")
    return key


def key_name(store: Store, key: str) -> str | None:
    """Return the name of a key; None when it is unknown or revoked."""
    with store.reading() as session:
        row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.digest == _digest(key)))
        return row.name if row is not None and row.revoked is None else None


def revoke_keys(store: Store, name: str, *, actor: str) -> int:
    """Revoke all keys of a name; return how many there were."""
    with store.keeping() as session:
        rows = session.scalars(
            select(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked.is_(None))
        ).all()
        for row in rows:
            row.revoked = datetime.now(UTC)
        if rows:
            audit.record(session, actor, "key.revoked", f"key:{name}")
        return len(rows)


def list_keys(store: Store) -> list[ApiKeyRow]:
    """Return all keys, oldest first."""
    with store.reading() as session:
        return list(session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id)))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
