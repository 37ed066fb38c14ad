from __future__ import annotations

import json
from pathlib import Path

import pytest

from embeddings.language import LANGUAGES
from embeddings.lexicon import (
    Lexicon,
    LexiconError,
    lexicon_from,
    saved_lexicon,
    shipped_lexicon,
)
from embeddings.lexicon.concepts import read_concepts


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return shipped_lexicon()


def names(lexicon: Lexicon, text: str) -> set[str]:
    return {lexicon.concepts[number].name for number in lexicon.find(text).concepts}


def test_what_is_shipped_is_whole(lexicon: Lexicon) -> None:
    assert len(lexicon.concepts) >= 1500
    for concept in lexicon.concepts:
        assert set(concept.labels) == set(LANGUAGES), concept.name
        assert all(label for several in concept.labels.values() for label in several)
    by_name = [concept.name.casefold() for concept in lexicon.concepts]
    assert len(by_name) == len(set(by_name))


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("the batteries of electric buses are charged at night", "battery"),
        ("de batterijen van elektrische bussen worden geladen", "battery"),
        ("les batteries des bus électriques sont chargées", "battery"),
        ("die Batterien der elektrischen Busse werden geladen", "battery"),
        ("nieuwe sensoren meten de bodem van akkers", "sensor"),
        ("de nouveaux capteurs mesurent les sols agricoles", "sensor"),
    ],
)
def test_inflected_words_of_every_language(lexicon: Lexicon, text: str, concept: str) -> None:
    assert concept in names(lexicon, text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Stahlrecycling im Werk", {"steel", "recycling"}),
        ("Katalysatorentwicklung im Labor", {"catalyst", "development"}),
        ("een sensornetwerk voor bodemonderzoek", {"soil", "research"}),
    ],
)
def test_compounds_are_taken_apart(lexicon: Lexicon, text: str, parts: set[str]) -> None:
    assert parts <= names(lexicon, text)


@pytest.mark.parametrize(
    ("word", "concept", "rest"),
    [
        ("erwteneiwit", "protein", "erwten"),
        ("sloopstenen", "demolition", "stenen"),
        ("Brückenüberwachung", "monitoring", "brucken"),
        ("waterstofbussen", "hydrogen", "bussen"),
    ],
)
def test_of_a_compound_that_is_half_known_the_rest_is_left_over(
    lexicon: Lexicon, word: str, concept: str, rest: str
) -> None:
    found = lexicon.find(word)
    assert ([lexicon.concepts[number].name for number in found.concepts], found.rest) == (
        [concept],
        (rest,),
    )


def test_a_word_longer_than_any_compound_is_left_as_it_is(lexicon: Lexicon) -> None:
    found = lexicon.find("erwten" * 10_000 + "eiwit")
    assert (found.concepts, found.rest) == ((), ("erwten" * 10_000 + "eiwit",))


def test_short_ends_of_words_are_no_concepts(lexicon: Lexicon) -> None:
    assert lexicon.find("verantwoordelijkheid").concepts == ()


def test_the_longest_label_counts_and_its_words_too(lexicon: Lexicon) -> None:
    found = names(lexicon, "novel wireless sensor networks for machine learning")
    assert {"sensor network", "machine learning", "sensor", "network"} <= found


def test_what_is_no_concept_is_left_over(lexicon: Lexicon) -> None:
    found = lexicon.find("zylkograf qwertyuiop van de en")
    assert found.concepts == ()
    assert found.rest[:2] == ("zylkograf", "qwertyuiop")
    assert lexicon.find("").concepts == lexicon.find("???").concepts == ()


def test_saved_and_read_it_finds_the_same(lexicon: Lexicon) -> None:
    again = lexicon_from(json.loads(json.dumps(saved_lexicon(lexicon))))
    text = "Waterzuivering met membranen, wateropslag und Membranfilter pour l'eau"
    assert again.find(text) == lexicon.find(text)
    assert again.fingerprint == lexicon.fingerprint


def test_own_concepts_go_first_and_extend_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text(
        "en\tnl\tfr\tde\n# a remark\nbattery\tgloeiblok\t\t\nglow brick\tgloeisteen\t\t\n",
        encoding="utf-8",
    )
    lexicon = shipped_lexicon(own)
    assert names(lexicon, "wij bouwen gloeiblokken voor fietsen") >= {"battery"}
    assert "battery" in names(lexicon, "die Batterien der Busse sind leer")
    assert "glow brick" in names(lexicon, "wij maken gloeistenen en een gloeisteen")
    assert lexicon.fingerprint != shipped_lexicon().fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"english\tdutch\n", "line 1"),
        (b"", "line 1"),
        (b"en\tnl\nbattery\tbatterij\taccu\n", "line 2 has more cells"),
        (b"en\tnl\nb\xff\tb\n", "line 2 isn't UTF-8"),
        (b"en\tnl\n# empty\n | \t|\n", "line 3 has no label"),
        (b"en\n" + b"x" * 140_000 + b"\n", "line 2 has more than 100000 characters"),
        (b"e" * 140_000, "line 1 has more than 100000 characters"),
    ],
)
def test_a_faulty_file_says_where(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    with pytest.raises(LexiconError, match=message):
        shipped_lexicon(path)


def test_a_cell_of_separators_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "own.tsv"
    path.write_text("en\tnl\n|\tgloeisteen | \n\n", encoding="utf-8")
    assert [one.labels for one in read_concepts(path)] == [{"nl": ("gloeisteen",)}]


def test_no_file_is_no_fault_of_its_text(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="own.tsv: No such file or directory; give the path"):
        shipped_lexicon(tmp_path / "own.tsv")
    with pytest.raises(LexiconError, match="Is a directory; give the path of a text file"):
        shipped_lexicon(tmp_path)
