from __future__ import annotations

import pytest

from matcher.spreadsheets import neutral


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+32", "-x", "@sum", "\tx", "\r=x", "\nx", "  =1", "＝1+1", "＋1", "－1", "＠sum"]
    + ["\u00a0=1", "\u3000＝1", "\ufeff=1", "\u200b@x"],
)
def test_formulas_are_texts(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a=1", "1-2", "", "—", "x＝1", -1, 2.5, None])
def test_others_stay(cell: str | float | None) -> None:
    assert neutral(cell) == cell
