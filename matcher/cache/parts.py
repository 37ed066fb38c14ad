"""What the caches share: checks, JSON bytes, counters, and a fresh start after a fork."""

from __future__ import annotations

import json
import os
import threading
import weakref
from typing import Protocol

from matcher.cache.port import JSON, MAX_KEY_LENGTH


def check_question(key: str, ttl: int) -> None:
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


class Counters:
    """The counters of `CacheState`; thread safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again at zero, also with a lock that a fork left locked."""
        self._lock = threading.Lock()
        self._hits = self._misses = self._computed = self._errors = 0

    def asked(self, found: bool) -> None:
        """Count one asker, whose value was there (`found`) or not."""
        with self._lock:
            if found:
                self._hits += 1
            else:
                self._misses += 1

    def computing(self) -> None:
        """Count one computation."""
        with self._lock:
            self._computed += 1

    def failed(self) -> None:
        """Count one failure of the cache itself."""
        with self._lock:
            self._errors += 1

    def read(self) -> tuple[int, int, int, int]:
        """Return hits, misses, computed and errors, taken at one moment."""
        with self._lock:
            return self._hits, self._misses, self._computed, self._errors


class Resettable(Protocol):
    """Something that a forked child must not go on using as it was."""

    def reset(self) -> None:
        """Start afresh; called in the child, when it has one thread."""
        ...


_alive: weakref.WeakSet[Resettable] = weakref.WeakSet()


def reset_after_fork(thing: Resettable) -> None:
    """Have `thing.reset()` called in every forked child, for as long as `thing` lives.

    Another thread of the parent may hold a lock or be in the middle of a change at the fork;
    that thread doesn't exist in the child, so nothing of its doing may be kept.
    """
    _alive.add(thing)


def _reset_all() -> None:
    for thing in list(_alive):
        thing.reset()


os.register_at_fork(after_in_child=_reset_all)
