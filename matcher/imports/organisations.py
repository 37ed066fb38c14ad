"""The service's own table of organisations: flat CSV or XLSX rows, or nested NDJSON objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from matcher.domain import Organisation
from matcher.imports.cells import organisation_values
from matcher.imports.columns import absent_fields, nested, unknown_columns
from matcher.imports.readers import read_table, refused
from matcher.imports.row_errors import (
    MAX_ERRORS,
    Batch,
    ImportRefused,
    RowError,
    also_of,
    row_errors,
)
from matcher.messages import quoted, say
from matcher.organisations.schema import OrganisationIn, organisation_from
from matcher.progress import Progress, unreported

KEYS = tuple(OrganisationIn.model_fields)


def read_organisations(
    path: Path, *, skip_invalid: bool = False, progress: Progress = unreported
) -> Batch:
    """Read a .csv, .xlsx or .ndjson file; raises ImportRefused with all errors.

    With `skip_invalid` the rows with errors are left out, and so are unknown columns.
    """
    flat = path.suffix.lower() not in (".ndjson", ".jsonl")
    batch = Batch()
    columns: dict[str, None] = {}
    lines: dict[str, int] = {}
    for line, row in read_table(path, progress):
        if flat:
            new = [column for column in row if column not in columns]
            columns.update(dict.fromkeys(new))
            batch.faults.extend(unknown_columns(new, path.name)[: batch.room])
            organisation, errors = _from_flat(row, path.name, line)
        else:
            organisation, errors = organisation_from_mapping(row, file=path.name, line=line)
        if organisation is not None and organisation.id in lines:
            problem = also_of(organisation.id, lines[organisation.id])
            errors.append(RowError(path.name, line, "id", problem, say("each organisation once")))
        if organisation is None or errors:
            batch.skipped += 1
            batch.faults.extend(errors[: batch.room])
        else:
            lines[organisation.id] = line
            batch.organisations.append(organisation)
        if len(batch.faults) >= MAX_ERRORS and not skip_invalid:
            break
    _check_whole(batch, columns, path.name)
    if flat:
        batch.silent = absent_fields(columns)
    return batch.settle(skip_invalid=skip_invalid)


def organisation_from_mapping(
    mapping: Mapping[str, object], *, file: str = "", line: int = 0
) -> tuple[Organisation | None, list[RowError]]:
    """Return the organisation that a nested mapping states, or None and what is wrong."""
    values = organisation_values(mapping, KEYS)
    try:
        return organisation_from(OrganisationIn.model_validate(values)), []
    except ValidationError as error:
        errors = row_errors(error, OrganisationIn, file, line)
    flag = values.get("sme")
    if isinstance(flag, str):  # a text of the file, not of JSON
        problem, expected = say("%(value)s isn't yes or no", value=quoted(flag)), say("yes or no")
        errors = [
            replace(error, problem=problem, expected=expected) if error.column == "sme" else error
            for error in errors
        ]
    return None, errors


def _check_whole(batch: Batch, columns: Collection[str], file: str) -> None:
    """Raise ImportRefused for a file without any organisation, or without their names."""
    if not batch.organisations and not batch.faults:
        expected = say("at least one organisation, as in the template")
        raise refused(file, say("no organisation in it"), expected)
    if columns and "name" not in columns:
        unknown = [error for error in batch.faults if error.line == 1]
        problem, expected = say("the column is missing"), say("a column 'name'")
        raise ImportRefused([RowError(file, 1, "name", problem, expected), *unknown])


def _from_flat(
    row: Mapping[str, object], file: str, line: int
) -> tuple[Organisation | None, list[RowError]]:
    values, columns = nested(row)
    organisation, errors = organisation_from_mapping(values, file=file, line=line)
    placed = []
    for error in errors:
        plain = re.sub(r"\[\d+\]$", "", error.column)
        column = columns.get(error.column) or columns.get(plain) or plain
        placed.append(replace(error, column=column))
    return organisation, placed
