"""A reload without a gap: old workers answer until the new ones have started."""

from __future__ import annotations

import mmap

_SLOTS = 1024
_NUMBER_BYTES = 4


class Handover:
    """Which workers have started since the last reload; of gunicorn's master and all workers.

    To be made before the first fork: it is memory that they share.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _NUMBER_BYTES + _SLOTS)

    @property
    def number(self) -> int:
        """How many reloads there were."""
        return int.from_bytes(self._memory[:_NUMBER_BYTES], "little")

    def begin(self) -> None:
        """Say that a reload begins; workers that are made from now on are the new ones."""
        number = (self.number + 1).to_bytes(_NUMBER_BYTES, "little")
        self._memory[:] = number + bytes(_SLOTS)

    def started(self, number: int, age: int) -> None:
        """Say that a worker has started that was made after so many reloads.

        `age` is gunicorn's number of the worker.
        """
        if number == self.number:
            self._memory[_NUMBER_BYTES + age % _SLOTS] = 1

    def is_done(self, workers: int) -> bool:
        """Return whether so many new workers have started."""
        return sum(self._memory[_NUMBER_BYTES:]) >= workers


HANDOVER = Handover()
