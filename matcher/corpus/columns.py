"""The corpus as arrays, for ranking. Immutable: a newer version is a new object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matcher.corpus.affiliation import Affiliation
from matcher.corpus.mentions import Mentions
from matcher.domain import FacetKind, OrganisationType, Place, SizeClass, Stage

KINDS = tuple(FacetKind)
"""Facet kinds by their number in `Corpus.facet_kind`."""


@dataclass(frozen=True, slots=True)
class OrganisationRecord:
    """The data of an organisation that ranking and result lists use."""

    key: int
    id: str
    name: str
    type: OrganisationType
    place: Place
    sme: bool | None
    sectors: tuple[str, ...]
    size: SizeClass | None = None
    competitors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetRecord:
    """The data of a facet that ranking uses; its text stays in the store."""

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
    ascending order of facet id. Ownership is in compressed sparse row (CSR) form:
    `owner_rows[owner_start[j]:owner_start[j + 1]]` are the rows of the organisations that own facet
    j, and `owner_facets` (p,) is the facet row of each of the p entries of `owner_rows`.

    Name variants are records of one organisation under several names. They form a group; `group`
    (n,) is the first row of the group of each organisation.
    """

    def __init__(
        self,
        version: int,
        organisations: Mapping[int, OrganisationRecord],
        facets: Mapping[int, FacetRecord],
        same_organisations: Corpus | None = None,
        variants: Iterable[Sequence[str]] = (),
    ) -> None:
        """Build the arrays; owners that aren't among `organisations` are left out.

        `same_organisations` is a corpus with the same organisations, if there is one, whose tables
        of names are used again. `variants` are groups of public ids of one organisation each.
        """
        self.version = version
        self._mentions: Mentions | None = (
            same_organisations._mentions if same_organisations else None
        )
        self._affiliation: Affiliation | None = (
            same_organisations._affiliation if same_organisations else None
        )
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
        is_evidence = self.of_kind(FacetKind.EVIDENCE, self.owner_facets)
        counted = np.bincount(self.owner_rows[is_evidence], minlength=len(self))
        self.experience: NDArray[np.float64] = counted.astype(np.float64)
        """How many past projects each organisation (n,) has under this name."""
        self._variants: dict[int, list[int]] = {}
        self.group: NDArray[np.int64] = np.arange(len(self.organisations))
        for ids in variants:
            rows = sorted(self.row_of_id[variant] for variant in ids if variant in self.row_of_id)
            if len(rows) > 1:
                self.group[rows] = rows[0]
                self._variants.update((row, rows) for row in rows)
        self.rows_with_variants: NDArray[np.int64] = np.array(
            sorted(self._variants), dtype=np.int64
        )
        self.representative = np.arange(len(self))
        """The row (n,) that stands for each organisation: of variants the most experienced."""
        for row, rows in self._variants.items():
            self.representative[row] = rows[int(np.argmax(self.experience[rows]))]
        self.latitude = _coordinates(record.place.latitude for record in self.organisations)
        self.longitude = _coordinates(record.place.longitude for record in self.organisations)

    def __len__(self) -> int:
        return len(self.organisations)

    @property
    def mentions(self) -> Mentions:
        """Finds mentions of the organisations, by row; built on first use."""
        if self._mentions is None:
            self._mentions = Mentions([record.name for record in self.organisations])
        return self._mentions

    @property
    def affiliation(self) -> Affiliation:
        """Compares names, cities and countries, by row; built on first use."""
        if self._affiliation is None:
            names = [record.name for record in self.organisations]
            places = [record.place for record in self.organisations]
            cities = [place.city or "" for place in places]
            self._affiliation = Affiliation(
                names, cities, [place.country or "" for place in places]
            )
        return self._affiliation

    def with_variants(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows and those of their name variants, ascending."""
        groups = np.unique(self.group[rows])
        return np.flatnonzero(np.isin(self.group, groups))

    def sum_over_variants(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values (n,) where each name variant has the sum over its group."""
        if not len(self.rows_with_variants):
            return values
        result = values.copy()
        sums = np.bincount(self.group, weights=values, minlength=len(self))
        result[self.rows_with_variants] = sums[self.group[self.rows_with_variants]]
        return result

    def experience_of(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how many past projects organisations (k,) have under any of their names."""
        return self.total_experience[rows]

    @cached_property
    def total_experience(self) -> NDArray[np.float64]:
        """How many past projects each organisation (n,) has under any of its names."""
        return self.sum_over_variants(self.experience)

    @cached_property
    def evidence_count(self) -> int:
        """How many past projects there are."""
        return int(self.of_kind(FacetKind.EVIDENCE).sum())

    @cached_property
    def is_offer_or_evidence(self) -> NDArray[np.bool_]:
        """Which facets (m,) are offers or past projects: all but needs."""
        return ~self.of_kind(FacetKind.NEED)

    @cached_property
    def states_needs(self) -> bool:
        """Whether any organisation states a need."""
        return bool(self.of_kind(FacetKind.NEED).any())

    @cached_property
    def types(self) -> NDArray[np.str_]:
        """The type of each organisation (n,)."""
        return np.array([record.type.value for record in self.organisations], dtype=np.str_)

    @cached_property
    def countries(self) -> NDArray[np.str_]:
        """The country of each organisation (n,), empty where unknown."""
        return np.array(
            [record.place.country or "" for record in self.organisations], dtype=np.str_
        )

    @cached_property
    def regions(self) -> NDArray[np.str_]:
        """The NUTS code of each organisation (n,), empty where unknown."""
        return np.array([record.place.region or "" for record in self.organisations], dtype=np.str_)

    @cached_property
    def owner_order(self) -> NDArray[np.int64]:
        """The order (p,) that sorts `owner_rows` and `owner_facets` by organisation, then facet."""
        return np.lexsort((self.owner_facets, self.owner_rows))

    @cached_property
    def owned_start(self) -> NDArray[np.int64]:
        """Where the facets of each organisation start in `owner_order`, (n + 1,)."""
        return np.searchsorted(self.owner_rows[self.owner_order], np.arange(len(self) + 1))

    def facets_owned(self, rows: Iterable[int]) -> NDArray[np.int64]:
        """Return the rows of the facets that these organisations own, ascending."""
        spans = [
            self.owner_order[self.owned_start[row] : self.owned_start[row + 1]] for row in rows
        ]
        places = np.concatenate(spans) if spans else np.empty(0, np.int64)
        return np.unique(self.owner_facets[places])

    @cached_property
    def competitor_pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of rows, the lower first, where one organisation stated the other as competitor.

        All name variants of the one are paired with all of the other.
        """
        pairs = {
            (min(left, right), max(left, right))
            for row, record in enumerate(self.organisations)
            for competitor in record.competitors
            if competitor in self.row_of_id
            for left in self._group_of(row)
            for right in self._group_of(self.row_of_id[competitor])
            if self.group[left] != self.group[right]
        }
        return tuple(sorted(pairs))

    def competitors_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the competitors of these organisations, ascending."""
        given = set(self.with_variants(rows).tolist())
        pairs = [pair for pair in self.competitor_pairs if given & set(pair)]
        return np.array(sorted({row for pair in pairs for row in pair} - given), dtype=np.int64)

    @cached_property
    def stages(self) -> tuple[Stage | None, ...]:
        """The stage of each facet (m,)."""
        return tuple(facet.stage for facet in self.facets)

    def _group_of(self, row: int) -> list[int]:
        """Return the rows of all name variants of an organisation, itself among them."""
        return self._variants.get(row, [row])

    def variants_of(self, row: int) -> list[int]:
        """Return the rows of the other name variants of an organisation."""
        return [other for other in self._variants.get(row, ()) if other != row]

    def rows(self, ids: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the rows of the public ids that are known."""
        return np.array([self.row_of_id[i] for i in ids if i in self.row_of_id], dtype=np.int64)

    def owners_of(self, facets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the owners of facets (k,): organisation rows (q,), and positions in `facets` (q,).

        A facet of several organisations has an entry for each.
        """
        return _spans(self.owner_rows, self.owner_start, facets)

    def facets_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the facets of organisations (k,): facet rows (q,), positions in `rows` (q,)."""
        return _spans(self.owner_facets[self.owner_order], self.owned_start, rows)

    def facet_rows(self, facet_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of facet ids, all of which must exist."""
        return np.searchsorted(self.facet_ids, facet_ids)

    def of_kind(
        self, kind: FacetKind, facets: NDArray[np.int64] | None = None
    ) -> NDArray[np.bool_]:
        """Return which of all facets (m,), or of some rows of them (k,), are of this kind."""
        kinds = self.facet_kind if facets is None else self.facet_kind[facets]
        marked: NDArray[np.bool_] = kinds == KINDS.index(kind)
        return marked


def _spans(
    values: NDArray[np.int64], starts: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the values of rows (k,) of a CSR table, and the position in `rows` of each value.

    `starts` (n + 1,) says where the values of each row begin.
    """
    begins, sizes = starts[rows], starts[rows + 1] - starts[rows]
    places = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return values[begins[places] + within], places


def _coordinates(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
