from __future__ import annotations

import re

import pytest
from apiflask import APIFlask
from flask import get_template_attribute

from matcher.web.plots import Label, Value, grouped_bars, heat_map, horizontal_bars


def drawn(app: APIFlask, macro: str, *given: object) -> str:
    with app.test_request_context("/"):
        return str(get_template_attribute("plots.html", macro)(*given))


def test_grouped_bars_are_as_high_as_their_values() -> None:
    plot = grouped_bars(["1 Nov", "8 Nov"], [[0, 10], [5, 2]])
    at = {(bar.group, bar.series): bar for bar in plot.bars}
    assert [at[key].height for key in ((0, 0), (0, 1), (1, 0), (1, 1))] == [0, 60, 120, 24]
    assert {bar.y + bar.height for bar in plot.bars} == {120.0}
    assert at[0, 0].x + at[0, 0].width == pytest.approx(at[0, 1].x, abs=0.02)
    assert at[0, 1].x + at[0, 1].width < 165 < at[1, 0].x
    assert plot.lines == [(0.0, 10.0), (60.0, 5.0)]


def test_the_last_group_always_has_its_label() -> None:
    plot = grouped_bars([str(week) for week in range(12)], [[1] * 12], every=3)
    assert [text for _x, text in plot.ticks] == ["2", "5", "8", "11"]
    assert plot.ticks[-1][0] == pytest.approx(330 / 12 * 11.5, abs=0.01)


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (5, 10), (10, 10), (11, 20), (41, 100), (101, 200)],
)
def test_lines_are_at_round_numbers(largest: int, top: int) -> None:
    assert grouped_bars(["a"], [[largest]]).lines == [(0.0, top), (60.0, top / 2)]


def test_nothing_is_drawn_of_nothing() -> None:
    assert grouped_bars([], []).bars == [] and grouped_bars([], []).ticks == []
    assert horizontal_bars([]).beams == [] and horizontal_bars([]).height == 0
    assert [one.length for one in horizontal_bars([(Label("a"), 0)]).beams] == [0]
    plot = heat_map([], [], [])
    assert (plot.cells, plot.rows, plot.linked) == ([], [], False)


def test_series_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="each series"):
        grouped_bars(["a", "b"], [[1]])
    for values in ([], [[Value(1)]], [[Value(1)], [Value(1)]], [[Value(1)] * 2] * 2):
        with pytest.raises(ValueError, match="one value for each"):
            heat_map([Label("a")], [Label("x"), Label("y")], values)


def test_horizontal_bars_are_as_long_as_their_values() -> None:
    rows = [(Label("a"), 4.0), (Label("b", "/b"), 1.0)]
    assert [one.length for one in horizontal_bars(rows).beams] == [180.0, 45.0]
    assert [one.y for one in horizontal_bars(rows).beams] == [12.0, 36.0]
    assert [one.length for one in horizontal_bars(rows, top=8).beams] == [90.0, 22.5]
    assert horizontal_bars([(Label("a"), 9.0)], top=4).beams[0].length == 180.0


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (None, None), (-1, 0), (0, 0), (0.09, 0), (0.1, 1), (0.3, 3), (0.7, 7), (0.99, 9), (1, 10),
        (2.4, 10),
    ],
)  # fmt: skip
def test_how_dark_a_cell_is(value: float | None, level: int | None) -> None:
    assert Value(value).level == level


def test_cells_stand_where_their_row_and_column_do() -> None:
    rows, columns = [Label("one"), Label("other")], [Label("x"), Label("y"), Label("z")]
    values = [[Value(0.1 * at, str(at)) for at in line] for line in ((0, 1, 2), (3, 4, 5))]
    plot = heat_map(rows, columns, values)
    assert [cell.value.text for cell in plot.cells] == ["0", "1", "2", "3", "4", "5"]
    for at, cell in enumerate(plot.cells):
        assert cell.x + plot.cell_width / 2 == plot.columns[at % 3][1]
        assert cell.y + plot.cell_height / 2 == plot.rows[at // 3][1]
    assert max(cell.x for cell in plot.cells) + plot.cell_width <= plot.width
    assert max(cell.y for cell in plot.cells) + plot.cell_height <= plot.height
    assert plot.lines == list(zip(rows, values, strict=True))


def test_long_labels_are_cut_on_the_drawing_alone(app: APIFlask) -> None:
    text = "A need that is described in so many words that it fits on no drawing at all"
    plot = heat_map([Label(text)], [Label("Dijlenano")], [[Value(0.5, "50", "why & how")]])
    label = plot.rows[0][0]
    assert label.short == "A need that is described in s…"
    assert label.lines == ["A need that is described", "in so many words that…"]
    assert Label("Verbundwerkstoffeigenschaften").lines == ["Verbundwerkstoffeigensch", "aften"]
    svg = drawn(app, "heat_map", plot, "p", "Who meets what")
    assert f"<title>{text}</title>" in svg
    assert f'<th scope="row">{text}</th>' in drawn(app, "heat_table", plot, "What", "Need")


def test_a_heat_map_says_what_it_shows(app: APIFlask) -> None:
    plain = heat_map([Label("<b>")], [Label("x")], [[Value(0.35, "35", 'a "quote"')]])
    svg = drawn(app, "heat_map", plain, "p", "Who meets what")
    assert 'role="img" aria-labelledby="p"><title id="p">Who meets what</title>' in svg
    assert '<g class="h3"><title>a &#34;quote&#34;</title><rect' in svg
    assert "&lt;b&gt;" in svg and "<b>" not in svg and "style=" not in svg
    linked = heat_map([Label("a")], [Label("x")], [[Value(None)]])
    assert 'class="nothing"' in drawn(app, "heat_map", linked, "p", "t")
    linked = heat_map([Label("a")], [Label("x")], [[Value(1, "9", "nine", "/nine")]])
    svg = drawn(app, "heat_map", linked, "p", "t")
    assert 'role="group"' in svg  # what is inside an image can't be led to
    assert '<a href="/nine" aria-label="nine"><g class="h10">' in svg
    table = drawn(app, "heat_table", linked, "What", "Need")
    assert '<td class="number"><a href="/nine">9</a></td>' in table


def test_the_last_label_below_bars_is_not_cut(app: APIFlask) -> None:
    plot = grouped_bars(["30. Sept."] * 12, [[1.0] * 12])
    svg = drawn(app, "bars_over_time", plot, "w", "Activity", ["Lists"], ["30. Sept. 2026"] * 12)
    box = re.search(r'viewBox="(-\d+) -10 (\d+) ', svg)
    assert box is not None
    # Letters of 10.5 are about half as wide.
    half = len("30. Sept.") * 10.5 / 2 / 2
    assert plot.ticks[-1][0] + half < int(box[1]) + int(box[2])


def test_bars_have_a_name_and_a_legend(app: APIFlask) -> None:
    plot = grouped_bars(["1 Nov"], [[3], [0]])
    svg = drawn(app, "bars_over_time", plot, "w", "Activity", ["Lists", "Asked"], ["1 Nov 2026"])
    assert 'role="img" aria-labelledby="w"><title id="w">Activity</title>' in svg
    assert re.findall(r"<title>(.*?)</title>", svg) == ["1 Nov 2026, Lists: 3"]
    assert re.findall(r"</svg> (\w+)</li>", svg) == ["Lists", "Asked"]
    beams = drawn(app, "horizontal_bars", horizontal_bars([(Label("Joined"), 2)]), "h", "Matches")
    assert 'role="img" aria-labelledby="h"' in beams and ">Joined<" in beams and ">2<" in beams
