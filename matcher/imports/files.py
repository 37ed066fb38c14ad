"""The uploaded files of imports, under names of our own."""

from __future__ import annotations

import os
import re
import shutil
import time
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from matcher.imports.archives import check_archive
from matcher.imports.cordis import read_cordis
from matcher.imports.organisations import read_organisations
from matcher.imports.readers import MAX_FILE_SIZE
from matcher.imports.row_errors import Batch, ImportRefused
from matcher.progress import Progress
from matcher.settings import Settings

MAX_UPLOAD_SIZE = 64 * 1024 * 1024
MAX_BOOK_SIZE = 256 * 1024 * 1024
MAX_ARCHIVE_SIZE = 1024 * 1024 * 1024
KEPT_SECONDS = 30 * 24 * 3600
SUFFIXES = {"csv": ".csv", "xlsx": ".xlsx", "cordis": ".zip"}
"""Formats, and the suffix of their files."""
_BLOCK = 1024 * 1024


class UploadRefused(ValueError):
    """A file that isn't taken; `code` is `empty`, `large`, `kind`, `archive` or `bomb`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def folder_of(settings: Settings, import_id: str) -> Path:
    """Return the folder of one import."""
    return settings.home / "imports" / import_id


def source_of(settings: Settings, import_id: str, format: str) -> Path:
    """Return the path of the uploaded file."""
    return folder_of(settings, import_id) / f"upload{SUFFIXES[format]}"


def backup_of(settings: Settings, import_id: str) -> Path:
    """Return the path of the backup: the records as they were before."""
    return folder_of(settings, import_id) / "before.ndjson"


def receive(settings: Settings, import_id: str, stream: BinaryIO, filename: str) -> str:
    """Store an upload and return its format. Raises UploadRefused; then nothing stays."""
    folder = folder_of(settings, import_id)
    folder.mkdir(mode=0o700, parents=True)
    try:
        part = folder / "upload.part"
        _copy(stream, part)
        format = _format(part, filename)
        part.rename(source_of(settings, import_id, format))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return format


def shown_name(filename: str) -> str:
    """Return the name of somebody's file as it may be shown: without folders, on one line."""
    last = re.split(r"[/\\]", filename)[-1]
    plain = "".join(char if char.isprintable() else " " for char in last)
    return " ".join(plain.split())[:300] or "?"


def read(
    settings: Settings,
    import_id: str,
    format: str,
    *,
    skip_invalid: bool,
    progress: Progress,
) -> Batch:
    """Read an upload. Raises ImportRefused, and FileNotFoundError when it was cleared away."""
    path = source_of(settings, import_id, format)
    if not path.is_file():
        raise FileNotFoundError(path)
    reader = read_cordis if format == "cordis" else read_organisations
    return reader(path, skip_invalid=skip_invalid, progress=progress)


def clear_old(settings: Settings) -> None:
    """Delete the files of imports that are older than 30 days."""
    limit = time.time() - KEPT_SECONDS
    for folder in (settings.home / "imports").glob("*"):
        if folder.is_dir() and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _copy(stream: BinaryIO, path: Path) -> None:
    size = 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > MAX_UPLOAD_SIZE:
                raise UploadRefused("large")
            file.write(block)
    if size == 0:
        raise UploadRefused("empty")


def _format(path: Path, filename: str) -> str:
    """Tell the format by name and content, which have to agree."""
    suffix = PurePosixPath(filename.lower()).suffix
    with path.open("rb") as file:
        head = file.read(65_536)
    zipped = head.startswith(b"PK\x03\x04")
    if suffix == ".csv" and not zipped and b"\x00" not in head:
        if path.stat().st_size > MAX_FILE_SIZE:
            raise UploadRefused("large")
        return "csv"
    if suffix not in (".xlsx", ".zip") or not zipped:
        raise UploadRefused("kind")
    try:
        with zipfile.ZipFile(path) as archive:
            names = {PurePosixPath(member.filename).name.lower() for member in archive.infolist()}
            book = "[content_types].xml" in names and "workbook.xml" in names
            most = MAX_BOOK_SIZE if book else MAX_ARCHIVE_SIZE
            check_archive(archive, "", members=1_000 if book else 200, total=most)
    except ImportRefused as error:
        raise UploadRefused("bomb") from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UploadRefused("archive") from error
    if book and suffix == ".xlsx":
        if path.stat().st_size > MAX_FILE_SIZE:
            raise UploadRefused("large")
        return "xlsx"
    if suffix == ".zip" and "project.csv" in names:
        return "cordis"
    raise UploadRefused("kind")
