"""The form of keys and values: bounded keys, values as JSON bytes."""

from __future__ import annotations

import json

from matcher.cache.port import JSON, MAX_KEY_LENGTH


def check_key_and_ttl(key: str, ttl: int) -> None:
    """Raise ValueError when `key` or `ttl` (seconds) is out of bounds."""
    if not key or len(key) > MAX_KEY_LENGTH:
        raise ValueError(f"a cache key has 1 to {MAX_KEY_LENGTH} characters, not {len(key)}")
    key.encode()  # a lone surrogate can't be a key: UnicodeEncodeError is a ValueError
    if ttl < 1:
        raise ValueError(f"a value is kept for at least 1 second, not {ttl}")


def encode(value: JSON) -> bytes:
    """Return `value` as ASCII JSON. Raises TypeError or ValueError when it isn't JSON (NaN too).

    ASCII, because a text from a form may hold a lone surrogate, which UTF-8 can't.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")


def decode(data: bytes) -> JSON:
    """Return the value in `data`, new for each call. Raises ValueError when it isn't JSON."""
    try:
        return json.loads(data)
    except RecursionError:  # thousands of opening brackets: nothing that `encode` wrote
        raise ValueError("nested too deeply") from None
