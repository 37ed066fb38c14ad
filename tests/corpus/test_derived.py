from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.corpus.derived import DerivedValues


def test_an_array_is_computed_once_for_each_function_and_argument() -> None:
    calls: list[tuple[str, int]] = []

    def ones(source: str, size: int) -> NDArray[np.int64]:
        calls.append((source, size))
        return np.ones(size, dtype=np.int64)

    def zeros(source: str, size: int) -> NDArray[np.int64]:
        return np.zeros(size, dtype=np.int64)

    derived = DerivedValues()
    first = derived.get(ones, "corpus", 2)
    assert derived.get(ones, "corpus", 2) is first
    assert derived.get(ones, "corpus", 3).tolist() == [1, 1, 1]
    assert derived.get(zeros, "corpus", 2).tolist() == [0, 0]
    assert calls == [("corpus", 2), ("corpus", 3)]
    assert DerivedValues().get(ones, "corpus", 2) is not first


def test_what_fails_is_tried_again() -> None:
    def fails(source: str) -> NDArray[np.int64]:
        raise OSError(source)

    derived = DerivedValues()
    for _ in range(2):
        with pytest.raises(OSError, match="corpus"):
            derived.get(fails, "corpus")
