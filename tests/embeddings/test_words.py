"""Folding and stemming."""

from __future__ import annotations

import unicodedata

import pytest

from embeddings.words import fold, normalise, readable, stem


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Cœur", "coeur"),
        ("KØBENHAVNS", "kobenhavns"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
    ],
)
def test_letters_of_other_alphabets(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_word_is_one_however_it_is_written() -> None:
    assert stem("cœurs", "fr") == stem("coeurs", "fr")


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0f73", "\uff9e\u0316"])
def test_of_marks_in_a_row_the_first_thirty_are_kept(marks: str) -> None:
    """Sorting them by class, as normal forms do, takes quadratic time."""
    many = (marks * 100)[:100]
    text = f"ça{many} va"
    shorter = f"ça{many[:30]} va"
    assert normalise("NFC", text) == unicodedata.normalize("NFC", shorter)
    assert normalise("NFKD", text) == unicodedata.normalize("NFKD", shorter)
    assert readable(text) == shorter


def test_other_texts_are_normalised_as_they_are() -> None:
    text = "Plan\u0065\u0301 e\u0301nergie " * 20
    assert normalise("NFC", text) == unicodedata.normalize("NFC", text)
    assert readable(text) == text
