from __future__ import annotations

import math

import pytest

from matcher.deadline import NO_DEADLINE, Deadline, DeadlineExceeded
from tests.clocks import use_clock


def test_a_deadline_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = use_clock(monkeypatch, step=0.0)
    deadline = Deadline.after(10.0)
    clock.now = 9.0
    deadline.check()
    assert (deadline.remaining, deadline.passed) == (1.0, False)
    assert deadline.within(0.5).at == 9.5
    assert deadline.within(5.0).at == 10.0
    clock.now = 10.0
    assert (deadline.remaining, deadline.passed) == (0.0, True)
    with pytest.raises(DeadlineExceeded):
        deadline.check()


def test_without_a_deadline_time_never_ends() -> None:
    NO_DEADLINE.check()
    assert (NO_DEADLINE.remaining, NO_DEADLINE.passed) == (math.inf, False)
    assert NO_DEADLINE.within(5.0).remaining <= 5.0
