from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

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
from matcher.organisations.serialise import (
    deserialise,
    serialise,
    serialise_facet,
)

FACETS = st.builds(
    Facet,
    kind=st.sampled_from(FacetKind),
    text=st.text(max_size=20),
    title=st.none() | st.text(max_size=20),
    stage=st.none() | st.sampled_from(Stage),
    trl_min=st.none() | st.integers(1, 9),
    certifications=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    topics=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    valid_until=st.none() | st.dates(),
    year=st.none() | st.integers(1900, 2200),
)
STATED = dict.fromkeys(("trl_max", "title", "source", "language", "year"))
STORED = {
    "id": "own:wier-1a2b3c4d",
    "name": "Wier",
    "type": "company",
    "short_name": None,
    "size": "small",
    "sme": True,
    "place": {
        "city": "Gent",
        "country": "BE",
        "region": None,
        "latitude": 51.05,
        "longitude": 3.72,
    },
    "sectors": ["zeewier"],
    "languages": [],
    "website": None,
    "description": None,
    "contact": {"name": None, "email": "an@wier.example", "phone": None},
    "competitors": ["x:1"],
    "offers": [
        {
            **STATED,
            "kind": "offer",
            "text": "Visvoer uit wier",
            "stage": "pilot",
            "trl_min": 4,
            "certifications": ["ISO 9001"],
            "topics": [],
            "valid_until": "2031-01-02",
        }
    ],
    "needs": [],
}
"""As releases before this one stored it."""


@given(FACETS, FACETS)
def test_what_is_serialised_comes_back_but_for_ids(offer: Facet, need: Facet) -> None:
    organisation = Organisation(
        "x:1",
        "Één",
        OrganisationType.HOSPITAL,
        place=Place("Gent", "BE", latitude=51.0, longitude=4.0),
        sectors=("a", "b"),
        offers=(replace(offer, id=7),),
        needs=(replace(need, id=8),),
    )
    written = json.loads(json.dumps(serialise(organisation)))
    assert deserialise(written) == replace(organisation, offers=(offer,), needs=(need,))
    facet = json.dumps(serialise_facet(replace(offer, id=7)))
    assert TypeAdapter(Facet).validate_json(facet) == offer


def test_records_stored_by_earlier_releases_are_read() -> None:
    organisation = deserialise(STORED)
    assert organisation == Organisation(
        "own:wier-1a2b3c4d",
        "Wier",
        OrganisationType.COMPANY,
        size=SizeClass.SMALL,
        sme=True,
        place=Place("Gent", "BE", None, 51.05, 3.72),
        sectors=("zeewier",),
        contact=Contact(email="an@wier.example"),
        competitors=("x:1",),
        offers=(
            Facet(
                FacetKind.OFFER,
                "Visvoer uit wier",
                stage=Stage.PILOT,
                trl_min=4,
                certifications=("ISO 9001",),
                valid_until=date(2031, 1, 2),
            ),
        ),
    )
    assert serialise(organisation) == STORED | {"standing": None}
