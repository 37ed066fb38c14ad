"""Browsing organisations: who fits, and how many there are of each kind, place, stage, domain."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Mask
from matcher.corpus.columns import Corpus, OrganisationRecord
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Stage
from matcher.store import Store
from matcher.store.organisation_search import matching_keys

DIMENSIONS = ("type", "country", "region", "stage", "domain")
REGION_LEVELS = (3, 4)
"""Letters of the NUTS codes that are offered: regions, and the provinces of the one chosen."""


@dataclass(frozen=True, slots=True)
class BrowseFilters:
    """What somebody picked; empty means all, and all that are set must hold."""

    text: str = ""
    """Looked for in names, towns, offers and needs."""
    type: str = ""
    country: str = ""
    region: str = ""
    """The beginning of a NUTS code."""
    stage: str = ""
    """Organisations with an offer in this stage."""
    domain: str = ""
    """The id of a domain that an offer, need or past project speaks of."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to pick, and how many organisations would be left."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class BrowsePage:
    """How many organisations fit, one page of them by name, and what else can be picked."""

    total: int
    organisations: list[OrganisationRecord]
    choices: dict[str, list[Choice]]
    """By dimension: counts hold for all else that is picked, not for the dimension's own pick."""


def browse(
    snapshot: Snapshot,
    store: Store,
    domains: Sequence[str],
    filters: BrowseFilters,
    limit: int,
    offset: int = 0,
) -> BrowsePage:
    """Return the organisations that fit; `domains` are the ids of all, by their number."""
    corpus = snapshot.corpus
    with_text = _with_text(corpus, store, filters.text)
    passing = {name: _passing(snapshot, domains, name, filters) for name in DIMENSIONS}
    choices = {}
    for name in DIMENSIONS:
        others = [mask for other, mask in passing.items() if other != name]
        inside = np.logical_and.reduce([with_text, *others])
        choices[name] = _choices(snapshot, domains, name, filters, inside)
    order = snapshot.derived.get(_rows_by_name, snapshot)
    fitting = order[np.logical_and.reduce([with_text, *passing.values()])[order]]
    page = [corpus.organisations[row] for row in fitting[offset : offset + limit].tolist()]
    return BrowsePage(len(fitting), page, choices)


def _with_text(corpus: Corpus, store: Store, text: str) -> Mask:
    """Return which organisations (n,) hold the text; all where it is empty."""
    if not text.strip():
        return np.ones(len(corpus), dtype=np.bool_)
    with store.reading() as session:
        keys = matching_keys(session, text)
    return np.array([record.key in keys for record in corpus.organisations], dtype=np.bool_)


def _passing(snapshot: Snapshot, domains: Sequence[str], name: str, filters: BrowseFilters) -> Mask:
    """Return which organisations (n,) have the value that is picked in a dimension."""
    value: str = getattr(filters, name)
    if not value:
        return np.ones(len(snapshot.corpus), dtype=np.bool_)
    if name == "region":
        starts: Mask = np.char.startswith(_values(snapshot.corpus, name), value)
        return starts
    if name in ("type", "country"):
        same: Mask = _values(snapshot.corpus, name) == value
        return same
    values = _numbered_values(name, domains)
    if value not in values:
        return np.zeros(len(snapshot.corpus), dtype=np.bool_)
    has_value: Mask = _table(snapshot, name, len(values))[:, values.index(value)]
    return has_value


def _numbered_values(name: str, domains: Sequence[str]) -> list[str]:
    """Return the stages, or the domains, by their number in tables."""
    return [stage.value for stage in Stage] if name == "stage" else list(domains)


def _choices(
    snapshot: Snapshot, domains: Sequence[str], name: str, filters: BrowseFilters, inside: Mask
) -> list[Choice]:
    chosen: str = getattr(filters, name)
    if name in ("stage", "domain"):
        values = _numbered_values(name, domains)
        numbers = _table(snapshot, name, len(values))[inside].sum(axis=0)
        counts = dict(zip(values, numbers.tolist(), strict=True))
    elif name == "region":
        counts = _count_regions(_values(snapshot.corpus, name)[inside], chosen)
    else:
        counts = _count(_values(snapshot.corpus, name)[inside])
    if chosen:
        counts.setdefault(chosen, 0)
    choices = [
        Choice(value, count, value == chosen)
        for value, count in counts.items()
        if value and (count or value == chosen)
    ]
    if name == "region":
        return sorted(choices, key=lambda choice: choice.value)
    if name == "stage":
        return choices
    return sorted(choices, key=lambda choice: (-choice.count, choice.value))


def _count_regions(codes: NDArray[Any], chosen: str) -> dict[str, int]:
    """Count regions, and the parts of the one that is chosen."""
    counts: dict[str, int] = {}
    for letters in REGION_LEVELS:
        long_enough = codes[np.char.str_len(codes) >= letters].astype(f"U{letters}")
        for code, count in _count(long_enough).items():
            if letters == REGION_LEVELS[0] or chosen.startswith(code[:-1]):
                counts[code] = count
    return counts


def _count(values: NDArray[Any]) -> dict[str, int]:
    unique, counts = np.unique(values, return_counts=True)
    return dict(zip(unique.tolist(), counts.tolist(), strict=True))


def _values(corpus: Corpus, name: str) -> NDArray[np.str_]:
    """Return type, country or region of each organisation (n,); empty where unknown."""
    return {"type": corpus.types, "country": corpus.countries, "region": corpus.regions}[name]


def _table(snapshot: Snapshot, name: str, count: int) -> NDArray[np.bool_]:
    """Return which organisation (n) has an offer in which stage, or a facet in which domain."""
    return snapshot.derived.get(_build_table, snapshot, name, count)


def _build_table(snapshot: Snapshot, name: str, count: int) -> NDArray[np.bool_]:
    corpus = snapshot.corpus
    numbers = _stages_of_facets(corpus) if name == "stage" else _domains_of_facets(snapshot)
    facets = np.repeat(np.arange(len(numbers)), list(map(len, numbers)))
    by_facet = np.zeros((len(numbers), count), dtype=np.bool_)
    by_facet[facets, np.fromiter(chain.from_iterable(numbers), np.int64)] = True
    by_organisation = np.zeros((len(corpus), count), dtype=np.bool_)
    for number in range(count):
        owners = corpus.owner_rows[by_facet[corpus.owner_facets, number]]
        by_organisation[owners, number] = True
    return by_organisation


def _stages_of_facets(corpus: Corpus) -> list[tuple[int, ...]]:
    numbers = {stage: number for number, stage in enumerate(Stage)}
    return [
        (numbers[facet.stage],) if facet.stage and facet.kind is FacetKind.OFFER else ()
        for facet in corpus.facets
    ]


def _domains_of_facets(snapshot: Snapshot) -> list[tuple[int, ...]]:
    return [snapshot.subjects_of(facet.id)[0] for facet in snapshot.corpus.facets]


def _rows_by_name(snapshot: Snapshot) -> NDArray[np.int64]:
    names = [
        unicodedata.normalize("NFKD", record.name).casefold()
        for record in snapshot.corpus.organisations
    ]
    return np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)
