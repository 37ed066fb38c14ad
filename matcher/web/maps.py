"""A map of places, drawn as SVG on outlines that are shipped with the service."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import Any

OUTLINES = Path(__file__).parent / "data" / "outlines.json"
CLOSE = 30.0
"""Marks nearer to each other than this (of a width of 1,000) become one."""


@dataclass(slots=True)
class Mark:
    """One or more matches at a place; x and y are of the drawing."""

    x: float
    y: float
    ranks: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What stands in the mark: the rank of the best, and how many more there are."""
        more = len(self.ranks) - 1
        return f"{self.ranks[0]}+{more}" if more else str(self.ranks[0])


@dataclass(frozen=True, slots=True)
class Map:
    """Outlines by country, and marks; `away` are matches without known coordinates."""

    width: int
    height: int
    outlines: dict[str, str]
    marks: list[Mark]
    away: list[str]


def map_of(matches: Iterable[dict[str, Any]]) -> Map | None:
    """Return a map of matches: of Belgium where all are near, else of Europe.

    None when no match has coordinates on either.
    """
    placed, away = [], []
    for match in matches:
        who = match["organisation"]
        if who["latitude"] is None or who["longitude"] is None:
            away.append(who["name"])
        else:
            placed.append((match["rank"], who["name"], who["longitude"], who["latitude"]))
    known = _outlines()
    near = known["belgium"]
    all_near = all(_inside(near, longitude, latitude) for *_, longitude, latitude in placed)
    area = near if all_near else known["europe"]
    marks: list[Mark] = []
    for rank, name, longitude, latitude in placed:
        if not _inside(area, longitude, latitude):
            away.append(name)
            continue
        x, y = _drawn(area, longitude, latitude)
        close = (one for one in marks if (one.x - x) ** 2 + (one.y - y) ** 2 < CLOSE**2)
        mark = next(close, None)
        if mark is None:
            mark = Mark(x, y)
            marks.append(mark)
        mark.ranks.append(rank)
        mark.names.append(name)
    if not marks:
        return None
    return Map(area["width"], area["height"], area["paths"], marks, away)


def _inside(area: dict[str, Any], longitude: float, latitude: float) -> bool:
    east_west = bool(area["west"] <= longitude <= area["east"])
    return east_west and bool(area["south"] <= latitude <= area["north"])


def _drawn(area: dict[str, Any], longitude: float, latitude: float) -> tuple[float, float]:
    """Project as the outlines are: equirectangular, true to scale at the middle latitude."""
    middle = cos(radians((area["south"] + area["north"]) / 2))
    scale = area["width"] / ((area["east"] - area["west"]) * middle)
    x = (longitude - area["west"]) * middle * scale
    return round(x, 1), round((area["north"] - latitude) * scale, 1)


@cache
def _outlines() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(OUTLINES.read_text(encoding="utf-8"))
    return known
