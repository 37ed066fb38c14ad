"""References to an organisation by its id: by initiatives, competitors, lists and profiles."""

from __future__ import annotations

from sqlalchemy import String, cast, select

from matcher.store.database import Write
from matcher.store.match_list_references import rename_match_list_references
from matcher.store.profiles import rename_profile
from matcher.store.tables import InitiativeRow, OrganisationRow


def rename_references(write: Write, old: str, new: str | None) -> None:
    """Make all references to `old` refer to `new`; None removes them."""
    refers = cast(InitiativeRow.members, String).contains(old, autoescape=True)
    for initiative in write.session.scalars(select(InitiativeRow).where(refers)):
        by_id = {
            _renamed(member["id"], old, new): member for member in reversed(initiative.members)
        }
        members = [{**member, "id": name} for name, member in reversed(by_id.items()) if name]
        if members != initiative.members:
            initiative.members, initiative.version = members, write.version
    refers = cast(OrganisationRow.competitors, String).contains(old, autoescape=True)
    for rival in write.session.scalars(select(OrganisationRow).where(refers)):
        names = dict.fromkeys(_renamed(name, old, new) for name in rival.competitors)
        competitors = [name for name in names if name and name != rival.id]
        if competitors != rival.competitors:
            rival.competitors, rival.version = competitors, write.version
    rename_match_list_references(write.session, old, new)
    rename_profile(write.session, old, new)


def _renamed(name: str, old: str, new: str | None) -> str | None:
    return new if name == old else name
