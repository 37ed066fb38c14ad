"""Browsing organisations: who fits, and how many there are of each kind, place, stage, domain."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Mask
from matcher.corpus.columns import Corpus, OrganisationRecord
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, OrganisationType, Stage
from matcher.store import Store
from matcher.store.organisations import matching_keys

DIMENSIONS = ("type", "country", "region", "stage", "domain")
REGION_LEVELS = (3, 4)
"""Letters of the NUTS codes that are offered: regions, and the provinces of the one chosen."""


@dataclass(frozen=True, slots=True)
class Wanted:
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
class Found:
    """How many organisations fit, one page of them by name, and what else can be picked."""

    total: int
    organisations: list[OrganisationRecord]
    choices: dict[str, list[Choice]]
    """By dimension: counts hold for all else that is picked, not for the dimension's own pick."""


def browse(
    snapshot: Snapshot,
    store: Store,
    domains: Sequence[str],
    wanted: Wanted,
    limit: int,
    offset: int = 0,
) -> Found:
    """Return the organisations that fit; `domains` are the ids of all, by their number."""
    corpus = snapshot.corpus
    named = _named(corpus, store, wanted.text)
    passing = {name: _passing(snapshot, domains, name, wanted) for name in DIMENSIONS}
    choices = {}
    for name in DIMENSIONS:
        others = [mask for other, mask in passing.items() if other != name]
        inside = np.logical_and.reduce([named, *others])
        choices[name] = _choices(snapshot, domains, name, wanted, inside)
    order = _kept(snapshot, "by_name", _by_name)
    fitting = order[np.logical_and.reduce([named, *passing.values()])[order]]
    page = [corpus.organisations[row] for row in fitting[offset : offset + limit].tolist()]
    return Found(len(fitting), page, choices)


def _named(corpus: Corpus, store: Store, text: str) -> Mask:
    if not text.strip():
        return np.ones(len(corpus), dtype=np.bool_)
    with store.reading() as session:
        keys = matching_keys(session, text)
    return np.array([one.key in keys for one in corpus.organisations], dtype=np.bool_)


def _passing(snapshot: Snapshot, domains: Sequence[str], name: str, wanted: Wanted) -> Mask:
    value: str = getattr(wanted, name)
    if not value:
        return np.ones(len(snapshot.corpus), dtype=np.bool_)
    if name == "region":
        starts: Mask = np.char.startswith(_values(snapshot, name), value)
        return starts
    if name in ("type", "country"):
        same: Mask = _values(snapshot, name) == value
        return same
    known = _numbered(name, domains)
    if value not in known:
        return np.zeros(len(snapshot.corpus), dtype=np.bool_)
    held: Mask = _table(snapshot, name, len(known))[:, [known.index(value)]][:, 0]
    return held


def _numbered(name: str, domains: Sequence[str]) -> list[str]:
    """Return the stages, or the domains, by their number in tables."""
    return [one.value for one in Stage] if name == "stage" else list(domains)


def _choices(
    snapshot: Snapshot, domains: Sequence[str], name: str, wanted: Wanted, inside: Mask
) -> list[Choice]:
    chosen: str = getattr(wanted, name)
    if name in ("stage", "domain"):
        known = _numbered(name, domains)
        numbers = _table(snapshot, name, len(known))[inside].sum(axis=0)
        counts = dict(zip(known, numbers.tolist(), strict=True))
    elif name == "region":
        counts = _regions(_values(snapshot, name)[inside], chosen)
    else:
        counts = _counted(_values(snapshot, name)[inside])
    if chosen:
        counts.setdefault(chosen, 0)
    choices = [
        Choice(value, count, value == chosen)
        for value, count in counts.items()
        if value and (count or value == chosen)
    ]
    if name == "region":
        return sorted(choices, key=lambda one: one.value)
    return choices if name == "stage" else sorted(choices, key=lambda one: (-one.count, one.value))


def _regions(codes: NDArray[Any], chosen: str) -> dict[str, int]:
    """Count regions, and the parts of the one that is chosen."""
    counts: dict[str, int] = {}
    for letters in REGION_LEVELS:
        long_enough = codes[np.char.str_len(codes) >= letters].astype(f"U{letters}")
        for code, count in _counted(long_enough).items():
            if letters == REGION_LEVELS[0] or chosen.startswith(code[:-1]):
                counts[code] = count
    return counts


def _counted(values: NDArray[Any]) -> dict[str, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _kept(snapshot: Snapshot, name: str, make: Callable[[Snapshot], Any]) -> NDArray[Any]:
    """Return what is laid out once for a snapshot."""
    key = f"browsing.{name}"
    if key not in snapshot.kept:
        snapshot.kept[key] = make(snapshot)
    return snapshot.kept[key]


def _values(snapshot: Snapshot, name: str) -> NDArray[Any]:
    """Return type, country or region of each organisation (n,); empty where unknown."""

    def value(one: OrganisationRecord) -> str:
        return (one.type.value if name == "type" else getattr(one.place, name)) or ""

    longest = max(len(one.value) for one in OrganisationType) if name == "type" else 5
    records = snapshot.corpus.organisations
    return _kept(
        snapshot, name, lambda _: np.array([value(one) for one in records], dtype=f"U{longest}")
    )


def _table(snapshot: Snapshot, name: str, count: int) -> NDArray[Any]:
    """Return which organisation has which stage or speaks of which domain (n, count)."""

    def laid_out(_snapshot: Snapshot) -> NDArray[np.bool_]:
        corpus = snapshot.corpus
        said = _stages(corpus) if name == "stage" else _domains(snapshot)
        places = np.repeat(np.arange(len(said)), list(map(len, said)))
        by_facet = np.zeros((len(said), count), dtype=np.bool_)
        by_facet[places, np.fromiter(chain.from_iterable(said), np.int64)] = True
        held = np.zeros((len(corpus), count), dtype=np.bool_)
        for number in range(count):
            held[corpus.owner_rows[by_facet[corpus.owner_facets, number]], number] = True
        return held

    return _kept(snapshot, name, laid_out)


def _stages(corpus: Corpus) -> list[tuple[int, ...]]:
    number = {stage: place for place, stage in enumerate(Stage)}
    return [
        (number[one.stage],) if one.stage and one.kind is FacetKind.OFFER else ()
        for one in corpus.facets
    ]


def _domains(snapshot: Snapshot) -> list[tuple[int, ...]]:
    return [snapshot.subjects_of(one.id)[0] for one in snapshot.corpus.facets]


def _by_name(snapshot: Snapshot) -> NDArray[np.int64]:
    names = [unicodedata.normalize("NFKD", one.name) for one in snapshot.corpus.organisations]
    keys = [name.casefold() for name in names]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
