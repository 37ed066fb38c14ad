"""Folding and stemming."""

from __future__ import annotations

import pytest

from embeddings.words import fold, stem


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
