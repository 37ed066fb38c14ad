"""The log of who did what to whose data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.store import Store
from matcher.store.account_tables import AuditRow


def record(session: Session, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Write a line, in the transaction of the change that it records.

    `actor` is `account:<e-mail>`, `key:<name>`, `company:<organisation id>` for a profile's owner,
    `command`, `provider` or `service`; `action` is `<noun>.<verb>` such as `initiative.changed`;
    `subject` is what was changed, such as `organisation:demo:x`. `detail` holds JSON values, and no
    personal data of third parties.
    """
    session.add(
        AuditRow(
            at=datetime.now(UTC),
            actor=actor[:330],
            action=action,
            subject=subject[:400],
            detail=detail,
        )
    )


def lines(
    store: Store, text: str = "", limit: int = 50, offset: int = 0
) -> tuple[int, list[AuditRow]]:
    """Return how many lines name `text` in actor, action or subject, and one page, newest first."""
    query = select(AuditRow)
    if text:
        columns = (AuditRow.actor, AuditRow.action, AuditRow.subject)
        named = [column.icontains(text, autoescape=True) for column in columns]
        query = query.where(named[0] | named[1] | named[2])
    with store.reading() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        page = query.order_by(AuditRow.id.desc()).limit(limit).offset(offset)
        return total, list(session.scalars(page))
