"""How organisations, needs, facets and mixes are shown, without anything private.

The dataclasses are parts of answers; `to_json` turns an answer into JSON where it leaves the
service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Any, Literal

import numpy as np
from pydantic_core import to_jsonable_python

from matcher.corpus.corpus import Corpus
from matcher.corpus.field_mix import FieldMix, field_mix
from matcher.corpus.partner_mix import partner_mix
from matcher.corpus.records import OrganisationRecord
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import organisation_domains
from matcher.corpus.tables import TYPES
from matcher.domain import (
    SELF_DECLARED,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Stage,
)
from matcher.identifiers import is_self_made

MAX_QUOTE_LENGTH = 320


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """Which organisation is meant."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class InitiativeName:
    """Which initiative is meant."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganisationBrief:
    """What lists show of an organisation."""

    id: str
    name: str
    type: OrganisationType
    city: str | None
    country: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    sme: bool | None
    sectors: tuple[str, ...]
    standing: Literal["self-declared", "confirmed"] | None = None
    """Of a record that its owner keeps: whether somebody vouches for it. Null for others."""
    confirmed_by: str | None = None
    """`administrator`; or a domain: the owner's mail address is at that of its website."""


@dataclass(frozen=True, slots=True)
class FacetBrief:
    """A statement or past project as it is quoted."""

    id: int
    kind: FacetKind
    text: str
    language: str | None
    year: int | None
    stage: Stage | None
    title: str | None = None
    """Of a past project; `text` begins with it. Null for others."""


@dataclass(frozen=True, slots=True)
class PartnerMixBrief:
    """Which types of organisations a group has."""

    count: int
    types: dict[str, int]
    strands: dict[str, int]
    balance: float
    """Entropy over the strands: 0 one kind, 1 an even mix."""
    missing: tuple[str, ...]


def to_json(answer: object) -> Any:
    """Return a dataclass as JSON holds it: enums by value, dates as text, tuples as lists."""
    return to_jsonable_python(answer)


def organisation_name(corpus: Corpus, row: int) -> OrganisationName:
    """Return the id and name of the organisation in a row."""
    return OrganisationName(corpus.ids[row], corpus.names[row])


def organisation_brief(record: OrganisationRecord | Organisation) -> OrganisationBrief:
    """Return what lists show of an organisation."""
    place, standing = record.place, record.standing
    if standing is None and is_self_made(record.id):
        standing = SELF_DECLARED
    confirmed = standing not in (None, SELF_DECLARED)
    return OrganisationBrief(
        id=record.id,
        name=record.name,
        type=record.type,
        city=place.city,
        country=place.country,
        region=place.region,
        latitude=place.latitude,
        longitude=place.longitude,
        sme=record.sme,
        sectors=tuple(record.sectors),
        standing=None if standing is None else "confirmed" if confirmed else "self-declared",
        confirmed_by=standing if confirmed else None,
    )


def facet_brief(facet: Facet) -> FacetBrief:
    """Return what is quoted of a stored facet. Raises ValueError for one without an id."""
    if facet.id is None:
        raise ValueError("only stored facets are quoted")
    return FacetBrief(
        id=facet.id,
        kind=facet.kind,
        text=quote(facet),
        language=facet.language,
        year=facet.year,
        stage=facet.stage,
        title=facet.title,
    )


def probability_shown(probability: float) -> float:
    """Return a probability to three decimals, rounded down: 0.2499 isn't shown as 0.25.

    So what is shown is on the same side of each threshold as what it was judged by.
    """
    return floor(round(probability * 1000, 6)) / 1000


def percent(probability: float) -> int:
    """Return a probability in percent, rounded down for the same reason."""
    return floor(round(probability * 100, 6))


def partner_mix_brief(corpus: Corpus, rows: Iterable[int]) -> PartnerMixBrief:
    """Return the mix of types of some organisations."""
    types = [TYPES[number] for number in corpus.type_numbers[np.fromiter(rows, np.int64)].tolist()]
    mix = partner_mix(types)
    return PartnerMixBrief(
        len(types), mix.types, mix.strands, round(mix.balance, 4), tuple(mix.missing)
    )


def field_mix_brief(snapshot: Snapshot, rows: Iterable[int]) -> FieldMix:
    """Return the mix of fields of some organisations, its balance rounded."""
    mix = field_mix(organisation_domains(snapshot, rows))
    return FieldMix(mix.counts, round(mix.balance, 4))


def quote(facet: Facet) -> str:
    """Return the words of a facet to show: the title first, cut at a word."""
    whole = " ".join(facet.embedded_text.replace("\n", " — ", 1).split()).removesuffix(" —")
    return shortened(whole, MAX_QUOTE_LENGTH)


def shortened(text: str, length: int) -> str:
    """Return a text of at most about `length` characters, cut at a word."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
