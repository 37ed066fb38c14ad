"""A fresh start for the child of a fork."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


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
