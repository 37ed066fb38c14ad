from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from matcher.corpus.mentions import mentions_in, words_in
from matcher.corpus.words import name_words
from tests.corpus.corpora import corpus_named

TOWNS = ["Aalst", "Brugge", "Delft", "Eupen", "Gent", "Hasselt", "Kortrijk", "Leuven", "Mons"]
NAMES = [f"University of {town}" for town in TOWNS] + [
    "Zeewier Kwekerij Oosterschelde",
    "Université de Liège",
    "Straßenbau Müller GmbH",
    "北京",
]
SEAWEED, LIEGE, ROADS, UNWRITTEN = len(TOWNS), len(TOWNS) + 1, len(TOWNS) + 2, len(TOWNS) + 3


def confidences(names: Sequence[str], text: str) -> list[float]:
    """How surely the text mentions each organisation, by row; 0 for those that it doesn't."""
    rows, confidence = mentions_in(corpus_named(names), text)
    found = np.zeros(len(names))
    found[rows] = confidence
    return found.tolist()


def mentioned(text: str, row: int) -> float:
    return confidences(NAMES, text)[row]


def test_a_full_name_is_more_than_part_of_it_and_that_more_than_none() -> None:
    whole = mentioned("Together with Zeewier Kwekerij Oosterschelde we grow algae", SEAWEED)
    part = mentioned("Together with a kwekerij in the Oosterschelde we grow algae", SEAWEED)
    little = mentioned("Algae of the Oosterschelde", SEAWEED)
    assert 1 > whole > part > little > 0
    assert mentioned("Together we grow algae", SEAWEED) == 0.0
    assert whole > 0.5


def test_who_is_mentioned_stands_first() -> None:
    for row, name in enumerate(NAMES[:UNWRITTEN]):
        found = confidences(NAMES, f"a project with {name} and others")
        assert max(range(len(NAMES)), key=found.__getitem__) == row


def test_known_values() -> None:
    """Two names share a word: it weighs log(4 / 2.5), each word of one name log(4 / 1.5)."""
    shared, own = math.log(4 / 2.5), math.log(4 / 1.5)
    rows, confidence = mentions_in(
        corpus_named(["Blauwe Vis", "Hout", "Blauwe Kool"]), "blauwe vis"
    )
    first = (shared + own) / (shared + own + 2) * (shared + own) / 6
    second = shared / (shared + own + 2) * shared / 6
    assert rows.tolist() == [0, 2]
    assert confidence.tolist() == pytest.approx([first, second])


def test_common_words_alone_count_little() -> None:
    text = "a university of technology wants to join"
    common = [mentioned(text, row) for row in range(len(TOWNS))]
    assert 0 < max(common) < 0.05
    assert mentioned("a university of technology in Delft", TOWNS.index("Delft")) > 3 * max(common)


def test_more_names_with_a_word_make_it_count_less() -> None:
    few = confidences(["Instituut Aalst", *TOWNS], "instituut")
    many = confidences(["Instituut Aalst", *(f"Instituut {town}" for town in TOWNS)], "instituut")
    assert 0 < many[0] < few[0]


@pytest.mark.parametrize(
    "text",
    [
        "Université de Liège",
        "UNIVERSITÉ DE LIÈGE",
        "universite de liege",
        "Universite\u0301 de Liège",
    ],
)
def test_accents_and_case_make_no_difference(text: str) -> None:
    assert mentioned(text, LIEGE) == mentioned("université de liège", LIEGE) > 0.3


def test_letters_that_are_written_as_two() -> None:
    assert (
        mentioned("STRASSENBAU MULLER GMBH", ROADS)
        == mentioned("Straßenbau Müller GmbH", ROADS)
        > 0
    )


def test_a_word_within_another_word_is_no_name() -> None:
    assert mentioned("gentle delftware", TOWNS.index("Gent")) == 0.0
    assert mentioned("gentle delftware", TOWNS.index("Delft")) == 0.0


def test_saying_it_twice_says_no_more() -> None:
    once = "Zeewier Kwekerij Oosterschelde"
    assert mentioned(f"{once} {once}", SEAWEED) == mentioned(once, SEAWEED)


def test_values_are_from_nought_to_one_and_never_missing() -> None:
    corpus = corpus_named(NAMES)
    for text, expected in (
        ("", []),
        ("  ", []),
        ("北京", []),
        ("a b c", []),
        ("x" * 50_000, []),
        (" ".join(NAMES), list(range(UNWRITTEN))),
    ):
        rows, confidence = mentions_in(corpus, text)
        assert rows.tolist() == expected
        assert len(confidence) == len(rows) and ((confidence > 0) & (confidence < 1)).all()


def test_no_names_at_all() -> None:
    for names in ([], ["", "北京"]):
        rows, confidence = mentions_in(corpus_named(names), "anything")
        assert (rows.tolist(), confidence.tolist()) == ([], [])


def test_the_end_of_an_endless_text_is_not_read() -> None:
    assert mentioned("word " * 10_000 + "Oosterschelde", SEAWEED) == 0.0


def test_the_words_to_show_come_in_the_order_of_the_name() -> None:
    text = "in de OOSTERSCHELDE ligt een kwekerij"
    assert words_in(NAMES[SEAWEED], text) == ["kwekerij", "oosterschelde"]
    assert words_in(NAMES[LIEGE], "LIEGE") == ["liege"]
    assert words_in(NAMES[LIEGE], text) == ["de"]
    assert words_in(NAMES[SEAWEED], "nothing") == []


def test_words_of_a_name() -> None:
    assert name_words("Ünïversité de l'Été, de Liège 12") == [
        "universite",
        "de",
        "ete",
        "liege",
        "12",
    ]
