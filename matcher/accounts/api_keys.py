"""Keys for the API: shown once, stored as SHA-256, each with what it may do and until when."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from matcher import audit
from matcher.gate import BusyError
from matcher.store import Store
from matcher.store.tables import ApiKeyRow

PREFIX = "schakel_"
MAX_NAME_LENGTH = 200
READ, ALL = "read", "all"
"""Scopes; any other is the source whose records a key may write: `crm` for ids as `crm:x`."""
PROFILE_SOURCE = "own"
"""The source of profiles, which their owners write."""
_SOURCE = re.compile("[a-z0-9][a-z0-9-]{0,39}")
MAX_DAYS = 3650
USED_PRECISION = timedelta(days=1)
"""How exactly the last use is written down: a key that reads need not write each time."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that works."""

    name: str
    scope: str

    def may_write(self, record_id: str) -> bool:
        """Return whether the key may write a record; its id is empty where it has none yet."""
        source = record_id.partition(":")[0]
        if self.scope == ALL:
            return source != PROFILE_SOURCE
        return self.scope != READ and source == self.scope


def create_key(
    store: Store, name: str, *, actor: str, scope: str = ALL, days: int | None = None
) -> str:
    """Make a key, store its digest, and return the key: it can't be read again.

    `days` says for how long it works; None: until it is revoked. A plain SHA-256 will do, as the
    key holds 256 random bits. Raises ValueError for a name that is blank or too long (nobody could
    tell whose key it is), a scope that is none, and days that aren't 1 to MAX_DAYS.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"A key needs a name of 1 to {MAX_NAME_LENGTH} characters: what it is for."
        )
    if not _SOURCE.fullmatch(scope) or scope == PROFILE_SOURCE:
        raise ValueError(f"A key may {READ}, write {ALL}, or write one source, such as crm.")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ValueError(f"A key works for 1 to {MAX_DAYS} days.")
    key, now = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    expires = now + timedelta(days=days) if days is not None else None
    row = ApiKeyRow(name=name, digest=_digest(key), created=now, scope=scope, expires=expires)
    with store.keeping() as session:
        session.add(row)
        audit.record(session, actor, "key.created", f"key:{name}", scope=scope)
    return key


def find_key(store: Store, key: str) -> ApiKey | None:
    """Return a key; None when it is unknown, revoked or out of date."""
    now = datetime.now(UTC)
    with store.reading() as session:
        row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.digest == _digest(key)))
    if row is None or not is_valid(row, now):
        return None
    if row.used is None or now - _utc(row.used) >= USED_PRECISION:
        own = update(ApiKeyRow).where(ApiKeyRow.id == row.id)
        with suppress(BusyError, SQLAlchemyError), store.keeping() as session:
            session.execute(own.values(used=now))
    return ApiKey(row.name, row.scope)


def is_valid(row: ApiKeyRow, now: datetime) -> bool:
    """Return whether a key works."""
    return row.revoked is None and (row.expires is None or _utc(row.expires) > now)


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


def _utc(moment: datetime) -> datetime:
    """Say that a point in time is in UTC, where SQLite kept no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
