"""Cells of files that people open in a spreadsheet."""

from __future__ import annotations

Cell = str | float | int | None
_BLANK = " \u00a0\u3000\u200b\ufeff"
"""Spaces, some of no width, that may stand before a sign."""
_SIGNS = frozenset("=+-@\t\r\n＝＋－＠")
"""What a formula begins with; some spreadsheets also take the full-width forms for signs."""


def neutral(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula.

    What begins as one gets an apostrophe in front (OWASP, CSV injection).
    """
    if isinstance(cell, str) and cell.lstrip(_BLANK)[:1] in _SIGNS:
        return f"'{cell}"
    return cell
