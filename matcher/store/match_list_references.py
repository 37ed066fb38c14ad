"""What people keep about an organisation follows it when it is merged, and goes when it goes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, cast, delete, select, update
from sqlalchemy.orm import Session

from matcher.store.account_tables import IntroductionRow, MatchListEntryRow, MatchListVersionRow


def rename_follow_up(session: Session, old: str, new: str | None) -> None:
    """Put the id `new` for `old` on match lists and introductions; None takes them away."""
    named_there = cast(MatchListVersionRow.results, String).contains(old, autoescape=True)
    for version in session.scalars(select(MatchListVersionRow).where(named_there)):
        version.results = _renamed(version.results, old, new)
    _rename_entries(session, old, new)
    for column in (IntroductionRow.to_organisation, IntroductionRow.from_organisation):
        if new is None:
            session.execute(delete(IntroductionRow).where(column == old))
        else:
            session.execute(update(IntroductionRow).where(column == old).values({column.key: new}))


def _renamed(results: list[dict[str, Any]], old: str, new: str | None) -> list[dict[str, Any]]:
    """Return the results with the name put right; of two that become one the better one stays."""
    seen: set[str] = set()
    kept = []
    for one in results:
        name = new if one["id"] == old else one["id"]
        if name is not None and name not in seen:
            seen.add(name)
            kept.append({**one, "id": name})
    return kept


def _rename_entries(session: Session, old: str, new: str | None) -> None:
    """Move what was written to the kept organisation, unless something is written there."""
    here = MatchListEntryRow.organisation_id == old
    if new is not None:
        taken = set(
            session.scalars(
                select(MatchListEntryRow.list_id).where(MatchListEntryRow.organisation_id == new)
            )
        )
        moving = update(MatchListEntryRow).where(here, MatchListEntryRow.list_id.not_in(taken))
        session.execute(moving.values(organisation_id=new))
    session.execute(delete(MatchListEntryRow).where(here))
