"""Where an organisation is named by its id: in initiatives, as a competitor, by people."""

from __future__ import annotations

from sqlalchemy import String, cast, select

from matcher.store.database import Write
from matcher.store.match_list_references import rename_follow_up
from matcher.store.profiles import rename_profile
from matcher.store.tables import InitiativeRow, OrganisationRow


def rename_mentions(write: Write, old: str, new: str | None) -> None:
    """Put the id `new` wherever `old` is named; None takes the mention away."""
    named_there = cast(InitiativeRow.members, String).contains(old, autoescape=True)
    for initiative in write.session.scalars(select(InitiativeRow).where(named_there)):
        by_id = {_renamed(one["id"], old, new): one for one in reversed(initiative.members)}
        members = [{**one, "id": name} for name, one in reversed(by_id.items()) if name]
        if members != initiative.members:
            initiative.members, initiative.version = members, write.version
    named_there = cast(OrganisationRow.competitors, String).contains(old, autoescape=True)
    for rival in write.session.scalars(select(OrganisationRow).where(named_there)):
        names = dict.fromkeys(_renamed(one, old, new) for one in rival.competitors)
        competitors = [name for name in names if name and name != rival.id]
        if competitors != rival.competitors:
            rival.competitors, rival.version = competitors, write.version
    rename_follow_up(write.session, old, new)
    rename_profile(write.session, old, new)


def _renamed(name: str, old: str, new: str | None) -> str | None:
    return new if name == old else name
