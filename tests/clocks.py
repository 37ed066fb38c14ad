"""A clock for deadlines that goes on by steps, so that tests need no time."""

from __future__ import annotations

import pytest

from matcher import deadline


class Clock:
    """Goes on by `step` seconds whenever somebody looks at it."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def monotonic(self) -> float:
        """Return the seconds so far."""
        self.now += self.step
        return self.now


def use_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> Clock:
    """Let deadlines go by a clock of their own."""
    clock = Clock(step)
    monkeypatch.setattr(deadline, "time", clock)
    return clock
