"""The CSV files of a folder or zip in the layout of the CORDIS bulk files."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from matcher.imports.archives import check_archive
from matcher.imports.cells import clean
from matcher.imports.readers import csv_rows, refused
from matcher.imports.row_errors import ImportRefused, RowError
from matcher.messages import say

FILE_NAMES = {
    "project": ("project.csv",),
    "organization": ("organization.csv", "organisation.csv"),
    "euroscivoc": ("euroscivoc.csv",),
}
_REQUIRED = {
    "project": ("id", "title"),
    "organization": ("projectid", "organisationid", "name"),
    "euroscivoc": ("projectid", "euroscivocpath"),
}
_MAX_MEMBERS = 200
_MAX_ARCHIVE_SIZE = 4 * 1024**3
_MAX_ROWS = 1_000_000
_MAX_MEMBER_SIZE = 2 * 1024**3
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    IndexError,
)
"""What zipfile raises, somewhere in its depths, on archives that are damaged."""


class CordisFiles:
    """The files of a folder or zip, by the names they should have."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_dir():
            found = [p for p in (*path.glob("*"), *path.glob("*/*")) if p.is_file()]
            self._members: dict[str, Any] = {p.name.lower(): p for p in reversed(sorted(found))}
        elif path.is_file():
            self._archive = self._opened(path)
            self._members = {
                PurePosixPath(member.filename).name.lower(): member
                for member in self._archive.infolist()
                if not member.is_dir()
            }
        else:
            problem = say("there is no such folder or file")
            raise refused(path.name, problem, say("a folder or a .zip"))

    @contextmanager
    def _open(self, table: str) -> Iterator[tuple[str, BinaryIO] | None]:
        member = next((self._members[n] for n in FILE_NAMES[table] if n in self._members), None)
        if member is None:
            yield None
        elif self._archive is not None:
            with self._archive.open(member) as file:
                yield member.filename, cast(BinaryIO, file)
        else:
            with member.open("rb") as file:
                yield member.name, file

    def rows(self, table: str) -> Iterator[tuple[str, int, dict[str, str]]]:
        """Yield file name, line and cells by lower-case column; raises ImportRefused.

        A file that is missing has no rows where its table may be left out.
        """
        with self._open(table) as opened:
            if opened is None:
                if table != "euroscivoc":
                    problem = say("the file is missing")
                    raise refused(FILE_NAMES[table][0], problem, say("it beside the others"))
                return
            name, file = opened
            columns: list[str] | None = None
            for count, (line, cells) in enumerate(csv_rows(file, name, ";")):
                if count > _MAX_ROWS:
                    problem = say("more than %(most)s rows", most=_MAX_ROWS)
                    raise refused(name, problem, say("a smaller file"), line)
                if not cells:
                    continue
                if columns is None:
                    columns = [cell.strip().lower() for cell in cells]
                    missing = [c for c in _REQUIRED[table] if c not in columns]
                    if missing:
                        problem, expected = say("the column is missing"), say("it")
                        raise ImportRefused(
                            [RowError(name, 1, c, problem, expected) for c in missing]
                        )
                    continue
                row = dict.fromkeys(columns, "")
                row.update(zip(columns, (clean(cell) for cell in cells), strict=False))
                yield name, line, row
            if columns is None:
                expected = say("a first line with %(names)s", names=", ".join(_REQUIRED[table]))
                raise refused(name, say("the file is empty"), expected)

    def close(self) -> None:
        """Close the zip."""
        if self._archive is not None:
            self._archive.close()

    @staticmethod
    def _opened(path: Path) -> zipfile.ZipFile:
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            problem = say("not a readable zip")
            raise refused(path.name, problem, say("a folder or a .zip")) from error
        check_archive(archive, path.name, members=_MAX_MEMBERS, total=_MAX_ARCHIVE_SIZE)
        if max((member.file_size for member in archive.infolist()), default=0) > _MAX_MEMBER_SIZE:
            problem = say("a file in it unpacks too large")
            raise refused(path.name, problem, say("at most 2 GiB a file"))
        return archive
