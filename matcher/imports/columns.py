"""The columns of a flat table of organisations, and the nested values that a row stands for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from matcher.imports.cells import clean
from matcher.imports.row_errors import RowError
from matcher.messages import nearest, quoted, say

PLAIN_COLUMNS = (
    "id",
    "name",
    "short_name",
    "type",
    "size",
    "sme",
    "city",
    "country",
    "region",
    "latitude",
    "longitude",
    "sectors",
    "languages",
    "website",
    "description",
    "competitors",
)
CONTACT_KEYS = ("name", "email", "phone")
FACET_COLUMNS = ("text", "stage", "trl", "certifications", "valid_until")
_GROUP = re.compile(rf"(offer|need)_([1-9][0-9]{{0,3}})_({'|'.join(FACET_COLUMNS)})")
_SEPARATORS = {"sectors": ";", "languages": "[;,]", "competitors": "[;,]"}


def unknown_columns(columns: Collection[str], file: str) -> list[RowError]:
    """Return an error for each column that nobody knows, with the known one most like it."""
    errors = []
    for column in columns:
        if not is_known(column):
            problem = say("%(value)s isn't a known column", value=quoted(column))
            expected = nearest(column, _columns_like(column))
            errors.append(RowError(file, 1, column[:200], problem, expected))
    return errors


def absent_fields(columns: Collection[str]) -> frozenset[str]:
    """Return the fields of an organisation that no column is about."""
    groups = {match[1] for match in map(_GROUP.fullmatch, columns) if match}
    absent = {f"{kind}s" for kind in ("offer", "need") if kind not in groups}
    return frozenset({name for name in PLAIN_COLUMNS if name not in columns} | absent)


def is_known(column: str) -> bool:
    """Return whether a table of organisations may have this column."""
    contact = column.startswith("contact_") and column[8:] in CONTACT_KEYS
    return column in PLAIN_COLUMNS or contact or _GROUP.fullmatch(column) is not None


def nested(row: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the nested values of a flat row, and the column of each path within them."""
    values: dict[str, object] = {}
    contact: dict[str, object] = {}
    groups: dict[tuple[str, int], dict[str, str]] = {}
    for column, cell in row.items():
        text = clean(cell)
        group = _GROUP.fullmatch(column)
        if not text:
            continue
        if group is not None:
            groups.setdefault((group[1], int(group[2])), {})[group[3]] = text
        elif column.startswith("contact_") and is_known(column):
            contact[column[8:]] = text
        elif column in _SEPARATORS:
            values[column] = re.split(_SEPARATORS[column], text)
        elif column in PLAIN_COLUMNS:
            values[column] = text
    if contact:
        values["contact"] = contact
    columns = {f"contact.{key}": f"contact_{key}" for key in CONTACT_KEYS}
    for kind in ("offer", "need"):
        numbers = sorted(number for group_kind, number in groups if group_kind == kind)
        for index, number in enumerate(numbers):
            path, stem = f"{kind}s[{index}]", f"{kind}_{number}_"
            columns.update({f"{path}.{part}": stem + part for part in FACET_COLUMNS})
            columns.update({f"{path}.trl_min": f"{stem}trl", f"{path}.trl_max": f"{stem}trl"})
        values[f"{kind}s"] = [_nested_facet(groups[kind, number]) for number in numbers]
    return values, columns


def _columns_like(column: str) -> list[str]:
    """Return the known columns; offers and needs with the number that the column has."""
    number = re.search("[1-9][0-9]{0,2}", column)
    known = [*PLAIN_COLUMNS, *(f"contact_{key}" for key in CONTACT_KEYS)]
    for kind in ("offer", "need"):
        stem = f"{kind}_{number.group() if number else 1}_"
        known.extend(stem + part for part in FACET_COLUMNS)
    return known


def _nested_facet(cells: Mapping[str, str]) -> dict[str, object]:
    facet: dict[str, object] = {}
    for part, text in cells.items():
        if part == "trl":
            span = re.fullmatch(r"([0-9]+)\s*(?:-|–|—|\.\.)\s*([0-9]+)", text)
            facet["trl_min"], facet["trl_max"] = span.groups() if span else (text, None)
            if span is None and text.isdecimal():
                facet["trl_max"] = text
        elif part == "certifications":
            facet[part] = text.split(";")
        else:
            facet[part] = text
    return facet
