"""Arrays that are derived from a snapshot once and shared by all questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

Source = TypeVar("Source")
Number = TypeVar("Number", bound=np.generic)
Arguments = ParamSpec("Arguments")


class DerivedArrays:
    """Caches arrays by the function that computes them and its arguments.

    Threads may share it: two that need an array at the same time may both compute it.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[object, ...], NDArray[Any]] = {}

    def get(
        self,
        compute: Callable[Concatenate[Source, Arguments], NDArray[Number]],
        source: Source,
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> NDArray[Number]:
        """Return `compute(source, ...)`, computed at the first call.

        `compute` is a function of a module, not a lambda; `source` is the same at every call, and
        the arguments can be hashed.
        """
        key = (compute, arguments, tuple(named.items()))
        if key not in self._arrays:
            self._arrays[key] = compute(source, *arguments, **named)
        return self._arrays[key]
