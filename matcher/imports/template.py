"""The empty form: a table of organisations with three invented examples, to fill in."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.domain import OrganisationType, SizeClass, Stage
from matcher.imports.columns import CONTACT_KEYS, FACET_COLUMNS, PLAIN_COLUMNS
from matcher.imports.template_texts import EXAMPLES, HELP, KIND_HELP, PART_HELP

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

GROUPS = 2
_FORMATTED_ROWS = 1_000


def write_template(path: Path) -> None:
    """Write the form as .csv, .xlsx or .ndjson; raises ValueError for any other suffix."""
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".ndjson": _write_ndjson}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"no template for {path.suffix!r}: .csv, .xlsx or .ndjson")
    writer(path)


def columns() -> list[str]:
    """Return the columns of the form in their order."""
    groups = [
        f"{kind}_{number}_{part}"
        for kind in ("offer", "need")
        for number in range(1, GROUPS + 1)
        for part in FACET_COLUMNS
    ]
    return [*PLAIN_COLUMNS, *(f"contact_{key}" for key in CONTACT_KEYS), *groups]


def _flat(example: dict[str, object]) -> dict[str, str]:
    """Return an example as the cells of a row."""
    row: dict[str, str] = {}
    for key, value in example.items():
        if isinstance(value, dict):
            row.update({f"{key}_{part}": str(cell) for part, cell in value.items()})
        elif key in ("offers", "needs") and isinstance(value, list):
            for number, facet in enumerate(value, start=1):
                row.update(_flat_facet(facet, f"{key[:-1]}_{number}_"))
        else:
            row[key] = _cell(value)
    return row


def _flat_facet(facet: dict[str, object], stem: str) -> dict[str, str]:
    row = {stem + part: _cell(facet[part]) for part in FACET_COLUMNS if part in facet}
    if "trl_min" in facet:
        least, most = facet["trl_min"], facet["trl_max"]
        row[f"{stem}trl"] = f"{least}" if least == most else f"{least}-{most}"
    return row


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return str(value)


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns(), restval="", delimiter=";")
        writer.writeheader()
        writer.writerows(_flat(example) for example in EXAMPLES)


def _write_ndjson(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in EXAMPLES:
            file.write(json.dumps(example, ensure_ascii=False) + "\n")


def _write_xlsx(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Organisations"
    names = columns()
    sheet.append(names)
    for example in EXAMPLES:
        row = _flat(example)
        cells: list[object] = [row.get(name) or None for name in names]
        for name in ("latitude", "longitude"):
            cells[names.index(name)] = example.get(name)
        sheet.append(cells)
    for number, name in enumerate(names, start=1):
        _dress(sheet, number, name)
    sheet.freeze_panes = "C2"
    _help_sheet(book.create_sheet("Help"), names)
    book.save(path)


def _dress(sheet: Worksheet, number: int, name: str) -> None:
    """Give a column its width, its list of choices and, where Excel would guess, a text format."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter = get_column_letter(number)
    sheet.column_dimensions[letter].width = 40 if name.endswith(("_text", "description")) else 18
    sheet.cell(1, number).font = Font(bold=True)
    choices = {"type": OrganisationType, "size": SizeClass}.get(name)
    words = list(Stage) if name.endswith("_stage") else list(choices or ())
    if words:
        listed = '"' + ",".join(words) + '"'
        validation = DataValidation(type="list", formula1=listed, allow_blank=True)
        sheet.add_data_validation(validation)
        validation.add(f"{letter}2:{letter}{_FORMATTED_ROWS}")
    if name.endswith(("_trl", "_phone")):  # Excel reads 4-7 as the fourth of July
        for row in range(2, _FORMATTED_ROWS + 1):
            sheet.cell(row, number).number_format = "@"


def _help_sheet(sheet: Worksheet, names: list[str]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append(["column", "nl", "fr", "de", "en", "values"])
    choices = {"type": OrganisationType, "size": SizeClass}
    for name in names:
        values = ", ".join(Stage if name.endswith("_stage") else choices.get(name, ()))
        sheet.append([name, *_help(name), values or None])
    for number in range(1, 7):
        sheet.cell(1, number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = 20 if number == 1 else 48


def _help(name: str) -> tuple[str, ...]:
    if name in HELP:
        return HELP[name]
    kind, number, part = name.split("_", 2)
    pairs = zip(KIND_HELP[kind], PART_HELP[part], strict=True)
    return tuple(f"{what} {number}, {how}" for what, how in pairs)
