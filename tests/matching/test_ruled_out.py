"""Organisations that a text rules out by name."""

from __future__ import annotations

import pytest

from matcher.matching.ruled_out import organisations_ruled_out
from tests.corpus.corpora import corpus_named

CORPUS = corpus_named(["KU Leuven", "Windvanger Noordzee", "Quellwacht"])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("photonics, without KU Leuven", [0]),
        ("Photonik ohne KU Leuven", [0]),
        ("photonique, sauf la KU Leuven", [0]),
        ("fotonica, niet van de KU Leuven", [0]),
        ("wind turbines, not Windvanger Noordzee", [1]),
        ("not only KU Leuven", []),
        ("KU Leuven, without solvents", []),
        ("KU Leuven and Windvanger Noordzee", []),
    ],
)
def test_a_name_right_after_a_denial_is_ruled_out(text: str, rows: list[int]) -> None:
    assert organisations_ruled_out(CORPUS, text).tolist() == rows
