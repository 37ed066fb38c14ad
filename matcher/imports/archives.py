"""Bounds of zip files, checked on their directory before anything is unpacked.

Python unpacks no more of a member than the directory states, so a false directory doesn't get
around the bounds.
"""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

from matcher.imports.row_errors import ImportRefused, RowError
from matcher.messages import Message, say

MAX_RATIO = 200
"""Unpacked to packed size: text packs to a tenth, XML of worksheets to a fiftieth."""
SMALL = 10**7
"""Bytes; what unpacks to no more than this does no harm, however tightly it is packed."""


def check_archive(archive: zipfile.ZipFile, name: str, *, members: int, total: int) -> None:
    """Raise ImportRefused for an archive with too much in it; `total` in bytes, unpacked."""
    inside = archive.infolist()
    if len(inside) > members:
        problem = say("%(count)s files in it", count=len(inside))
        raise _refused(name, problem, say("at most %(count)s", count=members))
    unpacked = sum(member.file_size for member in inside)
    packed = sum(member.compress_size for member in inside)
    if unpacked > total:
        expected = say("at most %(most)s MiB unpacked", most=total // 2**20)
        raise _refused(name, say("unpacks too large"), expected)
    for size, packed_size in [
        (unpacked, packed),
        *((member.file_size, member.compress_size) for member in inside),
    ]:
        if size > SMALL and size > MAX_RATIO * max(packed_size, 1):
            expected = say("at most %(most)s times its packed size", most=MAX_RATIO)
            raise _refused(name, say("unpacks too large"), expected)
    for member in inside:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts:
            raise _refused(name, say("a name that leaves the folder"), say("plain file names"))
        if member.flag_bits & 0x1:
            raise _refused(name, say("encrypted"), say("a zip without a password"))


def _refused(name: str, problem: Message, expected: Message) -> ImportRefused:
    return ImportRefused([RowError(name, 0, "", problem, expected)])
