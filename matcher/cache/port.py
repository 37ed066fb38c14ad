"""What every cache promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypedDict

JSON: TypeAlias = Any
"""What `json.dumps` takes: None, bool, int, finite float, str, and lists and dicts of these."""

MAX_KEY_LENGTH = 250
"""Characters of the longest key; callers hash what could be longer."""


class CacheState(TypedDict):
    """How one cache object stands in this process, since it was made or forked.

    `hits` counts askers whose value was there, `misses` askers whose value was not, and
    `computed` the computations that were begun: `misses - computed` askers were spared one.
    An asker whose `compute` raised counts as a miss. `errors` counts failures of the cache
    itself (Redis away, a value that can't be read), never those of `compute`.
    """

    kind: str
    reachable: bool
    hits: int
    misses: int
    computed: int
    errors: int


class Cache(Protocol):
    """Keeps JSON values by key and lets many simultaneous askers share one computation.

    Thread safe; may be made before a fork, after which each child counts and computes for itself.
    Values are kept as JSON bytes, never pickled, and decoded for each asker: whoever gets a value
    may change it. A value is what JSON makes of it, also for the asker who computed it: tuples
    come back as lists, dict keys as strings.

    A failing backend never fails an asker: the value is then computed.
    """

    def get_or_compute(self, key: str, compute: Callable[[], JSON], ttl: int) -> tuple[JSON, bool]:
        """Return the value of `key` and whether it came from the cache.

        Without a value, one of the simultaneous askers runs `compute`, keeps its value for `ttl`
        seconds and gets False; the others wait for that value and get True. `compute` may ask the
        cache for other keys, though never in a circle.

        An Exception from `compute` is raised to its asker and to those in the same process who
        waited for it (as the same object); askers in other processes compute for themselves.
        Nothing is kept. A BaseException, such as a worker's SystemExit, stops only its own asker.

        Raises ValueError for an empty or too long key (MAX_KEY_LENGTH) and a `ttl` below 1;
        RuntimeError when `compute` asks for its own key; TypeError or ValueError when the
        computed value isn't JSON.
        """
        ...

    def peek(self, key: str) -> tuple[JSON, bool]:
        """Return the value of `key` and True, or None and False; computes and counts nothing.

        Never waits for a computation, and never raises for the backend.
        """
        ...

    def clear(self) -> None:
        """Forget all values as far as the backend can be reached; never raises for the backend.

        A computation under way may still be kept afterwards.
        """
        ...

    def state(self) -> CacheState:
        """Return kind, reachability and counters; holds no URL, no password, no driver message."""
        ...
