"""Initiatives: reading and writing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import select

from matcher.domain import Initiative, Member, Need, NeedLevel, OrganisationType, Stage
from matcher.store.database import Store
from matcher.store.models import InitiativeRow


def save_initiative(store: Store, initiative: Initiative) -> bool:
    """Insert or replace an initiative; whether anything changed."""
    with store.writing() as write:
        row = write.session.get(InitiativeRow, initiative.id)
        if row is not None and initiative_from_row(row) == initiative:
            write.nothing_changed()
            return False
        write.session.merge(
            InitiativeRow(
                id=initiative.id,
                name=initiative.name,
                brief=initiative.brief,
                needs=[_saved_need(need) for need in initiative.needs],
                members=[
                    {"id": one.organisation_id, "since": one.since and one.since.isoformat()}
                    for one in initiative.members
                ],
                exploratory=initiative.exploratory,
                wanted={kind.value: count for kind, count in initiative.wanted},
                version=write.version,
            )
        )
        return True


def list_initiatives(store: Store) -> list[Initiative]:
    """Return all initiatives by name."""
    with store.reading() as session:
        rows = session.scalars(select(InitiativeRow).order_by(InitiativeRow.name))
        return [initiative_from_row(row) for row in rows]


def get_initiative(store: Store, initiative_id: str) -> Initiative | None:
    """Return an initiative, or None."""
    with store.reading() as session:
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
                one["text"],
                NeedLevel(one["level"]),
                one["weight"],
                Stage(one["stage"]) if one["stage"] else None,
                _day(one.get("due")),
            )
            for one in row.needs
        ),
        members=tuple(Member(one["id"], _day(one["since"])) for one in row.members),
        exploratory=row.exploratory,
        wanted=tuple((OrganisationType(kind), count) for kind, count in row.wanted.items()),
    )


def _saved_need(need: Need) -> dict[str, Any]:
    return {**asdict(need), "due": need.due and need.due.isoformat()}


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
