"""Lines of the audit log with names in place of ids and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from matcher.accounts.accounts import Account, AccountRole
from matcher.store import Store
from matcher.store.account_tables import AccountRow, AuditRow, IntroductionRow, MatchListRow
from matcher.store.tables import InitiativeRow, OrganisationRow

FOR_MEMBERS = ("organisation", "initiative", "import")
"""What any member may see in the log, by the noun of a line's action."""
FOR_MANAGERS = (*FOR_MEMBERS, "list", "introduction")
"""What managers may see there. Nobody sees lines about accounts, passwords and keys here."""
GONE = "–"


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log, in names."""

    at: datetime
    actor: str
    action: str
    kind: str
    """What it is about: `organisation`, `initiative`, `list`, `introduction` or another noun."""
    id: str
    name: str
    """Empty where it is gone."""


def recent_lines(store: Store, reader: Account, limit: int = 10) -> list[LogLine]:
    """Return the newest lines of the log that an account may see: its own, and by its role."""
    nouns = FOR_MANAGERS if reader.role.reaches(AccountRole.MANAGER) else FOR_MEMBERS

    def about(nouns: Sequence[str]) -> Any:
        return or_(*(AuditRow.action.startswith(f"{noun}.", autoescape=True) for noun in nouns))

    own = about(FOR_MANAGERS) & (AuditRow.actor == reader.actor)
    query = select(AuditRow).where(about(nouns) | own).order_by(AuditRow.id.desc()).limit(limit)
    with store.reading() as session:
        return _named_lines(session, list(session.scalars(query)))


def named_lines(store: Store, rows: Sequence[AuditRow]) -> list[LogLine]:
    """Return lines of the log with names in place of ids and addresses."""
    with store.reading() as session:
        return _named_lines(session, rows)


def organisation_names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of organisations by id, of those that are there."""
    return _names(session, OrganisationRow.id, OrganisationRow.name, ids)


def _named_lines(session: Session, rows: Sequence[AuditRow]) -> list[LogLine]:
    names = _names_by_noun(session, rows)
    return [_line(row, names) for row in rows]


def _line(row: AuditRow, names: Mapping[str, Mapping[str, str]]) -> LogLine:
    kind, key = _reference(row.subject)
    actor_kind, actor = _reference(row.actor)
    # An address is never shown, not even of an account that is gone.
    unknown = "" if actor_kind == "account" else actor
    actor_name = names.get(actor_kind, {}).get(actor, unknown)
    return LogLine(
        at=row.at,
        actor=actor_name or (GONE if actor else actor_kind),
        action=row.action,
        kind=kind,
        id=key,
        name=names.get(kind, {}).get(key, ""),
    )


def _reference(text: str) -> tuple[str, str]:
    """Return noun and id of an actor or subject; `list:7/x:a` is about a match of list 7."""
    noun, _colon, key = text.partition(":")
    return noun, key.partition("/")[0] if noun == "list" else key


def _names_by_noun(session: Session, rows: Iterable[AuditRow]) -> dict[str, Mapping[str, str]]:
    """Return what the actors and subjects of lines are called, by noun and id."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        for text in (row.actor, row.subject):
            noun, key = _reference(text)
            ids.setdefault(noun, set()).add(key)

    def wanted(noun: str) -> set[str]:
        return ids.get(noun, set())

    parties = _introduced(session, wanted("introduction"))
    organisations = organisation_names(
        session, {*wanted("organisation"), *wanted("company"), *parties.values()}
    )
    return {
        "organisation": organisations,
        "company": organisations,
        "introduction": {key: organisations.get(party, "") for key, party in parties.items()},
        "account": _names(session, AccountRow.email, AccountRow.name, wanted("account")),
        "initiative": _names(session, InitiativeRow.id, InitiativeRow.name, wanted("initiative")),
        "list": _names(session, MatchListRow.id, MatchListRow.name, wanted("list")),
    }


def _introduced(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return by introduction the id of the organisation asked, or of the one that asks."""
    sides = (IntroductionRow.to_organisation, IntroductionRow.from_organisation)
    query = select(IntroductionRow.id, *sides).where(IntroductionRow.id.in_(list(ids)))
    return {key: asked or asks or "" for key, asked, asks in session.execute(query)}


def _names(session: Session, key: Any, name: Any, ids: Iterable[str]) -> dict[str, str]:
    query = select(key, name).where(key.in_(list(ids)))
    return {found: called for found, called in session.execute(query)}
