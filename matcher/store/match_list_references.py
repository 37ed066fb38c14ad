"""References to an organisation on match lists and in introductions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, cast, delete, select, update
from sqlalchemy.orm import Session

from matcher.store.account_tables import IntroductionRow, MatchListEntryRow, MatchListVersionRow


def rename_match_list_references(session: Session, old: str, new: str | None) -> None:
    """Make match lists and introductions refer to `new` instead of `old`; None removes them."""
    refers = cast(MatchListVersionRow.results, String).contains(old, autoescape=True)
    for version in session.scalars(select(MatchListVersionRow).where(refers)):
        version.results = _renamed(version.results, old, new)
    _rename_entries(session, old, new)
    for column in (IntroductionRow.to_organisation, IntroductionRow.from_organisation):
        if new is None:
            session.execute(delete(IntroductionRow).where(column == old))
        else:
            session.execute(update(IntroductionRow).where(column == old).values({column.key: new}))


def _renamed(results: list[dict[str, Any]], old: str, new: str | None) -> list[dict[str, Any]]:
    """Return the results with the new id; of two that become one, the higher one stays."""
    by_id: dict[str, dict[str, Any]] = {}
    for result in results:
        name = new if result["id"] == old else result["id"]
        if name is not None:
            by_id.setdefault(name, {**result, "id": name})
    return list(by_id.values())


def _rename_entries(session: Session, old: str, new: str | None) -> None:
    """Move notes to the kept organisation, unless the list has a note on that one."""
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
