"""Public ids, made from names."""

from __future__ import annotations

import hashlib
import re
import secrets

from embeddings.words import normalise

MAX_SLUG_LENGTH = 60
"""Characters of a name in an id: with prefix and tail it stays far below the 120 of an id."""
DIGEST_LENGTH = 8
"""Hexadecimal digits after the slug. At 10,000 organisations of one and the same slug, two of them
share a digest with a probability of about 1 % (birthday problem over 2**32)."""


SELF_MADE = "own"
"""The prefix of the ids of profiles that companies made themselves: nobody vouches for these."""


def is_self_made(public_id: str) -> bool:
    """Return whether an organisation's record is a profile that somebody made for it."""
    return public_id.startswith(f"{SELF_MADE}:")


def slug(text: str, *, keep_case: bool = False) -> str:
    """Return a text as ASCII letters and digits with single hyphens; empty where none are left.

    Accents go, ß becomes ss, anything else becomes a hyphen. At most MAX_SLUG_LENGTH characters.
    """
    folded = text if keep_case else text.casefold()
    plain = normalise("NFKD", folded).encode("ascii", "ignore").decode()
    plain = plain if keep_case else plain.casefold()  # NFKD makes capitals of some symbols
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:MAX_SLUG_LENGTH].strip("-")


def organisation_id(name: str, country: str | None, city: str | None) -> str:
    """Return the id that follows from name, country and town, such as `org:acme-1a2b3c4d`.

    It is the same for a record that is imported again or sent through the API, whatever its case
    and blanks. A name without letters or digits of ASCII leaves only the digest.
    """
    key = "|".join(_folded(part or "") for part in (name, country, city))
    digest = hashlib.sha256(key.encode()).hexdigest()[:DIGEST_LENGTH]
    return "org:" + "-".join(part for part in (slug(name), digest) if part)


def random_id(prefix: str, name: str) -> str:
    """Return a new id that begins with a name, such as `init:blue-yard-1a2b3c4d`.

    The tail keeps two of the same name apart, and makes the id of a draft impossible to guess.
    """
    tail = secrets.token_hex(DIGEST_LENGTH // 2)
    return f"{prefix}:" + "-".join(part for part in (slug(name), tail) if part)


def _folded(text: str) -> str:
    return " ".join(normalise("NFC", text).split()).casefold()
