"""Texts as people write them: what is asked for becomes a need, and nothing else."""

from __future__ import annotations

import pytest

from embeddings.lexicon import shipped_lexicon
from matcher.domain import NeedLevel
from matcher.needs.extraction import read, strip_courtesies


def texts_of(brief: str) -> list[str]:
    return [need.text for need in read(brief, shipped_lexicon()).needs]


@pytest.mark.parametrize(
    ("brief", "texts"),
    [
        (
            "Wat we al hebben\n- een fabrikant van houtskeletbouw\nWat we zoeken\n- brandproeven",
            ["brandproeven"],
        ),
        (
            "Brandveilige gevels uit hout\n\nWat we zoeken\n- brandproeven\n"
            "- een fabrikant van houtskeletbouw\nGeen algemene communicatiebureaus.",
            ["brandproeven", "fabrikant van houtskeletbouw"],
        ),
        (
            "What we bring\n- a dairy farm\nWhat we look for\n- a cheese laboratory",
            ["cheese laboratory"],
        ),
        (
            "Digital twin for inland shipping\n"
            "- we have: route planning software, 3 pilot customers on the Albert canal\n"
            "- we need: AIS / water level data feeds\n"
            "- we need: a shipyard or operator willing to retrofit 2 barges with battery packs\n"
            "- nice to have: university group on hydrodynamics\nStart Q1 2026, Flanders + NL",
            [
                "AIS / water level data feeds",
                "shipyard or operator willing to retrofit 2 barges with battery packs",
                "university group on hydrodynamics",
            ],
        ),
        (
            "Recyclage de vêtements de travail en polyester-coton : nous collectons 800 tonnes par "
            "an à Mouscron et voulons séparer les fibres. Qui sait faire l'hydrolyse enzymatique, "
            "et qui refilerait le coton ?",
            ["hydrolyse enzymatique", "refilerait le coton"],
        ),
        (
            "WIJ MAKEN PREFAB HOUTSKELETWANDEN IN ROESELARE EN ZOEKEN IEMAND DIE CIRCULAIRE "
            "ISOLATIE UIT TEXTIELAFVAL KAN LEVEREN. OOK EEN TESTLAB VOOR BRANDVEILIGHEID!!",
            ["CIRCULAIRE ISOLATIE UIT TEXTIELAFVAL KAN LEVEREN", "TESTLAB VOOR BRANDVEILIGHEID"],
        ),
        ("zoek partner coating", ["coating"]),
        (
            "Looking for a jazz pianist for our staff party in Hasselt.",
            ["jazz pianist for our staff party in Hasselt"],
        ),
    ],
)
def test_what_is_asked_for_and_nothing_else(brief: str, texts: list[str]) -> None:
    assert texts_of(brief) == texts


def test_the_head_and_the_signature_of_a_mail_ask_for_nothing() -> None:
    brief = (
        "Van: Koen Vermeulen <koen@vermeulen-metaal.example>\nVerzonden: dinsdag 14 oktober 2025\n"
        "Aan: cluster@example.org\nOnderwerp: RE: vraag partners predictief onderhoud\n\n"
        "Beste Ann,\n\nZoals daarnet aan de telefoon besproken: wij hebben 40 CNC-machines staan "
        "en willen trillingsdata gebruiken om stilstand te voorspellen. We zoeken iemand die "
        "sensoren kan plaatsen en iemand die het model (AI) bouwt.\n\nMet vriendelijke groeten,\n\n"
        "Koen Vermeulen\nZaakvoerder | Vermeulen Metaalbewerking BV\nT +32 51 00 00 00"
    )
    assert texts_of(brief) == ["sensoren kan plaatsen", "model (AI) bouwt"]


@pytest.mark.parametrize(
    ("brief", "need", "excluded"),
    [
        (
            "We do not want dairy or cows; we look for apple breeding",
            "apple breeding",
            "We do not want dairy or cows",
        ),
        (
            "biodegradable packaging from potato peels, not electronics and no chips",
            "biodegradable packaging from potato peels",
            "not electronics and no chips",
        ),
    ],
)
def test_what_isnt_wanted_is_told_apart_and_left_out(brief: str, need: str, excluded: str) -> None:
    reading = read(brief, shipped_lexicon())
    assert [each.text for each in reading.needs] == [need]
    assert reading.not_wanted == (excluded,)
    assert strip_courtesies(brief) == need


def test_a_message_that_only_thanks_asks_for_nothing() -> None:
    brief = (
        "Beste Tom,\n\nBedankt voor de rondleiding van gisteren.\n\nMet vriendelijke groeten,\nAn"
    )
    reading = read(brief, shipped_lexicon())
    assert (reading.needs, reading.asks_nothing) == ((), True)


def test_a_hedge_before_an_item_makes_it_nice_to_have() -> None:
    (need,) = read("We zoeken eventueel nog een drukker van etiketten.", shipped_lexicon()).needs
    assert need.level is NeedLevel.NICE
