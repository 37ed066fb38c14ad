"""Plots as plain figures; plots.html draws them as SVG. Sizes are in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from textwrap import wrap

LETTER = 7.2
"""About the width of a letter of a label of a heat map."""
MAX_LINE_LENGTH, MAX_HEADING_LENGTH = 24, 30
LINES = 2
"""So many lines of a row's label fit beside its cells; longer labels are cut."""
LEVELS = 10
CELL_WIDTH, CELL_HEIGHT = 58, 30
PLOT_WIDTH, PLOT_HEIGHT = 330, 120
GAP = 0.25
"""The share of a group's room that stays empty."""
ROW_HEIGHT, LABEL_WIDTH, VALUE_WIDTH = 24, 110, 40


@dataclass(frozen=True, slots=True)
class Label:
    """What a row, a column or a bar is called, and where it leads."""

    text: str
    link: str | None = None

    @property
    def short(self) -> str:
        """The label as it fits on one line."""
        if len(self.text) <= MAX_HEADING_LENGTH:
            return self.text
        return self.text[: MAX_HEADING_LENGTH - 1].rstrip() + "…"

    @property
    def lines(self) -> list[str]:
        """The label as it fits on LINES lines."""
        return wrap(self.text, MAX_LINE_LENGTH, max_lines=LINES, placeholder="…")


@dataclass(frozen=True, slots=True)
class Value:
    """One cell of a heat map: from 0 (light) to 1 (dark), or None for nothing there."""

    value: float | None
    text: str = ""
    """What stands in the cell."""
    title: str = ""
    """What the cell says in full; its name for those who can't see it."""
    link: str | None = None

    @property
    def level(self) -> int | None:
        """How dark it is, from 0 to LEVELS."""
        if self.value is None:
            return None
        return int(min(max(self.value, 0.0), 1.0) * LEVELS + 1e-9)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and its upper left corner."""

    x: float
    y: float
    value: Value


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Rows (label, y of the middle), columns (label, x of the middle) and cells between them."""

    width: int
    height: int
    left: int
    """Where the columns begin."""
    top: int
    """Where the rows begin."""
    rows: list[tuple[Label, float]]
    columns: list[tuple[Label, float]]
    cells: list[Cell]
    lines: list[tuple[Label, Sequence[Value]]]
    """The same by row, for a table."""
    cell_width: int = CELL_WIDTH
    cell_height: int = CELL_HEIGHT

    @property
    def linked(self) -> bool:
        """Whether there is anything in it that leads somewhere."""
        links = [label.link for label, _at in [*self.rows, *self.columns]]
        return any([*links, *(cell.value.link for cell in self.cells)])


def heat_map(
    rows: Sequence[Label], columns: Sequence[Label], values: Sequence[Sequence[Value]]
) -> HeatMap:
    """Return a heat map of `values` (rows × columns), with room for all labels.

    Raises ValueError where there aren't as many values as cells.
    """
    if len(values) != len(rows) or any(len(line) != len(columns) for line in values):
        raise ValueError("a heat map has one value for each row and column")
    longest = max((len(line) for row in rows for line in row.lines), default=0)
    left = int(longest * LETTER) + 14
    rising = max((len(column.short) for column in columns), default=0) * LETTER / sqrt(2)
    top = int(rising) + 18
    return HeatMap(
        width=left + len(columns) * CELL_WIDTH + max(0, int(rising) - CELL_WIDTH // 2) + 8,
        height=top + len(rows) * CELL_HEIGHT + 2,
        left=left,
        top=top,
        rows=[(row, top + (index + 0.5) * CELL_HEIGHT) for index, row in enumerate(rows)],
        columns=[
            (column, left + (index + 0.5) * CELL_WIDTH) for index, column in enumerate(columns)
        ],
        cells=[
            Cell(left + across * CELL_WIDTH, top + down * CELL_HEIGHT, value)
            for down, line in enumerate(values)
            for across, value in enumerate(line)
        ],
        lines=list(zip(rows, values, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its corner, its size, its value, and to which series it belongs."""

    x: float
    y: float
    width: float
    height: float
    value: float
    series: int
    group: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars over time in groups, lines at round values (y, value), and labels below (x, text)."""

    bars: list[Bar]
    lines: list[tuple[float, float]]
    ticks: list[tuple[float, str]]
    width: int = PLOT_WIDTH
    height: int = PLOT_HEIGHT


def grouped_bars(labels: Sequence[str], series: Sequence[Sequence[float]], every: int = 3) -> Bars:
    """Return bars for series of values from 0 up, one group for each label, the first on the left.

    Below every so many groups, counted from the last, stands its label.
    """
    if any(len(values) != len(labels) for values in series):
        raise ValueError("each series has one value for each label")
    top = _round_up(max((value for values in series for value in values), default=0.0))
    room = PLOT_WIDTH / max(len(labels), 1)
    width = room * (1 - GAP) / max(len(series), 1)
    bars = [
        Bar(
            x=round(group * room + room * GAP / 2 + at * width, 2),
            y=round(PLOT_HEIGHT * (1 - values[group] / top), 2),
            width=round(width, 2),
            height=round(PLOT_HEIGHT * values[group] / top, 2),
            value=values[group],
            series=at,
            group=group,
        )
        for group in range(len(labels))
        for at, values in enumerate(series)
    ]
    ticks = [
        (round((group + 0.5) * room, 2), label)
        for group, label in enumerate(labels)
        if (len(labels) - 1 - group) % every == 0
    ]
    return Bars(bars, [(0.0, top), (PLOT_HEIGHT / 2, top / 2)], ticks)


@dataclass(frozen=True, slots=True)
class Beam:
    """One horizontal bar: its label, the middle of its row, how long it is, and its value."""

    label: Label
    y: float
    length: float
    value: float


@dataclass(frozen=True, slots=True)
class Beams:
    """Horizontal bars below each other, that begin right of their labels."""

    beams: list[Beam]
    height: int
    width: int = PLOT_WIDTH
    left: int = LABEL_WIDTH


def horizontal_bars(rows: Sequence[tuple[Label, float]], top: float | None = None) -> Beams:
    """Return horizontal bars for values from 0 up.

    The value `top` (default: the largest) is as long as can be, with room for its figure beside.
    """
    longest = PLOT_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    whole = top if top is not None else max((value for _label, value in rows), default=0.0)
    beams = [
        Beam(
            label,
            (at + 0.5) * ROW_HEIGHT,
            round(min(value / whole, 1.0) * longest, 2) if whole > 0 else 0.0,
            value,
        )
        for at, (label, value) in enumerate(rows)
    ]
    return Beams(beams, len(rows) * ROW_HEIGHT)


def _round_up(value: float) -> float:
    """Return the next of 2, 4, 10, 20, 40, 100 …, whose half is a whole number too."""
    top = 2.0
    while value > top:
        digits = 10.0 ** (len(str(int(top))) - 1)
        top = digits * next(nice for nice in (2, 4, 10) if digits * nice > top)
    return top
