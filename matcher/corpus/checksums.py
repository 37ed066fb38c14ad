"""Checksums of the files of a generation: what was written is what is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Checksums: TypeAlias = dict[str, tuple[int, str]]
"""Bytes and SHA-256 of each file, by its path in the folder."""


def checksums_of(folder: Path, known: Checksums | None = None) -> Checksums:
    """Return the checksums of all files of a folder; those in `known` aren't read."""
    known = known or {}
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [(path.relative_to(folder).as_posix(), path) for path in paths]
    return {name: known.get(name) or (path.stat().st_size, _digest(path)) for name, path in names}


def wrong_size(folder: Path, checksums: Checksums) -> str:
    """Return the first file that is gone or of another size; empty where there is none."""
    for name, (size, _) in checksums.items():
        try:
            if (folder / name).stat().st_size != size:
                return name
        except OSError:
            return name
    return ""


def wrong_content(folder: Path, checksums: Checksums) -> str:
    """Return the first file that isn't what was written; empty where all are. Reads them all."""
    missing = wrong_size(folder, checksums)
    if missing:
        return missing
    for name, (_, digest) in checksums.items():
        try:
            if _digest(folder / name) != digest:
                return name
        except OSError:
            return name
    return ""


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with a checksum of its own."""
    return {**manifest, "checksum": _checksum(manifest)}


def _checksum(manifest: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def is_sealed(manifest: Mapping[str, Any]) -> bool:
    """Return whether a manifest is as it was written."""
    return manifest.get("checksum") == _checksum(manifest)


def read_checksums(listed: Mapping[str, Iterable[Any]]) -> Checksums:
    """Return the checksums in a manifest. Raises ValueError or TypeError where they aren't."""
    return {str(name): (int(size), str(digest)) for name, (size, digest) in listed.items()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
