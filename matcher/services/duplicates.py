"""Organisations that are recorded twice: found by name, offered for merging, merged."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.ranking.variants import SURE, Named, Pair, variant_groups, variant_pairs
from matcher.store.models import OrganisationRow


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
        return self.score >= SURE


def sure_variants(session: Session) -> list[tuple[str, ...]]:
    """Return groups of ids that are surely one organisation."""
    ids, _, pairs = _pairs(session)
    return [tuple(ids[place] for place in group) for group in variant_groups(pairs)]


def _pairs(session: Session) -> tuple[list[str], list[str], list[Pair]]:
    rows = session.execute(
        select(
            OrganisationRow.id, OrganisationRow.name, OrganisationRow.country, OrganisationRow.city
        ).order_by(OrganisationRow.id)
    ).all()
    pairs = variant_pairs([Named(row.name, row.country, row.city) for row in rows])
    return [row.id for row in rows], [row.name for row in rows], pairs
