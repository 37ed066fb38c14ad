"""Whether a text holds a word that can be known: new compounds are told from nonsense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embeddings.vocabulary import Vocabulary, content_words
from matcher.demo import load as demo


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The words of the demo data, most of it Dutch, with some French, German and English."""
    batch, _initiatives = demo.read()
    stated = [facet for one in batch.organisations for facet in (*one.offers, *one.needs)]
    past = [project.facet for project in batch.projects]
    return Vocabulary.fit([facet.embedded_text for facet in (*stated, *past)])


@pytest.mark.parametrize(
    "word",
    [
        "windturbinebladen",
        "drinkwaterzuiveringsinstallatie",
        "warmteterugwinningsnet",
        "kwantumsensoren",
        "fietsenstalling",
        "abwasserreinigungsanlage",
        "windkraftanlagenwartung",
        "kunststoffverwertung",
        "batteriezellenfertigung",
    ],
)
def test_new_compounds_are_known_by_their_parts(vocabulary: Vocabulary, word: str) -> None:
    assert word not in vocabulary.words
    assert vocabulary.knows(word)


@pytest.mark.parametrize(
    "word",
    [
        "qwertzuiop",
        "asdfghjkl",
        "mvnbcxz",
        "blorptangle",
        "wibblewobble",
        "frumpledork",
        "schnurzelpurz",
        "knorbelwafel",
        "zylkograf",
    ],
)
def test_nonsense_is_not_known(vocabulary: Vocabulary, word: str) -> None:
    assert not vocabulary.knows(word)


def test_short_words_are_known_only_as_they_are() -> None:
    vocabulary = Vocabulary(["waterstof"])
    assert vocabulary.knows("waterstof")
    assert vocabulary.knows("waterstofs")  # 11 of its 13 parts are known
    assert not vocabulary.knows("water")
    assert not vocabulary.knows("stof")


def test_a_compound_takes_three_tenths_of_its_parts() -> None:
    vocabulary = Vocabulary(["abcdef"])  # abcd bcde cdef abcde bcdef
    assert vocabulary.knows("abcdefxyz")  # 5 of 11
    assert not vocabulary.knows("abcdefxyzuvwq")  # 5 of 19


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("De zuivering van water in 2020", ["zuivering", "water"]),
        ("Wij zoeken een partner voor lijm", ["lijm"]),
        ("Matières premières d'origine végétale", ["matieres", "premieres", "origine", "vegetale"]),
        ("ab 12345 ???", []),
        ("", []),
    ],
)
def test_content_words(text: str, words: list[str]) -> None:
    assert content_words(text) == words


def test_saved_and_loaded_it_is_the_same(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path)
    again = Vocabulary.load(tmp_path)
    assert again.words == vocabulary.words
    assert again.knows("windkraftanlagenwartung") and not again.knows("qwertzuiop")
    (tmp_path / "vocabulary.json").write_text(json.dumps(["lijm"]))
    assert Vocabulary.load(tmp_path).words == {"lijm"}
    (tmp_path / "vocabulary.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        Vocabulary.load(tmp_path)
