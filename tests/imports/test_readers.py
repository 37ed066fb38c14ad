from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from matcher.imports.organisations import read_organisations
from matcher.imports.readers import MAX_LINES, read_table
from matcher.imports.row_errors import ImportRefused

HEADER = "id;name;type\n"
ROW = "x:a;Een;company\n"


def workbook(path: Path, change: Callable[[str], str]) -> Path:
    """A workbook of a header and a row, whose XML is changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "name", "type"])
    sheet.append(["x:a", "Een", "company"])
    book.save(path.with_suffix(".whole.xlsx"))
    with (
        zipfile.ZipFile(path.with_suffix(".whole.xlsx")) as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for member in whole.namelist():
            text = whole.read(member)
            if member.endswith("sheet1.xml"):
                text = change(text.decode()).encode()
            changed.writestr(member, text)
    return path


@pytest.mark.parametrize("number", [99_999_999_999, MAX_LINES + 1])
def test_a_row_beyond_the_last_of_a_sheet_is_refused(tmp_path: Path, number: int) -> None:
    path = workbook(tmp_path / "in.xlsx", lambda xml: far(xml, number))
    began = time.monotonic()
    with pytest.raises(ImportRefused) as refused:
        list(read_table(path))
    assert "1048576 rows" in str(refused.value.faults[0].problem).replace(",", "")
    assert time.monotonic() - began < 30


def test_the_last_row_of_a_sheet_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "in.xlsx", lambda xml: far(xml, MAX_LINES))
    assert list(read_table(path)) == [
        (MAX_LINES, {"id": "x:a", "name": "Een", "type": "company"}),
    ]


def far(xml: str, number: int) -> str:
    """Give the second row another number."""
    for column in "ABC":
        xml = xml.replace(f'r="{column}2"', f'r="{column}{number}"')
    return xml.replace('<row r="2"', f'<row r="{number}"')


def test_reading_empty_rows_can_be_stopped(tmp_path: Path) -> None:
    path = workbook(tmp_path / "in.xlsx", lambda xml: far(xml, MAX_LINES))
    asked = 0

    class Stopped(Exception):
        pass

    def stop(_step: str, done: int, _total: int) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Stopped

    with pytest.raises(Stopped):
        read_organisations(path, progress=stop)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("in.csv", HEADER + "\n;;\n \n" + ROW),
        ("in.ndjson", '\n \n\n\n{"id": "x:a", "name": "Een", "type": "company"}\n'),
    ],
)
def test_empty_rows_are_left_out_and_lines_stay(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert list(read_table(path)) == [(5, {"id": "x:a", "name": "Een", "type": "company"})]


def test_more_empty_rows_than_a_sheet_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matcher.imports.readers.MAX_LINES", 10)
    for name, text in (("in.csv", HEADER + "\n" * 20 + ROW), ("in.ndjson", "\n" * 20)):
        (tmp_path / name).write_text(text)
        with pytest.raises(ImportRefused) as refused:
            list(read_table(tmp_path / name))
        assert "10 rows" in str(refused.value.faults[0].problem)
