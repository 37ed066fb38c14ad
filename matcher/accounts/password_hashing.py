"""Which passwords are good enough, and how they are hashed and verified (Argon2id)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from matcher.accounts.errors import AccountError
from matcher.accounts.password_strength import is_common, is_own, is_simple

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 12, 200
"""In characters. The upper limit bounds the cost of hashing what strangers send."""
hasher = PasswordHasher()


def hash_password(password: str, own: Iterable[str] = ()) -> str:
    """Return the hash of a password that is good enough. Raises AccountError for others.

    `own` are texts that a stranger may know: the owner's name and address.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        message = f"A password needs at least {MIN_PASSWORD_LENGTH} characters."
        raise AccountError("short", message)
    if len(password) > MAX_PASSWORD_LENGTH:
        message = f"A password has at most {MAX_PASSWORD_LENGTH} characters."
        raise AccountError("long", message)
    if is_simple(password):
        raise AccountError("simple", "A password is more than repetitions and runs such as 1234.")
    if is_common(password):
        raise AccountError("common", "This password is one of the commonest, or one with digits.")
    if is_own(password, own):
        raise AccountError("own", "A password is more than one's own name or address.")
    return hasher.hash(password)


def verify_password(stored_hash: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed.

    Without a stored hash the answer is False, but takes as long: the time must not tell whether
    there is such an account.
    """
    try:
        same = hasher.verify(stored_hash or _nobodys_hash(), password[:MAX_PASSWORD_LENGTH])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return same and stored_hash is not None


@cache
def _nobodys_hash() -> str:
    """Return the hash of a password that nobody has; hashing takes a moment, so once."""
    return hasher.hash(secrets.token_urlsafe(16))


def rehash_if_outdated(stored_hash: str, password: str) -> str:
    """Return the hash to store: a new one where the cost of hashing has been raised since."""
    if hasher.check_needs_rehash(stored_hash):
        return hasher.hash(password[:MAX_PASSWORD_LENGTH])
    return stored_hash
