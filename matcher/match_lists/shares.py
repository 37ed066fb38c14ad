"""Links that let whoever has them read a match list, until they expire or are revoked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from matcher import audit
from matcher.accounts.accounts import Account
from matcher.accounts.tokens import digest
from matcher.store import Store
from matcher.store.account_tables import MatchListRow, ShareRow

DAYS = (7, 30, 90)
"""How long a link may last."""
MARK_LENGTH = 16
"""Hexadecimal digits of the digest: enough to name a link, of no use to open it."""


@dataclass(frozen=True, slots=True)
class Share:
    """A link that works; `mark` names it without giving it away."""

    mark: str
    created: datetime
    expires: datetime


def share(store: Store, list_id: str, *, days: int, actor: Account) -> str:
    """Make a link; return its token, which only the caller knows."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    expires = now + timedelta(days=days)
    with store.keeping() as session:
        session.add(ShareRow(digest=digest(token), list_id=list_id, created=now, expires=expires))
        audit.record(session, actor.actor, "list.shared", f"list:{list_id}", days=days)
    return token


def shared_list(store: Store, token: str) -> str | None:
    """Return the id of the list that a token opens; None for a revoked, expired or unknown one."""
    with store.reading() as session:
        row = session.get(ShareRow, digest(token))
        if row is None or row.revoked is not None or row.expires <= datetime.now(UTC):
            return None
        return row.list_id


def shares_of(store: Store, list_id: str) -> list[Share]:
    """Return the links of a list that work, the newest first."""
    usable = (ShareRow.list_id == list_id) & ShareRow.revoked.is_(None)
    query = select(ShareRow).where(usable, ShareRow.expires > datetime.now(UTC))
    with store.reading() as session:
        rows = session.scalars(query.order_by(ShareRow.created.desc()))
        return [Share(row.digest[:MARK_LENGTH], row.created, row.expires) for row in rows]


@dataclass(frozen=True, slots=True)
class SharedList:
    """A link that works, with the list that it opens."""

    list_id: str
    list_name: str
    link: Share


def shares_by(store: Store, account_id: int) -> list[SharedList]:
    """Return the links that work to all lists of an account, the newest first."""
    usable = (MatchListRow.account_id == account_id) & ShareRow.revoked.is_(None)
    usable &= ShareRow.expires > datetime.now(UTC)
    query = select(ShareRow, MatchListRow.name).join(
        MatchListRow, MatchListRow.id == ShareRow.list_id
    )
    with store.reading() as session:
        rows = session.execute(query.where(usable).order_by(ShareRow.created.desc()))
        return [
            SharedList(row.list_id, name, Share(row.digest[:MARK_LENGTH], row.created, row.expires))
            for row, name in rows
        ]


def revoke(store: Store, list_id: str, *, mark: str, actor: Account) -> bool:
    """Revoke a link; return whether there was one."""
    with store.keeping() as session:
        rows = session.scalars(select(ShareRow).where(ShareRow.list_id == list_id))
        marked = [row for row in rows if row.digest[:MARK_LENGTH] == mark and row.revoked is None]
        for row in marked:
            row.revoked = datetime.now(UTC)
            audit.record(session, actor.actor, "list.unshared", f"list:{list_id}")
        return bool(marked)
