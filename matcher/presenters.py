"""How organisations, needs, facets and mixes are shown: as JSON, without anything private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcher.corpus.columns import Corpus, OrganisationRecord
from matcher.domain import Facet, Need, OrganisationType
from matcher.matching.partner_mix import partner_mix

MAX_QUOTE_LENGTH = 320


def organisation_json(record: OrganisationRecord) -> dict[str, Any]:
    """Return what lists show of an organisation."""
    return {
        "id": record.id,
        "name": record.name,
        "type": record.type.value,
        "city": record.place.city,
        "country": record.place.country,
        "region": record.place.region,
        "latitude": record.place.latitude,
        "longitude": record.place.longitude,
        "sme": record.sme,
        "sectors": list(record.sectors),
    }


def name_json(corpus: Corpus, row: int) -> dict[str, str]:
    """Return the id and name of an organisation."""
    record = corpus.organisations[row]
    return {"id": record.id, "name": record.name}


def need_json(need: Need) -> dict[str, Any]:
    """Return a need."""
    return {
        "text": need.text,
        "level": need.level.value,
        "weight": need.weight,
        "stage": need.stage.value if need.stage else None,
        "due": need.due.isoformat() if need.due else None,
    }


def facet_json(facet: Facet) -> dict[str, Any]:
    """Return what is quoted of a facet."""
    return {
        "id": facet.id,
        "kind": facet.kind.value,
        "text": quote(facet),
        "language": facet.language,
        "year": facet.year,
        "stage": facet.stage.value if facet.stage else None,
    }


def quote(facet: Facet) -> str:
    """Return the words of a facet to show: the title first, cut at a word."""
    whole = " ".join(facet.embedded_text.replace("\n", " — ", 1).split()).removesuffix(" —")
    if len(whole) <= MAX_QUOTE_LENGTH:
        return whole
    return whole[:MAX_QUOTE_LENGTH].rsplit(" ", 1)[0] + " …"


def partner_mix_json(types: Sequence[OrganisationType]) -> dict[str, Any]:
    """Return the mix of a group of organisations."""
    mix = partner_mix(types)
    return {
        "count": len(types),
        "types": mix.types,
        "strands": mix.strands,
        "balance": round(mix.balance, 4),
        "missing": list(mix.missing),
    }
