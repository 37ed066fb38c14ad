"""Organisations that are recorded twice: found by name, offered for merging, merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.corpus.name_keys import NameRecord
from matcher.corpus.name_variants import (
    MIN_SURE_SCORE,
    VariantPair,
    variant_groups,
    variant_pairs,
)
from matcher.domain import ADMINISTRATOR
from matcher.identifiers import is_self_made
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.merging import merge_organisations
from matcher.store.tables import DistinctRow, OrganisationRow


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two records that may be one organisation."""

    one: tuple[str, str]
    """Id and name."""
    other: tuple[str, str]
    score: float
    why: str
    self_made: bool = False
    """Whether one is a profile whose owner says who it is: only an administrator settles it."""

    @property
    def sure(self) -> bool:
        """Whether votes are shared already."""
        return self.score >= MIN_SURE_SCORE and not self.self_made


class NoSuchOrganisation(ValueError):
    """An id that names no organisation, or the same one twice; the message says which."""


def proposals(store: Store) -> list[Proposal]:
    """Return the pairs of records that may be one organisation.

    Those with a self-made profile come first, then the surest.
    """
    with store.reading() as session:
        records = _records(session)
        by_others = _records(session, vouched=True)
        distinct = _distinct(session)
    own = records.keys() - by_others.keys()
    found = _pairs(by_others, distinct)
    if own:
        # Apart, so that however many profiles bear a name, the pairs of others are found.
        found += [one for one in _pairs(records, distinct) if {one[0], one[1]} & own]
    proposals = [
        Proposal(
            (one, records[one].name),
            (other, records[other].name),
            pair.score,
            pair.reason,
            self_made=bool({one, other} & own),
        )
        for one, other, pair in found
    ]
    return sorted(proposals, key=lambda proposal: not proposal.self_made)


def merge(store: Store, keep: str, gone: str, *, actor: str = "command") -> None:
    """Make one organisation of two, in one transaction. Raises NoSuchOrganisation.

    All that `gone` owns goes over to `keep`, blanks of `keep` are filled from it, and its id leads
    to `keep` from now on, in imports too.
    """
    with store.writing() as write:
        kept, merged = _rows(write.session, keep, gone)
        merge_organisations(write, kept, merged)
        if write.session.get(ProfileRow, keep) is not None:
            kept.standing = ADMINISTRATOR
        subject = f"organisation:{keep}"
        audit.record(write.session, actor, "organisation.merged", subject, gone=gone)


def dismiss(store: Store, one: str, other: str, *, actor: str = "command") -> None:
    """Remember that two records are different organisations. Raises NoSuchOrganisation.

    They aren't offered again, and share no votes from the next index build on.
    """
    with store.writing() as write:
        pair = sorted(row.id for row in _rows(write.session, one, other))
        if write.session.get(DistinctRow, tuple(pair)) is None:
            write.session.add(DistinctRow(one=pair[0], other=pair[1]))
            subject = f"organisation:{pair[0]}"
            audit.record(write.session, actor, "organisation.distinct", subject, other=pair[1])


def _rows(session: Session, one: str, other: str) -> tuple[OrganisationRow, OrganisationRow]:
    if one == other:
        raise NoSuchOrganisation(f"{one!r} was given twice.")
    found = []
    for wanted in (one, other):
        row = session.scalar(select(OrganisationRow).where(OrganisationRow.id == wanted))
        if row is None:
            raise NoSuchOrganisation(f"No organisation has the id {wanted!r}.")
        found.append(row)
    return found[0], found[1]


def sure_variants(session: Session) -> list[tuple[str, ...]]:
    """Return groups of ids that are surely one organisation.

    A self-made profile is in none, whatever it calls itself: it would speak for an organisation,
    and share its votes, that somebody else's record stands for.
    """
    records = _records(session, vouched=True)
    ids = list(records)
    pairs = [pair for _one, _other, pair in _pairs(records, _distinct(session))]
    return [tuple(ids[place] for place in group) for group in variant_groups(pairs)]


def _records(session: Session, *, vouched: bool = False) -> dict[str, NameRecord]:
    """Return what says which organisation a record is of, by ascending id.

    With `vouched`, only of records that nobody made for himself, or whose owner changed nothing
    about who it is since an administrator made them one with another.
    """
    columns = (
        OrganisationRow.id,
        OrganisationRow.name,
        OrganisationRow.country,
        OrganisationRow.city,
    )
    query = select(*columns).order_by(OrganisationRow.id)
    if vouched:
        standing = OrganisationRow.standing
        query = query.where(standing.is_(None) | (standing == ADMINISTRATOR))
    return {
        row.id: NameRecord(row.name, row.country, row.city)
        for row in session.execute(query)
        if not (vouched and is_self_made(row.id))
    }


def _distinct(session: Session) -> set[tuple[str, str]]:
    return {(row.one, row.other) for row in session.scalars(select(DistinctRow))}


def _pairs(
    records: Mapping[str, NameRecord], distinct: set[tuple[str, str]]
) -> list[tuple[str, str, VariantPair]]:
    """Return the ids of likely pairs, but for those that a person told apart, the surest first."""
    ids = list(records)
    pairs = (
        (ids[pair.first], ids[pair.second], pair) for pair in variant_pairs([*records.values()])
    )
    return [found for found in pairs if (found[0], found[1]) not in distinct]
