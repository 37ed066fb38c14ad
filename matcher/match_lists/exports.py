"""A match list as a file: CSV, XLSX or JSON. Nothing in it is read as a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from matcher.match_lists.lists import Entry, MatchList
from matcher.match_lists.matches import ListedMatch
from matcher.spreadsheets import Cell, neutral


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One match; the fields are the columns of a file, in their order."""

    rank: int
    name: str
    id: str
    type: str
    city: str | None
    country: str | None
    standing: str | None
    """Who vouches for a profile that its owner keeps; None for other records."""
    score: float
    probability: float | None
    adds: float | None
    status: str
    note: str
    assigned: str
    """The name of who follows it up."""
    reasons: tuple[str, ...]
    needs: tuple[str, ...]


COLUMNS = tuple(field.name for field in fields(ExportRow))
PRIVATE_COLUMNS = ("status", "note", "assigned")
"""Left out for those who have only a link."""
PERCENTAGE_COLUMNS = ("probability", "adds")
"""Numbers from 0 to 1, shown as percentages in a workbook."""
WIDTHS = {"name": 38, "id": 24, "note": 40, "reasons": 90, "needs": 60, "type": 20}
DEFAULT_WIDTH = 14
MAX_SHEET_TITLE_LENGTH = 31
"""A limit of XLSX."""


@dataclass(frozen=True, slots=True)
class Export:
    """What a file of a match list holds."""

    name: str
    version: int
    created: datetime
    corpus_version: int
    columns: tuple[str, ...]
    rows: tuple[ExportRow, ...]

    def cells(self, row: ExportRow) -> dict[str, Any]:
        """Return a row's values by column."""
        return {column: getattr(row, column) for column in self.columns}


def export(match_list: MatchList, people: Mapping[int, str], *, shared: bool) -> Export:
    """Return a list's rows; what people wrote is left out where it is `shared`.

    `people` are the names of accounts by id.
    """
    version = match_list.version
    return Export(
        name=match_list.name,
        version=version.number,
        created=version.created,
        corpus_version=version.corpus_version,
        columns=tuple(column for column in COLUMNS if not (shared and column in PRIVATE_COLUMNS)),
        rows=tuple(
            _row(match, Entry() if shared else match_list.entry(match.id), people)
            for match in version.matches
        ),
    )


def _row(match: ListedMatch, entry: Entry, people: Mapping[int, str]) -> ExportRow:
    return ExportRow(
        rank=match.rank,
        name=match.name,
        id=match.id,
        type=match.type,
        city=match.city,
        country=match.country,
        standing=match.standing,
        score=match.score,
        probability=match.probability,
        adds=match.adds,
        status=entry.status.value,
        note=entry.note,
        assigned=people.get(entry.account_id or 0, ""),
        reasons=tuple(reason.text for reason in match.reasons),
        needs=tuple(dict.fromkeys(reason.need for reason in match.reasons if reason.need)),
    )


def as_json(exported: Export) -> bytes:
    """Return the list as JSON with English keys."""
    body = {
        "name": exported.name,
        "version": exported.version,
        "created": exported.created.isoformat(),
        "corpus_version": exported.corpus_version,
        "results": [exported.cells(row) for row in exported.rows],
    }
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def as_csv(exported: Export, labels: Mapping[str, str]) -> bytes:
    """Return the list as CSV in UTF-8 with a byte order mark, which Excel needs.

    `labels` name the columns; those of a `=value` translate the values of a column.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([neutral(labels[column]) for column in exported.columns])
    for row in exported.rows:
        writer.writerow([neutral(_cell(value, labels)) for value in exported.cells(row).values()])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(exported: Export, labels: Mapping[str, str]) -> bytes:
    """Return the list as a workbook; texts are text cells whatever they begin with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(exported.name))
    for index, column in enumerate(exported.columns):
        sheet.column_dimensions[chr(ord("A") + index)].width = WIDTHS.get(column, DEFAULT_WIDTH)
    sheet.freeze_panes = "C2"
    head = []
    for column in exported.columns:
        cell = WriteOnlyCell(sheet, labels[column])
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for row in exported.rows:
        cells = []
        for column, value in exported.cells(row).items():
            content = neutral(_cell(value, labels))
            cell = WriteOnlyCell(sheet, content)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(content, str):
                cell.data_type = "s"
            if column in PERCENTAGE_COLUMNS:
                cell.number_format = "0 %"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(value: object, labels: Mapping[str, str]) -> Cell:
    if isinstance(value, tuple):
        return "\n".join(_printable(text) for text in value)
    if isinstance(value, str):
        return _printable(labels.get(f"={value}", value))
    assert value is None or isinstance(value, int | float)
    return value


def _printable(text: str) -> str:
    """Return a text without characters that XML, and so XLSX, can't hold."""
    return "".join(sign for sign in text if sign in "\n\t" or ord(sign) >= 32)


def _sheet_title(name: str) -> str:
    title = "".join("-" if sign in "[]:*?/\\'" else sign for sign in name)
    return title[:MAX_SHEET_TITLE_LENGTH].strip() or "Schakel"
