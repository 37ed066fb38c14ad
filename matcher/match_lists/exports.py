"""A match list as a file: CSV, XLSX or JSON. Nothing in it is read as a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from matcher.match_lists.lists import MatchList
from matcher.spreadsheets import Cell, neutral

COLUMNS = (
    "rank",
    "name",
    "id",
    "type",
    "city",
    "country",
    "score",
    "probability",
    "adds",
    "status",
    "note",
    "assigned",
    "reasons",
    "needs",
)
PRIVATE_COLUMNS = ("status", "note", "assigned")
"""What those who have only a link don't see."""
WIDTHS = {"name": 38, "id": 24, "note": 40, "reasons": 90, "needs": 60, "type": 20}


def records(found: MatchList, people: dict[int, str], *, shared: bool) -> list[dict[str, Any]]:
    """Return one record a match, with what people wrote about it unless it is `shared`."""
    lines = []
    for one in found.version.results:
        entry = found.entry(one["id"])
        record = {
            **{name: one[name] for name in COLUMNS[:7]},
            "probability": one["probability"],
            "adds": one["adds"],
            "status": entry.status.value,
            "note": entry.note,
            "assigned": people.get(entry.account_id or 0, ""),
            "reasons": [reason["text"] for reason in one["reasons"]],
            "needs": list(dict.fromkeys(r["need"] for r in one["reasons"] if r["need"])),
        }
        if shared:
            record = {key: value for key, value in record.items() if key not in PRIVATE_COLUMNS}
        lines.append(record)
    return lines


def as_json(found: MatchList, lines: Sequence[dict[str, Any]]) -> bytes:
    """Return the list as JSON with English keys."""
    whole = {
        "name": found.name,
        "version": found.version.number,
        "created": found.version.created.isoformat(),
        "corpus_version": found.version.corpus_version,
        "results": list(lines),
    }
    return json.dumps(whole, ensure_ascii=False, indent=2).encode()


def as_csv(lines: Sequence[dict[str, Any]], labels: dict[str, str]) -> bytes:
    """Return the list as CSV in UTF-8 with a byte order mark, which Excel needs."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = _names(lines, labels)
    writer.writerow([neutral(labels[name]) for name in names])
    for line in lines:
        writer.writerow([neutral(_plain(line[name], labels)) for name in names])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(found: MatchList, lines: Sequence[dict[str, Any]], labels: dict[str, str]) -> bytes:
    """Return the list as a workbook; texts are text cells whatever they begin with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(found.name))
    names = _names(lines, labels)
    for number, name in enumerate(names):
        sheet.column_dimensions[chr(ord("A") + number)].width = WIDTHS.get(name, 14)
    sheet.freeze_panes = "C2"
    head = []
    for name in names:
        cell = WriteOnlyCell(sheet, labels[name])
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for line in lines:
        row = []
        for name in names:
            value = neutral(_plain(line[name], labels))
            cell = WriteOnlyCell(sheet, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(value, str):
                cell.data_type = "s"
            if name in ("probability", "adds"):
                cell.number_format = "0 %"
            row.append(cell)
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _names(lines: Sequence[dict[str, Any]], labels: dict[str, str]) -> list[str]:
    present = set(lines[0]) if lines else set(labels)
    return [name for name in COLUMNS if name in present]


def _plain(value: Any, labels: dict[str, str]) -> Cell:
    if isinstance(value, list):
        return "\n".join(_clean(one) for one in value)
    if isinstance(value, str):
        return _clean(labels.get(f"={value}", value))
    cell: Cell = value
    return cell


def _clean(text: str) -> str:
    """Return a text without characters that XML, and so XLSX, can't hold."""
    return "".join(sign for sign in text if sign in "\n\t" or ord(sign) >= 32)


def _sheet_title(name: str) -> str:
    return "".join("-" if sign in "[]:*?/\\'" else sign for sign in name)[:31].strip() or "Schakel"
