"""How records were before an import: written beside the upload, read when it is undone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from matcher.domain import Organisation, Project

Kind = Literal["organisation", "project"]
_ORGANISATION = TypeAdapter(Organisation)
_PROJECT = TypeAdapter(Project)


@dataclass(frozen=True, slots=True)
class RecordBackup:
    """One record as it was before an import; None: it wasn't there."""

    kind: Kind
    name: str
    """The organisation's id, or the project's source."""
    record: Organisation | Project | None
    version: int | None = None
    """The corpus version that had written it; None also where that wasn't kept."""


@contextmanager
def writing_backup(path: Path) -> Iterator[Callable[[RecordBackup], None]]:
    """Give a function that adds a record; the file gets its name when all are on disk."""
    part = path.with_suffix(".part")
    count = 0
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:

        def add(before: RecordBackup) -> None:
            nonlocal count
            count += 1
            line = {"kind": before.kind, "name": before.name, "version": before.version}
            line["record"] = _record_json(before)
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

        yield add
        file.write(json.dumps({"records": count}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def read_backup(path: Path) -> Iterator[RecordBackup]:
    """Yield the records of a backup. Raises ValueError when some are missing."""
    count, promised = 0, None
    with path.open("rb") as file:
        for raw in file:
            line = json.loads(raw)
            if "records" in line:
                promised = line["records"]
                continue
            count += 1
            adapter: TypeAdapter[Any] = (
                _ORGANISATION if line["kind"] == "organisation" else _PROJECT
            )
            record = None if line["record"] is None else adapter.validate_python(line["record"])
            yield RecordBackup(line["kind"], line["name"], record, line.get("version"))
    if promised != count:
        raise ValueError(f"{path} holds {count} records of {promised}")


def _record_json(before: RecordBackup) -> Any:
    if before.record is None:
        return None
    if isinstance(before.record, Organisation):
        return _ORGANISATION.dump_python(before.record, mode="json")
    return _PROJECT.dump_python(before.record, mode="json")
