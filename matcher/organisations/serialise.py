"""An organisation as plain JSON values, all of it, to be kept outside the corpus and restored."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Place,
    SizeClass,
    Stage,
)

_TUPLES = ("certifications", "topics")


def serialise(organisation: Organisation) -> dict[str, Any]:
    """Return an organisation as JSON values, with its contact and competitors."""
    whole = asdict(organisation)
    for name in ("sectors", "languages", "competitors"):
        whole[name] = list(whole[name])
    for name in ("offers", "needs"):
        whole[name] = [packed_facet(facet) for facet in getattr(organisation, name)]
    return whole


def deserialise(kept: dict[str, Any]) -> Organisation:
    """Return the organisation that `packed` made JSON of."""
    return Organisation(
        **{
            **kept,
            "type": OrganisationType(kept["type"]),
            "size": SizeClass(kept["size"]) if kept["size"] else None,
            "place": Place(**kept["place"]),
            "sectors": tuple(kept["sectors"]),
            "languages": tuple(kept["languages"]),
            "contact": Contact(**kept["contact"]) if kept["contact"] else None,
            "competitors": tuple(kept["competitors"]),
            "offers": tuple(unpacked_facet(one) for one in kept["offers"]),
            "needs": tuple(unpacked_facet(one) for one in kept["needs"]),
        }
    )


def packed_facet(facet: Facet) -> dict[str, Any]:
    """Return a facet as JSON values, without its id: it may get another one."""
    whole = asdict(facet)
    del whole["id"]
    for name in _TUPLES:
        whole[name] = list(whole[name])
    return {**whole, "valid_until": facet.valid_until and facet.valid_until.isoformat()}


def unpacked_facet(kept: dict[str, Any]) -> Facet:
    """Return the facet that `packed_facet` made JSON of."""
    day = kept["valid_until"]
    return Facet(
        **{
            **kept,
            "kind": FacetKind(kept["kind"]),
            "stage": Stage(kept["stage"]) if kept["stage"] else None,
            "valid_until": date.fromisoformat(day) if day else None,
            **{name: tuple(kept[name]) for name in _TUPLES},
        }
    )
