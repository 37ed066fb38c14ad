"""Facets: offers, needs and evidence as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from matcher.domain import (
    Facet,
    FacetKind,
    Stage,
)
from matcher.store.database import Write
from matcher.store.tables import DeletionRow, FacetRow, OwnershipRow

CHUNK = 500
"""Values in one IN list; SQLite's limit on variables is far above it."""


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Cut a sequence into pieces of CHUNK values."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def facet_from_row(row: FacetRow | Row[Any]) -> Facet:
    """Build the domain object from its row, or from the columns of a row."""
    return Facet(
        id=row.id,
        kind=FacetKind(row.kind),
        title=row.title,
        text=row.text,
        source=row.source,
        language=row.language,
        stage=Stage(row.stage) if row.stage else None,
        trl_min=row.trl_min,
        trl_max=row.trl_max,
        certifications=tuple(row.certifications),
        topics=tuple(row.topics),
        valid_until=row.valid_until,
        year=row.year,
    )


def facet_columns(facet: Facet) -> dict[str, Any]:
    """Return the columns of a facet."""
    return {
        "kind": facet.kind.value,
        "title": facet.title,
        "text": facet.text,
        "source": facet.source,
        "language": facet.language,
        "stage": facet.stage.value if facet.stage else None,
        "trl_min": facet.trl_min,
        "trl_max": facet.trl_max,
        "certifications": list(facet.certifications),
        "topics": list(facet.topics),
        "valid_until": facet.valid_until,
        "year": facet.year,
    }


def facet_content(facet: Facet) -> Facet:
    """Return what is stated: without its id, and the language that was detected."""
    return replace(facet, id=None, language=None)  # detected, not stated


def ownership_columns(
    facet_id: int, key: int, *, position: int, role: str | None = None, year: int | None = None
) -> dict[str, Any]:
    """Return the columns of an ownership."""
    return {
        "facet_id": facet_id,
        "organisation_key": key,
        "position": position,
        "role": role,
        "year": year,
    }


def load_facets(session: Session, ids: Iterable[int]) -> dict[int, Facet]:
    """Return the facets with these ids."""
    found: dict[int, Facet] = {}
    for part in chunks(sorted(set(ids))):
        # Plain rows: the session's bookkeeping would take as long as the query.
        for row in session.execute(select(*FacetRow.__table__.c).where(FacetRow.id.in_(part))):
            found[row.id] = facet_from_row(row)
    return found


def delete_facet(write: Write, facet_id: int) -> None:
    """Delete a facet, whoever owns it."""
    write.session.execute(delete(OwnershipRow).where(OwnershipRow.facet_id == facet_id))
    write.session.execute(delete(FacetRow).where(FacetRow.id == facet_id))
    write.session.add(DeletionRow(kind="facet", key=facet_id, version=write.version))
