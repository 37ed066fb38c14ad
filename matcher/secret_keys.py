"""The key that signs sessions: how good it must be, and the one of a development machine."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MIN_LENGTH, MIN_DISTINCT_CHARACTERS = 32, 10
"""A key of 32 random hexadecimal digits has 128 bits; fewer than ten kinds of digits in it are met
once in 2,500 keys of that length, and never in the recommended one of 64."""
_EXAMPLE = re.compile("change|secret|password|example|schakel|0123456789", re.IGNORECASE)
"""Found in keys that somebody typed or copied from a manual."""
ADVICE = (
    "give it a random value, for example one made by: "
    "python -c 'import secrets; print(secrets.token_hex(32))'"
)


def check_secret_key(key: str) -> None:
    """Raise ValueError, without the key, where somebody could guess it."""
    if (
        len(key) < MIN_LENGTH
        or len(set(key)) < MIN_DISTINCT_CHARACTERS
        or _EXAMPLE.search(key) is not None
    ):
        raise ValueError(f"can be guessed; {ADVICE}")


def seal(key: str, purpose: str) -> Fernet:
    """Return what encrypts with SCHAKEL_SECRET_KEY, for one purpose alone."""
    from cryptography.fernet import Fernet

    digest = hashlib.sha256(f"{purpose}\0{key}".encode()).digest()
    return Fernet(urlsafe_b64encode(digest))


def development_secret(home: Path) -> str:
    """Return the secret kept in `home`, made at first use, so that all workers share it."""
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        own = home / f"secret_key.{os.getpid()}"
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(own, path)  # atomic: of several workers that start at once, one wins
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text(encoding="ascii").strip()
