"""One computation for many simultaneous askers within a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field


class _AbandonedError(Exception):
    """The leader's thread was told to stop; somebody else must lead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """JSON bytes, and whether they were `found` (True) or computed just now (False)."""

    data: bytes
    found: bool


@dataclass(eq=False, slots=True)
class _Flight:
    leader: int
    future: Future[Outcome] = field(default_factory=Future)


class SingleFlight:
    """At most one thread at a time produces the outcome of a key; the others wait for it.

    Thread safe. After a fork, `reset` lets the child forget flights whose leader it hasn't got.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all flights under way; only for a forked child."""
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}

    def run(self, key: str, produce: Callable[[], Outcome]) -> tuple[Outcome, bool]:
        """Return the outcome and whether this thread led, that is ran `produce`.

        `produce` must have stored its outcome when it returns: from then on a new asker leads a
        new flight. Raises what `produce` raises, to everybody who waited too, except when that
        is a BaseException that isn't an Exception: then one of those who wait leads instead.
        Raises RuntimeError when `produce` asks for its own key, which would wait for itself.
        """
        me = threading.get_ident()
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    own = self._flights[key] = _Flight(me)
            if flight is None:
                return self._lead(key, own, produce), True
            if flight.leader == me:
                raise RuntimeError("a computation asks the cache for its own key")
            try:
                return flight.future.result(), False
            except _AbandonedError:
                continue

    def _lead(self, key: str, flight: _Flight, produce: Callable[[], Outcome]) -> Outcome:
        try:
            outcome = produce()
        except Exception as error:
            self._land(key, flight)
            flight.future.set_exception(error)
            raise
        except BaseException:
            self._land(key, flight)
            flight.future.set_exception(_AbandonedError())
            raise
        self._land(key, flight)
        flight.future.set_result(outcome)
        return outcome

    def _land(self, key: str, flight: _Flight) -> None:
        with self._lock:
            if self._flights.get(key) is flight:  # not in a child forked by `produce` itself
                del self._flights[key]
