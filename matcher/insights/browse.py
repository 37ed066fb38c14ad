"""Browsing organisations: who fits, and how many there are of each kind, place, stage, domain."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Mask, mask_of
from matcher.corpus.columns import Column
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import in_regions
from matcher.corpus.records import OrganisationRecord
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.tables import NONE, TYPES
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
    page = [corpus.organisation(row) for row in fitting[offset : offset + limit].tolist()]
    return BrowsePage(len(fitting), page, choices)


def _with_text(corpus: Corpus, store: Store, text: str) -> Mask:
    """Return which organisations (n,) hold the text; all where it is empty."""
    if not text.strip():
        return corpus.alive.whole()
    with store.reading() as session:
        keys = matching_keys(session, text)
    return mask_of(corpus.rows_of_keys(keys), len(corpus))


def _passing(snapshot: Snapshot, domains: Sequence[str], name: str, filters: BrowseFilters) -> Mask:
    """Return which organisations (n,) have the value that is picked in a dimension."""
    value: str = getattr(filters, name)
    if not value:
        return np.ones(len(snapshot.corpus), dtype=np.bool_)
    corpus = snapshot.corpus
    if name == "region":
        return in_regions(corpus, [value])
    if name in ("type", "country"):
        texts = corpus.text_of if name == "country" else _type_of
        numbers = _numbers(corpus, name)
        wanted = [number for number in np.unique(numbers).tolist() if texts(number) == value]
        same: Mask = np.isin(numbers, wanted)
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
        counts = _count_regions(_count(snapshot.corpus, name, inside), chosen)
    else:
        counts = _count(snapshot.corpus, name, inside)
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


def _count_regions(by_code: Mapping[str, int], chosen: str) -> dict[str, int]:
    """Count regions, and the parts of the one that is chosen."""
    counts: Counter[str] = Counter()
    for letters in REGION_LEVELS:
        for code, count in by_code.items():
            within = letters == REGION_LEVELS[0] or chosen.startswith(code[: letters - 1])
            if len(code) >= letters and within:
                counts[code[:letters]] += count
    return counts


def _count(corpus: Corpus, name: str, inside: Mask) -> dict[str, int]:
    """Count the types, countries or regions of organisations; an empty text is an unknown one."""
    numbers, counts = np.unique(_numbers(corpus, name)[inside], return_counts=True)
    texts = _type_of if name == "type" else corpus.text_of
    return {texts(n): c for n, c in zip(numbers.tolist(), counts.tolist(), strict=True)}


def _numbers(corpus: Corpus, name: str) -> NDArray[Any]:
    """Return type, country or region of each organisation (n,) as numbers."""
    columns: dict[str, Column[Any]] = {
        "type": corpus.type_numbers,
        "country": corpus.countries,
        "region": corpus.regions,
    }
    return columns[name].whole()


def _type_of(number: int) -> str:
    return TYPES[number].value


def _table(snapshot: Snapshot, name: str, count: int) -> NDArray[np.bool_]:
    """Return which organisation (n) has an offer in which stage, or a facet in which domain."""
    return snapshot.derived.get(_build_table, snapshot, name, count)


def _build_table(snapshot: Snapshot, name: str, count: int) -> NDArray[np.bool_]:
    corpus = snapshot.corpus
    if name == "stage":
        stages = corpus.facet_stage.whole()
        facets = np.flatnonzero(corpus.of_kind(FacetKind.OFFER) & (stages != NONE))
        numbers = stages[facets].astype(np.int64)
    else:
        numbers, facets = corpus.domains.whole()
    owners, places = corpus.owners_of(facets)
    by_organisation = np.zeros((len(corpus), count), dtype=np.bool_)
    by_organisation[owners, numbers[places]] = True
    return by_organisation


def _rows_by_name(snapshot: Snapshot) -> NDArray[np.int64]:
    corpus = snapshot.corpus
    names = {
        row: unicodedata.normalize("NFKD", corpus.names[row]).casefold()
        for row in corpus.all_rows.tolist()
    }
    return np.array(sorted(names, key=names.__getitem__), dtype=np.int64)
