"""By when an answer must be there: passed along, and looked at between steps that take long."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


class DeadlineExceeded(Exception):
    """There was no time left to answer."""

    def __init__(self) -> None:
        super().__init__("There wasn't time to answer; SCHAKEL_QUESTION_SECONDS gives more.")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, in seconds of `time.monotonic`."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that is so many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """The seconds that are left, 0 and more; infinite without a deadline."""
        return max(self.at - time.monotonic(), 0.0)

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self.at

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one that is so many seconds from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    def check(self) -> None:
        """Raise DeadlineExceeded where no time is left."""
        if self.passed:
            raise DeadlineExceeded


NO_DEADLINE = Deadline(math.inf)
"""For work that nobody waits for: fitting, evaluation, warming up."""
