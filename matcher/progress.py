"""How long work reports how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called often with the step's name, the number of things done and their total (0: not known).

It may raise, to stop the work.
"""


def unreported(stage: str, done: int, total: int) -> None:
    """Report to nobody."""
