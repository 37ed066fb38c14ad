"""Plots as plain figures that templates draw as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 600, 160
GAP = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its corner, its size and its value."""

    x: float
    y: float
    width: float
    height: float
    value: float


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars over time, and lines at round values: (y, value)."""

    bars: list[Bar]
    lines: list[tuple[float, float]]
    width: int = WIDTH
    height: int = HEIGHT


def bars(values: Sequence[float]) -> Bars:
    """Return bars for values from 0 up, the first on the left."""
    top = _round_up(max(values, default=0.0))
    step = WIDTH / max(len(values), 1)
    drawn = [
        Bar(
            round(at * step + step * GAP / 2, 2),
            round(HEIGHT * (1 - value / top), 2),
            round(step * (1 - GAP), 2),
            round(HEIGHT * value / top, 2),
            value,
        )
        for at, value in enumerate(values)
    ]
    return Bars(drawn, [(0.0, top), (HEIGHT / 2, top / 2)])


def _round_up(value: float) -> float:
    """Return the next of 2, 4, 10, 20, 40, 100 …; at least 2."""
    if value <= 2:
        return 2.0
    power = 10.0 ** int(log10(value))
    return next(power * nice for nice in (1, 2, 4, 10) if ceil(value) <= power * nice)
