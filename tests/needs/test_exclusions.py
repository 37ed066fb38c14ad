"""What a question excludes is told from what is said of the thing that is wanted."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.needs.extraction import exclusions_of, without_exclusions


@pytest.mark.parametrize(
    ("text", "left_out", "left", "subjects"),
    [
        (
            "We make oat drinks and look for a bottling line. No consultants, please.",
            "No consultants, please",
            "We make oat drinks and look for a bottling line.",
            ["consultants"],
        ),
        (
            "Wood fibre boards for door leaves, but not flooring",
            "but not flooring",
            "Wood fibre boards for door leaves",
            ["flooring"],
        ),
        (
            "We are not looking for software vendors; we need a foundry for aluminium parts",
            "We are not looking for software vendors",
            "we need a foundry for aluminium parts",
            ["software vendors"],
        ),
        (
            "Not wanted:\n- marketing agencies\n- app builders\nWanted:\n- a mould maker",
            "Not wanted: - marketing agencies - app builders",
            "Wanted:\n- a mould maker",
            ["marketing agencies", "app builders"],
        ),
        (
            "Wij zoeken een drukkerij voor etiketten. Geen reclamebureaus, en zeker geen webshops.",
            "Geen reclamebureaus, en zeker geen webshops",
            "Wij zoeken een drukkerij voor etiketten.",
            ["reclamebureaus", "webshops"],
        ),
        (
            "We zoeken geen advies, wel een fabriek die glasvezel sorteert",
            "We zoeken geen advies",
            "wel een fabriek die glasvezel sorteert",
            ["advies"],
        ),
        (
            "Sensoren voor stallen, maar niet voor serres",
            "maar niet voor serres",
            "Sensoren voor stallen",
            ["serres"],
        ),
        (
            "Nous cherchons un fondeur d'aluminium, pas de revendeurs",
            "pas de revendeurs",
            "Nous cherchons un fondeur d'aluminium",
            ["revendeurs"],
        ),
        (
            "Un partenaire pour le tri du verre, à l'exception du verre automobile",
            "à l'exception du verre automobile",
            "Un partenaire pour le tri du verre",
            ["verre automobile"],
        ),
        (
            "Wir suchen eine Gießerei für Messing, keine Berater und keine Agenturen",
            "keine Berater und keine Agenturen",
            "Wir suchen eine Gießerei für Messing",
            ["Berater", "Agenturen"],
        ),
        (
            "Software brauchen wir nicht, wir suchen eine Weberei für Hanfgarn",
            "Software brauchen wir nicht",
            "wir suchen eine Weberei für Hanfgarn",
            ["Software"],
        ),
    ],
)
def test_partners_offers_and_fields_are_excluded(
    text: str, left_out: str, left: str, subjects: list[str]
) -> None:
    (exclusion,) = exclusions_of(text)
    assert exclusion.text == left_out
    assert list(exclusion.subjects) == subjects
    assert without_exclusions(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "A paint that contains no solvents, for steel bridges",
        "We need an adhesive without formaldehyde, not only for plywood",
        "A carpet tile, free of latex and not flammable, for schools",
        "We have no laboratory and look for somebody who tests mortar.",
        "A sugar-free jam for hospitals, no preservatives",
        "Help with labelling is welcome, but no must",
        "Kaas zonder lactose voor scholen",
        "We zoeken een bakker die brood zonder gluten maakt",
        "De lijm mag geen isocyanaten bevatten; we zoeken een producent",
        "Verpakkingen van stro, niet giftig en geen weekmakers",
        "Wij hebben geen proefhal en zoeken daarom een partner met een extruder",
        "Une peinture sans plomb ni solvant pour les écoles",
        "Pain sans gluten pour cantines, pas cher",
        "Nous n'avons pas de laboratoire et cherchons des essais de feu",
        "Farbe ohne Lösungsmittel für Kindergärten",
        "Kleber, der kein Formaldehyd enthält, für Türen",
        "Wir suchen nicht nur Hersteller, sondern auch Prüflabore",
        "Wir haben kein Labor und suchen Brandversuche",
    ],
)
def test_properties_and_what_is_lacking_stay(text: str) -> None:
    assert exclusions_of(text) == ()
    assert without_exclusions(text) == text


def test_where_nothing_else_is_asked_nothing_is_left_out() -> None:
    assert exclusions_of("Händler suchen wir nicht.") == ()
    assert without_exclusions("no consultants") == "no consultants"


@given(st.text(max_size=200))
def test_exclusions_are_passages_in_order(text: str) -> None:
    found = exclusions_of(text)
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(piece in text for piece in without_exclusions(text).split())


def test_a_long_text_is_read_in_time() -> None:
    text = "no consultants, not in winter, but no agencies\n" * 400
    started = time.perf_counter()
    without_exclusions(text)
    assert time.perf_counter() - started < 5
