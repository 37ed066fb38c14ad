"""Rows of CSV, XLSX and NDJSON files, with line numbers and bounds."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from matcher.imports.archives import check_archive
from matcher.imports.cells import clean
from matcher.imports.row_errors import ImportRefused, RowError
from matcher.messages import Message, say
from matcher.progress import Progress, unreported

MAX_FILE_SIZE = 50 * 1024 * 1024
MAX_ROWS = 200_000
MAX_LINES = 1_048_576
"""Rows of a sheet in Excel, the empty ones among them; a file may say that it has more."""
MAX_COLUMNS = 2_000
MAX_CELLS = 20_000_000
MAX_CELL_LENGTH = 1_000_000
ROWS_A_REPORT = 200
_LINE_END = re.compile(rb"\r\n|\r|\n")

_Rows: TypeAlias = Iterator[tuple[int, dict[str, Any] | None]]
"""Line and cells by column; None for an empty row."""


def read_table(path: Path, progress: Progress = unreported) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, row) of a .csv, .xlsx or .ndjson file; raises ImportRefused when unreadable.

    Empty rows aren't yielded, but counted, and reported like others: `progress` may raise to stop.
    """
    name = path.name
    readers = {".csv": _csv_rows, ".xlsx": _xlsx_rows, ".ndjson": _json_rows, ".jsonl": _json_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        expected = say("a name ending in .csv, .xlsx or .ndjson")
        raise refused(name, say("unknown kind of file"), expected)
    if not path.is_file():
        raise refused(name, say("there is no such file"), say("the path of a file"))
    if path.stat().st_size > MAX_FILE_SIZE:
        expected = say("a smaller file; cut it in pieces")
        raise refused(name, say("larger than 50 MB"), expected)
    filled = 0
    for count, (line, row) in enumerate(reader(path)):
        if count % ROWS_A_REPORT == 0:
            progress("read", filled, 0)
        if max(count, line - 1) >= MAX_LINES:
            raise _too_many(name, MAX_LINES)
        if row is not None and filled >= MAX_ROWS:
            raise _too_many(name, MAX_ROWS)
        if row is not None:
            filled += 1
            yield line, row


def csv_rows(file: BinaryIO, name: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) of every row; the header is one of them, an empty row has no cells.

    UTF-8 with or without BOM. Without a delimiter given, the header tells it. Raises ImportRefused
    for a header without the one given, bytes that aren't UTF-8, quotes that never close and cells
    over MAX_CELL_LENGTH characters.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader: Any = None
    line = 1
    try:
        first = text.readline()
        if delimiter is None:
            delimiter = max(";,\t", key=first.count)
        elif first.strip() and delimiter not in first:
            problem = say("no %(separator)s in the first line", separator=repr(delimiter))
            expected = say("%(separator)s between the cells", separator=repr(delimiter))
            raise refused(name, problem, expected, 1)
        csv.field_size_limit(MAX_CELL_LENGTH)
        lines: Iterable[str] = chain([first], text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for cells in reader:
            yield line, cells if any(cell.strip() for cell in cells) else []
            line = reader.line_num + 1
    except UnicodeDecodeError as error:
        # What was read ahead, up to the fault, holds lines that the reader didn't come to.
        ahead = len(_LINE_END.findall(error.object[: error.start]))
        at = (reader.line_num if reader else 0) + ahead + 1
        byte = f"{error.object[error.start]:#04x}"
        problem = say("byte %(byte)s isn't UTF-8", byte=byte)
        raise refused(name, problem, say("UTF-8"), at) from error
    except csv.Error as error:
        problem = say("a quote that isn't closed, or a cell that is too long")
        raise refused(name, problem, say('quotes in pairs, "" inside them'), line) from error
    finally:
        with suppress(ValueError):  # the caller closed the file already
            text.detach()


def refused(
    file: str, problem: Message, expected: Message, line: int = 0, column: str = ""
) -> ImportRefused:
    """Make the exception for one fault that makes a whole file useless."""
    return ImportRefused([RowError(file, line, column, problem, expected)])


def _too_many(name: str, most: int) -> ImportRefused:
    return refused(name, say("more than %(most)s rows", most=most), say("a smaller file"))


def _csv_rows(path: Path) -> _Rows:
    with path.open("rb") as file:
        header: list[str] | None = None
        for line, cells in csv_rows(file, path.name, None):
            if not cells:
                yield line, None
            elif header is None:
                header = [clean(cell).lower() for cell in cells]
            else:
                yield line, _as_row(header, cells, path.name, line)


def _xlsx_rows(path: Path) -> _Rows:
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, path.name, members=1_000, total=10 * MAX_FILE_SIZE)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        header: list[str] | None = None
        seen = 0
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            seen += len(cells)
            if seen > MAX_CELLS:
                problem = say("more than %(most)s cells", most=MAX_CELLS)
                raise refused(path.name, problem, say("a smaller sheet"), line)
            if not any(clean(cell) for cell in cells[:MAX_COLUMNS]):
                yield line, None
            elif header is None:
                header = [clean(cell).lower() for cell in cells]
            else:
                yield line, _as_row(header, list(cells), path.name, line)
        book.close()
    except ImportRefused:
        raise
    except Exception as error:  # openpyxl raises many kinds on a damaged file
        problem = say("not a readable XLSX workbook")
        raise refused(path.name, problem, say("a workbook saved as .xlsx")) from error


def _json_rows(path: Path) -> _Rows:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if not raw.strip():
                yield line, None
                continue
            try:
                value = json.loads(raw.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                raise refused(
                    path.name, say("not JSON"), say("one JSON object a line"), line
                ) from error
            if not isinstance(value, dict):
                problem = say("not a JSON object")
                raise refused(path.name, problem, say("one JSON object a line"), line)
            yield line, value


def _as_row(header: list[str], cells: list[Any], name: str, line: int) -> dict[str, Any]:
    if len(header) > MAX_COLUMNS:
        problem = say("more than %(most)s columns", most=MAX_COLUMNS)
        raise refused(name, problem, say("fewer columns"), 1)
    doubles = {column for column in header if column and header.count(column) > 1}
    if doubles:
        problem = say("column %(name)s is there twice", name=repr(min(doubles)))
        raise refused(name, problem, say("each column once"), 1)
    extra = [cell for cell in cells[len(header) :] if clean(cell)]
    if extra:
        problem = say("%(count)s cells", count=len(cells))
        expected = say("%(count)s cells, as in the header", count=len(header))
        raise refused(name, problem, expected, line)
    return {column: cell for column, cell in zip(header, cells, strict=False) if column}
