"""What is derived from a snapshot once and shared by all questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

Source = TypeVar("Source")
Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")
_MAX_VALUES = 128
"""Filters are among the arguments, and anybody may think of more of them."""


class DerivedValues:
    """Caches values by the function that computes them and its arguments; the oldest used goes.

    Threads may share it: two that need a value at the same time may both compute it.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        compute: Callable[Concatenate[Source, Arguments], Value],
        source: Source,
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Value:
        """Return `compute(source, ...)`, computed at the first call.

        `compute` is a function of a module, not a lambda; `source` is the same at every call, and
        the arguments can be hashed. What it returns is changed by nobody.
        """
        key = (compute, arguments, tuple(named.items()))
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                known: Value = self._values[key]
                return known
        value = compute(source, *arguments, **named)
        with self._lock:
            self._values[key] = value
            if len(self._values) > _MAX_VALUES:
                self._values.popitem(last=False)
        return value
