"""A damaged generation is set aside: the former one answers until a new one is built."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matcher.corpus.checksums import read_checksums, wrong_content
from matcher.corpus.generation import (
    GenerationError,
    current_name,
    generations,
    publication,
    read_manifest,
    withdraw,
    write_pointer,
)

_MARK = "damaged-"


def damage_of(root: Path, name: str) -> str:
    """Return what is damaged in a generation; empty where all files are as they were written.

    Reads all of it: a second or so for 1 GB.
    """
    try:
        manifest = read_manifest(root, name)
    except GenerationError as error:
        return str(error)
    file = wrong_content(root / name, read_checksums(manifest["files"]))
    return f"{name}/{file} isn't what was written" if file else ""


def set_aside(root: Path, name: str, reason: str) -> str | None:
    """Mark a generation as damaged, and make the newest whole one current.

    Returns the name of the generation that is current then; None where there is none. One that
    another process published meanwhile stays. Raises OSError where nothing can be written.
    """
    with publication(root):
        (root / f"{_MARK}{name}").write_text(reason, encoding="utf-8")
        if current_name(root) != name:
            return current_name(root)
        former = _newest_whole(root)
        if former is None:
            withdraw(root)
        else:
            write_pointer(root, former)
        return former


def damaged_names(root: Path) -> tuple[str, ...]:
    """Return the generations that were found damaged since the last one was built."""
    return tuple(sorted(path.name.removeprefix(_MARK) for path in root.glob(f"{_MARK}*")))


def forget_damaged(root: Path) -> None:
    """Remove the generations that were found damaged, once a new one is built."""
    for name in damaged_names(root):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / f"{_MARK}{name}").unlink(missing_ok=True)


@contextmanager
def verifying(root: Path) -> Iterator[bool]:
    """Give whether this process may read all files now: no other does so at the moment."""
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "verify-lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _newest_whole(root: Path) -> str | None:
    damaged = damaged_names(root)
    whole = (
        path.name
        for path in generations(root)
        if path.name not in damaged and not damage_of(root, path.name)
    )
    return next(whole, None)
