"""Checks that the models and tables that come with the service are those it was tested with.

`data/SHA256SUMS` has their digests in the form of the command sha256sum. Two of the models come in
packages of others: pip checks those when it installs them, and this what lies on the disk since.
Who writes a file anew (`embeddings.tools`) writes its digest there.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from embeddings.port import EncoderError

DATA = Path(__file__).parent / "data"
"""The folder of tables and of the tokenizer."""


@cache
def checked(path: Path) -> Path:
    """Return `path`, whose file has the SHA-256 that is recorded for its folder and name.

    A file is read once a process, and not again after a fork: some 100 ms for all of them. Raises
    EncoderError where it is another, or can't be read.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{name} can't be read: {error.strerror}. {_install(path)}") from error
    if digest != recorded().get(name):
        raise EncoderError(
            f"{name} isn't the file that the service was tested with. {_install(path)}"
        )
    return path


@cache
def recorded() -> dict[str, str]:
    """Return the recorded SHA-256 in hex by folder and name of the file."""
    lines = (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def _install(path: Path) -> str:
    if path.parent == DATA:
        return "Install the service again."
    return "Install the packages again: pip install --force-reinstall -r requirements.txt"
