"""How long work reports how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Writes a line for whoever watches."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called often with the step's name, the number of things done and their total (0: not known).

It may raise, to stop the work.
"""


def unreported(stage: str, done: int, total: int) -> None:
    """Report to nobody."""


def silent(_line: str) -> None:
    """Say nothing."""


class ProgressLines:
    """Reports in lines: one when a step begins, then one every so many seconds."""

    def __init__(
        self, say: Say, seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._seconds = seconds
        self._clock = clock
        self._stage = ""
        self._next = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take a report, and say it if it is time; see `Progress`."""
        now = self._clock()
        if stage == self._stage and now < self._next:
            return
        self._stage, self._next = stage, now + self._seconds
        self._say(f"{stage}: {done:,} of {total:,}" if total else f"{stage}: {done:,}")
