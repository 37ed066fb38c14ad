"""Numbered pages of long lists; pages count from 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

MAX_PAGE = 100_000
"""No list has so many pages; it keeps offsets within what a database takes."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list; `first` is the number of its first row, from 1."""

    rows: Sequence[Row]
    number: int
    count: int
    first: int


def page_asked() -> int:
    """Return the number of the page that the address asks for."""
    return max(1, min(request.args.get("page", 1, int), MAX_PAGE))


def text_asked() -> str:
    """Return what the address looks for in a list, at most 200 characters."""
    return request.args.get("q", "").replace("\x00", "")[:200]


def count_pages(total: int, size: int) -> int:
    """Return how many pages of `size` rows a list of `total` has; an empty one has one."""
    return max(1, -(-total // size))


def page_of(rows: Sequence[Row], size: int) -> Page[Row]:
    """Return the page of `rows` that the address asks for, the last one where there are fewer."""
    count = count_pages(len(rows), size)
    number = min(page_asked(), count)
    start = (number - 1) * size
    return Page(rows[start : start + size], number, count, start + 1)
