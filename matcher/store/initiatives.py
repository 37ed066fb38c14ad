"""Initiatives: reading and writing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.domain import Initiative, Member, Need, NeedLevel, OrganisationType, Stage
from matcher.store.database import Store, Write
from matcher.store.tables import InitiativeRow


def save_initiative(store: Store, initiative: Initiative) -> bool:
    """Insert or replace an initiative; return whether anything changed."""
    with store.writing() as write:
        if read_initiative(write.session, initiative.id) == initiative:
            write.nothing_changed()
            return False
        write_initiative(write, initiative)
        return True


def write_initiative(write: Write, initiative: Initiative) -> None:
    """Insert or replace an initiative within a transaction."""
    write.session.merge(
        InitiativeRow(
            id=initiative.id,
            name=initiative.name,
            brief=initiative.brief,
            needs=[_need_to_json(need) for need in initiative.needs],
            members=[
                {"id": member.organisation_id, "since": member.since and member.since.isoformat()}
                for member in initiative.members
            ],
            exploratory=initiative.exploratory,
            open=initiative.open,
            wanted={kind.value: count for kind, count in initiative.wanted},
            version=write.version,
        )
    )
    write.session.flush()


def delete_initiative(write: Write, initiative_id: str) -> bool:
    """Delete an initiative within a transaction; return whether it existed."""
    row = write.session.get(InitiativeRow, initiative_id)
    if row is None:
        return False
    write.session.delete(row)
    return True


def list_initiatives(
    store: Store, limit: int | None = None, offset: int = 0, *, open_only: bool = False
) -> list[Initiative]:
    """Return initiatives by name, all of them or one page."""
    query = select(InitiativeRow).order_by(InitiativeRow.name, InitiativeRow.id)
    if open_only:
        query = query.where(InitiativeRow.open)
    with store.reading() as session:
        rows = session.scalars(query.limit(limit).offset(offset))
        return [initiative_from_row(row) for row in rows]


def count_initiatives(store: Store, *, open_only: bool = False) -> int:
    """Return how many initiatives there are."""
    query = select(func.count()).select_from(InitiativeRow)
    if open_only:
        query = query.where(InitiativeRow.open)
    with store.reading() as session:
        return session.scalar(query) or 0


def get_initiative(store: Store, initiative_id: str) -> Initiative | None:
    """Return an initiative, or None."""
    with store.reading() as session:
        return read_initiative(session, initiative_id)


def read_initiative(session: Session, initiative_id: str) -> Initiative | None:
    """Return an initiative, or None, within a session."""
    row = session.get(InitiativeRow, initiative_id)
    return initiative_from_row(row) if row else None


def initiative_from_row(row: InitiativeRow) -> Initiative:
    """Build the domain object from its row."""
    return Initiative(
        id=row.id,
        name=row.name,
        brief=row.brief,
        needs=tuple(
            Need(
                text=need["text"],
                level=NeedLevel(need["level"]),
                weight=need["weight"],
                stage=Stage(need["stage"]) if need["stage"] else None,
                due=_day(need.get("due")),
            )
            for need in row.needs
        ),
        members=tuple(Member(member["id"], _day(member["since"])) for member in row.members),
        exploratory=row.exploratory,
        open=row.open,
        wanted=tuple((OrganisationType(kind), count) for kind, count in row.wanted.items()),
    )


def _need_to_json(need: Need) -> dict[str, Any]:
    return {**asdict(need), "due": need.due and need.due.isoformat()}


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
