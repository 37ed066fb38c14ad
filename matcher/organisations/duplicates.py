"""Organisations that are recorded twice: found by name, offered for merging, merged."""

from __future__ import annotations

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
from matcher.store import Store
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

    @property
    def sure(self) -> bool:
        """Whether votes are shared already."""
        return self.score >= MIN_SURE_SCORE


class NoSuchOrganisation(ValueError):
    """An id that names no organisation, or the same one twice; the message says which."""


def proposals(store: Store) -> list[Proposal]:
    """Return the pairs of records that may be one organisation, the surest first."""
    with store.reading() as session:
        ids, names, pairs = _pairs(session)
    return [
        Proposal(
            (ids[pair.first], names[pair.first]),
            (ids[pair.second], names[pair.second]),
            pair.score,
            pair.reason,
        )
        for pair in pairs
    ]


def merge(store: Store, keep: str, gone: str, *, actor: str = "command") -> None:
    """Make one organisation of two, in one transaction. Raises NoSuchOrganisation.

    All that `gone` owns goes over to `keep`, blanks of `keep` are filled from it, and its id leads
    to `keep` from now on, in imports too.
    """
    with store.writing() as write:
        merge_organisations(write, *_rows(write.session, keep, gone))
        subject = f"organisation:{keep}"
        audit.record(write.session, actor, "organisation.merged", subject, gone=gone)


def dismiss(store: Store, one: str, other: str) -> None:
    """Remember that two records are different organisations. Raises NoSuchOrganisation.

    They aren't offered again, and share no votes from the next index build on.
    """
    with store.writing() as write:
        pair = sorted(row.id for row in _rows(write.session, one, other))
        if write.session.get(DistinctRow, tuple(pair)) is None:
            write.session.add(DistinctRow(one=pair[0], other=pair[1]))


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
    """Return groups of ids that are surely one organisation."""
    ids, _, pairs = _pairs(session)
    return [tuple(ids[place] for place in group) for group in variant_groups(pairs)]


def _pairs(session: Session) -> tuple[list[str], list[str], list[VariantPair]]:
    rows = session.execute(
        select(
            OrganisationRow.id, OrganisationRow.name, OrganisationRow.country, OrganisationRow.city
        ).order_by(OrganisationRow.id)
    ).all()
    pairs = variant_pairs([NameRecord(row.name, row.country, row.city) for row in rows])
    ids = [row.id for row in rows]
    distinct = {(row.one, row.other) for row in session.scalars(select(DistinctRow))}
    kept = [pair for pair in pairs if (ids[pair.first], ids[pair.second]) not in distinct]
    return ids, [row.name for row in rows], kept
