"""Words as features see them."""

from __future__ import annotations

import pytest

from embeddings.words import plain, stem


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Cœur", "coeur"),
        ("KØBENHAVNS", "kobenhavns"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
    ],
)
def test_letters_of_other_alphabets(text: str, seen: str) -> None:
    assert plain(text) == seen


def test_a_word_is_one_however_it_is_written() -> None:
    assert stem("cœurs", "fr") == stem("coeurs", "fr")
