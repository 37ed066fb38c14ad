from __future__ import annotations

import random

import pytest

from matcher.corpus.name_keys import NameRecord
from matcher.corpus.name_variants import MIN_SURE_SCORE, variant_groups, variant_pairs


def judged(one: str, other: str, countries: tuple[str | None, str | None] = ("BE", "BE")) -> float:
    """Return the score of the pair; 0 when it isn't one."""
    records = [NameRecord(one, countries[0], "Gent"), NameRecord(other, countries[1], "Gent")]
    pairs = variant_pairs(records)
    return pairs[0].score if pairs else 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ZILVERBEEK POLYMERS NV", "Zilverbeek Polymers N.V."),
        ("Universität zu Köln", "UNIVERSITAET ZU KOELN"),
        ("UPPSALA UNIVERSITET", "Uppsala University"),
        ("THE UNIVERSITY OF GLASGOW", "University of Glasgow"),
        ("ENERGY RESEARCH CENTRE OF THE LOWLANDS", "Energy Research Center of the Lowlands"),
        (
            "CENTRE NATIONAL DE LA RECHERCHE SCIENTIFIQUE CNRS",
            "Centre national de la recherche scientifique",
        ),
        ("FINN-MEDI OY", "FinnMedi Oy"),
        ("BUNDESANSTALT FUER MATERIALFORSCHUNG", "Bundesanstalt für Materialforschumg"),
        ("Science & Technology Facilities Council", "SCIENCE AND TECHNOLOGY FACILITIES COUNCIL"),
        ("Zilverbeek Polymers AB", "ZILVERBEEK POLYMERS AKTIEBOLAG"),
        ("Argento Ricerche SCPA", "ARGENTO RICERCHE - SOCIETA' CONSORTILE PER AZIONI"),
        ("Consejo de Investigaciones", "AGENCIA ESTATAL CONSEJO DE INVESTIGACIONES"),
        ("St Sixtus Brouwerij", "Sankt Sixtus Brouwerij"),
        ("Queen's College Gent", "THE QUEENS COLLEGE GENT"),
        (
            "INSERM - Institut national de la santé et de la recherche médicale",
            "INSTITUT NATIONAL DE LA SANTE ET DE LA RECHERCHE MEDICALE",
        ),
        (
            "Commissariat à l'énergie atomique (CEA)",
            "COMMISSARIAT A L ENERGIE ATOMIQUE ET AUX ENERGIES ALTERNATIVES",
        ),
        ("VIB", "VIB VZW"),
        ("Internationaal Centrum voor Polymeren", "INTERNATIONAAL CENTRUM VOOR POLYMEREN GENT"),
    ],
)
def test_ways_to_write_one_name(one: str, other: str) -> None:
    assert judged(one, other) >= MIN_SURE_SCORE
    assert judged(other, one) == judged(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UNIVERSITAT WIEN", "TECHNISCHE UNIVERSITAET WIEN"),
        ("UNIVERSITY OF SHEFFIELD", "SHEFFIELD HALLAM UNIVERSITY"),
        ("UNIVERSITE PARIS 6", "UNIVERSITE PARIS 7"),
        ("UNIVERSITE DE LYON II", "UNIVERSITE DE LYON III"),
        ("Université de Bordeaux", "Université de Bordeaux I"),
        ("Institut A", "Institut B"),
        ("Group T Leuven", "Group K Leuven"),
        ("C&A Nederland", "H&M Nederland"),
        ("INSTITUTE OF PHYSICS", "INSTITUTE OF CHEMISTRY"),
        ("Zilverbeek Polymers NV", "Zilverbeek Metals NV"),
    ],
)
def test_different_organisations(one: str, other: str) -> None:
    assert judged(one, other) == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Koninklijke Academie van Schone Wetenschappen",
            "KONINKLIJKE ACADEMIE VAN SCHONE WETENSCHAPPEN TECHNOLOGICAL BRANCH",
        ),
        (
            "Nationaal Centrum voor Polymeren",
            "NATIONAAL CENTRUM VOOR POLYMEREN - DEPARTMENT OF FIBRES",
        ),
        (
            "Ecole nationale supérieure d'architecture",
            "Ecole nationale supérieure d'architecture A",
        ),
        ("Università degli studi di Gent", "UNIVERSITA' DEGLI STUDI DI GENT-BICOCCA"),
        ("Zilverbeek International BV", "ZILVERBEEK INTERNATIONAL RENEWABLES BV"),
    ],
)
def test_a_part_or_another_of_one_name_is_not_surely_the_same(one: str, other: str) -> None:
    assert judged(one, other) < MIN_SURE_SCORE


def test_a_longer_name_in_another_city_is_not_surely_the_same() -> None:
    records = [
        NameRecord("Internationaal Centrum voor Polymeren", "BE", "Gent"),
        NameRecord("Internationaal Centrum voor Polymeren en Vezels", "BE", "Genk"),
    ]
    assert variant_pairs(records) == []
    here = [records[0], NameRecord(records[1].name, "BE", "9000 Gent")]
    assert variant_pairs(here)[0].score >= MIN_SURE_SCORE


def test_branches_in_other_countries_are_partners_of_their_own() -> None:
    assert judged("ZILVERBEEK POLYMERS NV", "ZILVERBEEK POLYMERS AG", ("BE", "DE")) == 0.0
    unknown = judged("ZILVERBEEK POLYMERS NV", "ZILVERBEEK POLYMERS", ("BE", None))
    assert 0.0 < unknown < MIN_SURE_SCORE


def test_one_name_within_the_other_is_for_a_human() -> None:
    score = judged("Zilverbeek Polymers", "Zilverbeek Polymers Gent")
    assert 0.5 < score < MIN_SURE_SCORE


def test_the_order_of_records_does_not_matter() -> None:
    names = [
        "Alfa Beton NV",
        "ALFA BETON",
        "Beta Glas",
        "BETA GLAS BVBA",
        "Gamma",
        "Alfa Beton n.v.",
    ]
    records = [NameRecord(name, "BE", "Gent") for name in names]
    expected = {
        frozenset({"Alfa Beton NV", "ALFA BETON", "Alfa Beton n.v."}),
        frozenset({"Beta Glas", "BETA GLAS BVBA"}),
    }
    for seed in range(10):
        random.Random(seed).shuffle(records)
        groups = variant_groups(variant_pairs(records))
        assert {frozenset(records[n].name for n in group) for group in groups} == expected
        assert all(list(group) == sorted(group) for group in groups)


def test_common_words_bring_nobody_together() -> None:
    records = [NameRecord(f"Institute of subject{n}", "BE", None) for n in range(300)]
    assert variant_pairs(records) == []
    assert variant_pairs([NameRecord("", "BE", None), NameRecord("?", "BE", None)]) == []
