"""Cells of files that people open in a spreadsheet."""

from __future__ import annotations

Cell = str | float | int | None


def neutral(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula.

    What begins as one gets an apostrophe in front (OWASP, CSV injection).
    """
    if isinstance(cell, str) and cell.lstrip(" ")[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
        return f"'{cell}"
    return cell
