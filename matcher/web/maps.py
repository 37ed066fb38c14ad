"""A map of places, drawn as SVG on outlines that are shipped with the service."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import combinations
from math import cos, radians
from pathlib import Path

from matcher.matching.answer import Match

OUTLINES = Path(__file__).parent / "data" / "outlines.json"
HOME = (2.4, 49.4, 6.5, 51.6)
"""West, south, east and north of what a map of Belgium shows at least."""
MARGIN = 60.0
SIZE = 0.03
"""Radius of a mark as a share of the width that is shown; marks that would overlap are merged."""
LETTER = 0.62
"""By how many radii half a mark is wider for each letter after the second."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the world with the outlines of its countries, as they are drawn."""

    west: float
    south: float
    east: float
    north: float
    width: float
    """Of the drawing; degrees are projected on it."""
    paths: dict[str, str]
    """SVG paths by country."""

    def holds(self, longitude: float, latitude: float) -> bool:
        """Return whether a place lies within it."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north

    def project(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Project as the outlines are: equirectangular, true to scale at the middle latitude."""
        middle = cos(radians((self.south + self.north) / 2))
        scale = self.width / ((self.east - self.west) * middle)
        x = (longitude - self.west) * middle * scale
        return round(x, 1), round((self.north - latitude) * scale, 1)


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

    def half(self, unit: float) -> float:
        """Half its width, where `unit` is half its height: wider for longer labels."""
        return round(unit * (1 + LETTER * max(len(self.label) - 2, 0)), 1)


@dataclass(frozen=True, slots=True)
class Map:
    """Outlines by country, and marks; `away` are matches without known coordinates."""

    view: tuple[float, float, float, float]
    """The part that is shown: left, top, width, height."""
    unit: float
    """The radius of a mark."""
    outlines: dict[str, str]
    marks: list[Mark]
    away: list[str]


def map_of(matches: Iterable[Match]) -> Map | None:
    """Return a map of matches: of Belgium where all are near, else of Europe.

    None when no match has coordinates on either.
    """
    known, away = _outlines(), []
    placed = []
    for match in matches:
        organisation = match.organisation
        longitude, latitude = organisation.longitude, organisation.latitude
        if longitude is None or latitude is None:
            away.append(organisation.name)
        elif not known["europe"].holds(longitude, latitude):
            away.append(organisation.name)
        else:
            placed.append((match.rank, organisation.name, (longitude, latitude)))
    if not placed:
        return None
    near = all(known["belgium"].holds(*where) for *_, where in placed)
    area = known["belgium" if near else "europe"]
    points = [area.project(*where) for *_, where in placed]
    corners = [area.project(HOME[0], HOME[3]), area.project(HOME[2], HOME[1])]
    view = _view([*points, *corners])
    unit = round(view[2] * SIZE, 1)
    marks = [
        Mark(x, y, [rank], [name])
        for (rank, name, _where), (x, y) in zip(placed, points, strict=True)
    ]
    return Map(view, unit, area.paths, _merged(marks, unit), away)


def _merged(marks: list[Mark], unit: float) -> list[Mark]:
    """Merge marks that would overlap, at the place of the mark with the best rank."""
    apart: list[Mark] = []
    for mark in marks:
        apart.append(mark)
        while pair := _overlapping(apart, unit):
            first, second = pair
            first.ranks.extend(second.ranks)
            first.names.extend(second.names)
            apart.remove(second)
    return apart


def _overlapping(marks: list[Mark], unit: float) -> tuple[Mark, Mark] | None:
    for first, second in combinations(marks, 2):
        apart = abs(first.x - second.x) >= first.half(unit) + second.half(unit)
        if not apart and abs(first.y - second.y) < 2 * unit:
            return first, second
    return None


def _view(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    left, top = (min(point[axis] for point in points) - MARGIN for axis in (0, 1))
    right, bottom = (max(point[axis] for point in points) + MARGIN for axis in (0, 1))
    return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


@cache
def _outlines() -> dict[str, Area]:
    """Read the outlines that are shipped, of Belgium and of Europe."""
    shipped = json.loads(OUTLINES.read_text(encoding="utf-8"))
    names = [field.name for field in fields(Area)]
    return {
        area: Area(**{name: shipped[area][name] for name in names})
        for area in ("belgium", "europe")
    }
