"""The corpus as arrays: what ranking works on. Immutable; a newer version is a new object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matcher.domain import FacetKind, OrganisationType, Place, Stage
from matcher.ranking.names import Names

KINDS = tuple(FacetKind)
NEVER = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class OrganisationRecord:
    """What ranking and result lists need of one organisation."""

    key: int
    id: str
    name: str
    type: OrganisationType
    place: Place
    sme: bool | None
    sectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FacetRecord:
    """What ranking needs of one facet; its text stays in the store."""

    id: int
    kind: FacetKind
    year: int | None
    stage: Stage | None
    valid_until: date | None
    topics: tuple[str, ...]
    owners: tuple[int, ...]
    """Keys of the organisations that own it, the coordinator first."""


class Corpus:
    """All organisations and facets at one version.

    Organisations have a row 0..n-1 in ascending order of their public id, facets a row 0..m-1 in
    ascending order of facet id. `owner_rows[owner_start[j]:owner_start[j+1]]` are the rows of
    the organisations that own facet j.
    """

    def __init__(
        self,
        version: int,
        organisations: Mapping[int, OrganisationRecord],
        facets: Mapping[int, FacetRecord],
        names: Names | None = None,
        variants: Iterable[Sequence[str]] = (),
    ) -> None:
        """Lay the records out as arrays; owners that aren't among `organisations` are left out.

        `names` are those of a corpus with the same organisations, where there is one. `variants`
        are groups of ids that are surely one organisation.
        """
        self.version = version
        self._names = names
        self.organisations = sorted(organisations.values(), key=lambda record: record.id)
        self.facets = sorted(facets.values(), key=lambda record: record.id)
        self.row_of_id = {record.id: row for row, record in enumerate(self.organisations)}
        row_of_key = {record.key: row for row, record in enumerate(self.organisations)}
        owners = [[row_of_key[k] for k in f.owners if k in row_of_key] for f in self.facets]
        self.facet_ids: NDArray[np.int64] = np.array([f.id for f in self.facets], dtype=np.int64)
        self.facet_kind = np.array([KINDS.index(f.kind) for f in self.facets], dtype=np.int8)
        self.facet_expiry = np.array(
            [(f.valid_until or date.max).toordinal() for f in self.facets], dtype=np.int64
        )
        sizes = [len(rows) for rows in owners]
        self.owner_start: NDArray[np.int64] = np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)]
        )
        self.owner_rows: NDArray[np.int64] = np.array(
            [row for rows in owners for row in rows], dtype=np.int64
        )
        self.owner_facets: NDArray[np.int64] = np.repeat(np.arange(len(owners)), sizes)
        is_evidence = self.of_kind(FacetKind.EVIDENCE)[self.owner_facets]
        counted = np.bincount(self.owner_rows[is_evidence], minlength=len(self))
        self.experience: NDArray[np.float64] = counted.astype(np.float64)
        """How many past projects each organisation (n,) has."""
        self._variants: dict[int, list[int]] = {}
        self.group: NDArray[np.int64] = np.arange(len(self.organisations))
        for several in variants:
            rows = sorted(self.row_of_id[one] for one in several if one in self.row_of_id)
            if len(rows) > 1:
                self.group[rows] = rows[0]
                self._variants.update((row, rows) for row in rows)
        self.grouped: NDArray[np.int64] = np.array(sorted(self._variants), dtype=np.int64)
        self.shown = np.arange(len(self))
        """The row (n,) under which each organisation is shown: of variants the most experienced."""
        for row, rows in self._variants.items():
            self.shown[row] = rows[int(np.argmax(self.experience[rows]))]
        self.latitude = _coordinates(record.place.latitude for record in self.organisations)
        self.longitude = _coordinates(record.place.longitude for record in self.organisations)

    def __len__(self) -> int:
        return len(self.organisations)

    @property
    def names(self) -> Names:
        """The names of all organisations, by row; made when first asked for."""
        if self._names is None:
            self._names = Names([record.name for record in self.organisations])
        return self._names

    def with_variants(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows with all name variants of theirs, ascending."""
        groups = np.unique(self.group[rows])
        return np.flatnonzero(np.isin(self.group, groups))

    def shared(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values (n,) in which name variants of one organisation have their sum."""
        if not len(self.grouped):
            return values
        result = values.copy()
        sums = np.bincount(self.group, weights=values, minlength=len(self))
        result[self.grouped] = sums[self.group[self.grouped]]
        return result

    def variants_of(self, row: int) -> list[int]:
        """Return the rows of the other name variants of an organisation."""
        return [other for other in self._variants.get(row, ()) if other != row]

    def rows(self, ids: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the rows of the public ids that are known."""
        return np.array([self.row_of_id[i] for i in ids if i in self.row_of_id], dtype=np.int64)

    def facet_rows(self, facet_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of facet ids, all of which must be there."""
        return np.searchsorted(self.facet_ids, facet_ids)

    def of_kind(self, kind: FacetKind) -> NDArray[np.bool_]:
        """Return which facets (m,) are of this kind."""
        marked: NDArray[np.bool_] = self.facet_kind == KINDS.index(kind)
        return marked


def _coordinates(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
