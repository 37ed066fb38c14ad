"""Where partners should be, and of what kind, is read from a text; where others are isn't."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import Filters, OrganisationType
from matcher.needs.wishes import excluding, is_filter, wishes_of


def read(text: str) -> list[tuple[str, str, str]]:
    return [
        (f"not {wish.field}" if wish.excludes else wish.field, wish.value, wish.text)
        for wish in wishes_of(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Nous élevons des escargots et cherchons un partenaire flamand pour la conserve.",
            [("region", "BE2", "partenaire flamand")],
        ),
        ("Partner in Deutschland für Pumpen", [("country", "DE", "Partner in Deutschland")]),
        ("Wij zoeken een kmo die etiketten drukt", [("size", "sme", "kmo")]),
        (
            "Looking for a company from Wallonia that can dry herbs",
            [("type", "company", "company"), ("region", "BE3", "company from Wallonia")],
        ),
        (
            "Nous cherchons une université et un hôpital pour une étude",
            [("type", "higher_education", "université"), ("type", "hospital", "hôpital")],
        ),
        (
            "Wir suchen eine KMU aus NRW für Verzinkung",
            [("size", "sme", "KMU"), ("region", "DEA", "KMU aus NRW")],
        ),
        (
            "We need a Belgian hospital for a trial",
            [("type", "hospital", "hospital"), ("country", "BE", "Belgian hospital")],
        ),
        (
            "We zoeken een Vlaams bedrijf met een lasrobot",
            [("type", "company", "bedrijf"), ("region", "BE2", "Vlaams bedrijf")],
        ),
        (
            "Wij zoeken een partner in Vlaanderen of Nederland voor het drogen van hop",
            [("region", "BE2", "partner in Vlaanderen"), ("country", "NL", "Nederland")],
        ),
        ("Ovens voor bakkers, liefst uit Vlaanderen", [("region", "BE2", "Vlaanderen")]),
        (
            "We are a Dutch SME looking for a Flemish university",
            [("type", "higher_education", "university"), ("region", "BE2", "Flemish university")],
        ),
        (
            "Als Waalse kmo zoeken we een Duitse hogeschool",
            [("type", "higher_education", "hogeschool"), ("country", "DE", "Duitse hogeschool")],
        ),
        (
            "Wanted: manufacturer of valves based in the Netherlands",
            [("country", "NL", "manufacturer of valves based in the Netherlands")],
        ),
    ],
)
def test_where_and_what_the_partner_is(text: str, found: list[tuple[str, str, str]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("geen partners uit Nederland", "NL"),
        ("We zoeken een labo voor graan, geen partners uit Nederland", "NL"),
        ("We look for a brewery; not from the US", "US"),
        ("Nous cherchons un atelier, pas de partenaire français", "FR"),
        ("Keine Partner aus Polen, wir suchen eine Gießerei", "PL"),
    ],
)
def test_places_where_the_partner_shall_not_be(text: str, value: str) -> None:
    assert [one[:2] for one in read(text)] == [("not country", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("photonics, no universities", "higher_education"),
        ("geen universiteiten", "higher_education"),
        ("analyse microbiologique, sans universités", "higher_education"),
        ("emballage compostable, pas d'entreprises", "company"),
        ("We look for a hospital, not a university", "higher_education"),
    ],
)
def test_types_that_the_partner_shall_not_have(text: str, value: str) -> None:
    assert ("not type", value) in [one[:2] for one in read(text)]
    assert OrganisationType(value) not in excluding(Filters(), wishes_of(text)).types
    asked = Filters(types=(OrganisationType(value),))
    assert excluding(asked, wishes_of(text)) == asked


def test_whom_a_product_is_for_is_no_wish_either() -> None:
    assert read("software for hospitals, not for companies") == []


@pytest.mark.parametrize(
    "text",
    [
        "Nous sommes une PME wallonne et cherchons un laboratoire de chimie.",
        "Wij zijn een Vlaams bedrijf en zoeken een partner met een lasrobot",
        "Route planning for inland shipping on the Albert canal in Belgium",
        "Software for Flemish hospitals",
        "fish feed from Norway",
        "We look for a tannery, no hides from Brazil",
        "Futter für Ställe in Bayern",
        "",
    ],
)
def test_where_the_sender_and_the_market_are_is_no_wish(text: str) -> None:
    assert read(text) == []


def test_a_passage_about_a_place_says_nothing_else() -> None:
    assert is_filter("geen partners uit Nederland")
    assert is_filter("not from the US")
    assert is_filter("no universities")
    assert not is_filter("no hides from Brazil")
    assert not is_filter("geen adviesbureaus in de bouw")


def test_exclusions_become_filters_but_for_what_is_asked_for() -> None:
    wishes = wishes_of("We need felt, no partners from Italy. No partners from Wallonia either.")
    assert excluding(Filters(), wishes).not_countries == ("IT",)
    asked = Filters(countries=("IT",), not_countries=("ES",))
    assert excluding(asked, wishes).not_countries == ("ES",)
    assert excluding(Filters(not_countries=("ES",)), wishes).not_countries == ("ES", "IT")


@given(st.text(max_size=200))
def test_words_are_those_of_the_text(text: str) -> None:
    for wish in wishes_of(text):
        assert all(word in text for word in wish.text.split())


def test_a_long_text_is_read_in_time() -> None:
    started = time.perf_counter()
    wishes_of("We need partners from Belgium and a company in France, not from Italy. " * 200)
    assert time.perf_counter() - started < 5
