"""The corpus as arrays: what ranking works on. Immutable; a newer version is a new object."""

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
    size: SizeClass | None = None
    competitors: tuple[str, ...] = ()


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
        same: Corpus | None = None,
        variants: Iterable[Sequence[str]] = (),
    ) -> None:
        """Lay the records out as arrays; owners that aren't among `organisations` are left out.

        `same` is a corpus with the same organisations, where there is one: what is known of names
        needn't be worked out again. `variants` are groups of ids that are surely one organisation.
        """
        self.version = version
        self._mentions: Mentions | None = same._mentions if same else None
        self._kinship: Affiliation | None = same._kinship if same else None
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
    def mentions(self) -> Mentions:
        """The names of all organisations, by row; made when first asked for."""
        if self._mentions is None:
            self._mentions = Mentions([record.name for record in self.organisations])
        return self._mentions

    @property
    def affiliation(self) -> Affiliation:
        """What names, cities and countries share, by row; made when first asked for."""
        if self._kinship is None:
            names = [record.name for record in self.organisations]
            places = [record.place for record in self.organisations]
            cities = [place.city or "" for place in places]
            self._kinship = Affiliation(names, cities, [place.country or "" for place in places])
        return self._kinship

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

    def experience_of(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how many past projects organisations (k,) have under any of their names."""
        return self.shared_experience[rows]

    @cached_property
    def shared_experience(self) -> NDArray[np.float64]:
        """How many past projects each organisation (n,) has under any of its names."""
        return self.shared(self.experience)

    @cached_property
    def evidence_count(self) -> int:
        """How many past projects there are."""
        return int(self.of_kind(FacetKind.EVIDENCE).sum())

    @cached_property
    def is_offer_or_evidence(self) -> NDArray[np.bool_]:
        """Which facets (m,) can speak for their owners: all but needs."""
        return ~self.of_kind(FacetKind.NEED)

    @cached_property
    def states_needs(self) -> bool:
        """Whether any organisation states a need."""
        return bool(self.of_kind(FacetKind.NEED).any())

    @cached_property
    def types(self) -> NDArray[np.str_]:
        """The type of each organisation (n,)."""
        return np.array([one.type.value for one in self.organisations], dtype=np.str_)

    @cached_property
    def countries(self) -> NDArray[np.str_]:
        """The country of each organisation (n,), empty where unknown."""
        return np.array([one.place.country or "" for one in self.organisations], dtype=np.str_)

    @cached_property
    def regions(self) -> NDArray[np.str_]:
        """The NUTS code of each organisation (n,), empty where unknown."""
        return np.array([one.place.region or "" for one in self.organisations], dtype=np.str_)

    @cached_property
    def by_owner(self) -> NDArray[np.int64]:
        """The order of `owner_rows` and `owner_facets` that goes by organisation, then facet."""
        return np.lexsort((self.owner_facets, self.owner_rows))

    @cached_property
    def owned_start(self) -> NDArray[np.int64]:
        """Where the facets of each organisation start in `by_owner` (n + 1,)."""
        return np.searchsorted(self.owner_rows[self.by_owner], np.arange(len(self) + 1))

    def facets_owned(self, rows: Iterable[int]) -> NDArray[np.int64]:
        """Return the rows of the facets that these organisations own, ascending."""
        spans = [self.by_owner[self.owned_start[row] : self.owned_start[row + 1]] for row in rows]
        places = np.concatenate(spans) if spans else np.empty(0, np.int64)
        return np.unique(self.owner_facets[places])

    @cached_property
    def rivals(self) -> tuple[tuple[int, int], ...]:
        """Pairs of rows, the lower first, of which one named the other as its competitor.

        Name variants of the two are pairs too.
        """
        named = {
            (min(one, another), max(one, another))
            for row, record in enumerate(self.organisations)
            for other in record.competitors
            if other in self.row_of_id
            for one in (row, *self.variants_of(row))
            for another in (self.row_of_id[other], *self.variants_of(self.row_of_id[other]))
            if self.group[one] != self.group[another]
        }
        return tuple(sorted(named))

    def rivals_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the competitors of these organisations, ascending."""
        given = set(self.with_variants(rows).tolist())
        pairs = [pair for pair in self.rivals if given & set(pair)]
        return np.array(sorted({row for pair in pairs for row in pair} - given), dtype=np.int64)

    @cached_property
    def stages(self) -> tuple[Stage | None, ...]:
        """The stage of each facet (m,)."""
        return tuple(facet.stage for facet in self.facets)

    def variants_of(self, row: int) -> list[int]:
        """Return the rows of the other name variants of an organisation."""
        return [other for other in self._variants.get(row, ()) if other != row]

    def rows(self, ids: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the rows of the public ids that are known."""
        return np.array([self.row_of_id[i] for i in ids if i in self.row_of_id], dtype=np.int64)

    def owners_of(self, facets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return who owns facets (k,): rows of organisations (p,), and places in `facets` (p,).

        A facet that several organisations own is there once for each.
        """
        return _spans(self.owner_rows, self.owner_start, facets)

    def facets_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what organisations (k,) own: rows of facets (p,), and places in `rows` (p,)."""
        return _spans(self.owner_facets[self.by_owner], self.owned_start, rows)

    def facet_rows(self, facet_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of facet ids, all of which must be there."""
        return np.searchsorted(self.facet_ids, facet_ids)

    def of_kind(self, kind: FacetKind) -> NDArray[np.bool_]:
        """Return which facets (m,) are of this kind."""
        marked: NDArray[np.bool_] = self.facet_kind == KINDS.index(kind)
        return marked


def _spans(
    values: NDArray[np.int64], starts: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the values of some rows (k,) of a ragged table, and which row each came from.

    `starts` (n + 1,) says where the values of each row begin, as in a sparse CSR matrix.
    """
    begins, sizes = starts[rows], starts[rows + 1] - starts[rows]
    places = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return values[begins[places] + within], places


def _coordinates(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
