"""Files of the service are its user's alone, whatever the umask was."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from matcher.settings import Settings

UMASK = 0o077
OWN = (
    "schakel.sqlite3*",
    "jobs.sqlite3*",
    "secret_key*",
    "logs",
    "index",
    "imports",
    "mailbox",
)
"""What the service keeps in its home."""


def make_private(settings: Settings) -> None:
    """Make the home of the service, and take from others what they could read in it until now.

    Only files and folders of this user that the service itself made are changed, and the home
    unless several users share it, such as `/tmp`.
    """
    os.umask(UMASK)
    settings.home.mkdir(parents=True, exist_ok=True)
    for path in [settings.home, *_own_files(settings)]:
        _close(path)


def _own_files(settings: Settings) -> Iterator[Path]:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        database = Path(url.database)
        yield from database.parent.glob(f"{database.name}*")
    for pattern in OWN:
        for path in settings.home.glob(pattern):
            # A folder that was closed to others has been so since before what is in it.
            if path.is_dir() and not path.is_symlink() and path.stat().st_mode & UMASK:
                yield from path.rglob("*")
            yield path


def _close(path: Path) -> None:
    try:
        found = path.lstat()
        shared = bool(found.st_mode & stat.S_ISVTX)
        if stat.S_ISLNK(found.st_mode) or shared or found.st_uid != os.geteuid():
            return
        if found.st_mode & UMASK:
            path.chmod(stat.S_IMODE(found.st_mode) & ~UMASK)
    except FileNotFoundError:  # another process deleted it meanwhile
        return
