"""Bounds of zip files, by what their directory says before anything is unpacked.

Python unpacks no more of a member than the directory says, so it can't lie to get around them.
"""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

from matcher.services.importing.faults import Fault, ImportRefused

MOST_RATIO = 200
SMALL = 10**7
"""Bytes; what unpacks to no more than that may be packed as tightly as it likes."""


def check_archive(archive: zipfile.ZipFile, name: str, *, members: int, total: int) -> None:
    """Raise ImportRefused for an archive with too much in it; `total` in bytes, unpacked."""
    inside = archive.infolist()
    if len(inside) > members:
        raise _refused(name, f"{len(inside)} files in it", f"at most {members}")
    unpacked = sum(member.file_size for member in inside)
    packed = sum(member.compress_size for member in inside)
    if unpacked > total:
        raise _refused(name, "unpacks too large", f"at most {total // 2**20} MiB unpacked")
    for size, packed_size in [
        (unpacked, packed),
        *((member.file_size, member.compress_size) for member in inside),
    ]:
        if size > SMALL and size > MOST_RATIO * max(packed_size, 1):
            raise _refused(name, "unpacks too large", f"at most {MOST_RATIO} times its packed size")
    for member in inside:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts:
            raise _refused(name, "a name that leaves the folder", "plain file names")
        if member.flag_bits & 0x1:
            raise _refused(name, "encrypted", "a zip without a password")


def _refused(name: str, problem: str, expected: str) -> ImportRefused:
    return ImportRefused([Fault(name, 0, "", problem, expected)])
