from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.index.selection import Selection

IDS = st.lists(st.integers(0, 40), max_size=20)


def bits_of(selection: Selection, ids: np.ndarray) -> list[int]:
    bits = np.unpackbits(selection.bits_of(ids), bitorder="little", count=len(ids))
    return ids[bits.astype(bool)].tolist()


@given(
    IDS, st.lists(st.dictionaries(st.integers(0, 40), st.booleans(), max_size=6), max_size=3), IDS
)
def test_changes_give_the_ids_that_are_left_and_those_that_came(
    first: list[int], changes: list[dict[int, bool]], asked: list[int]
) -> None:
    expected = set(first)
    selection = Selection(np.array(first, dtype=np.int64))
    index = np.array(sorted(set(asked)), dtype=np.int64)
    for change in changes:
        ids = np.array(list(change), dtype=np.int64)
        selection = selection.changed(ids, np.array(list(change.values()), dtype=np.bool_))
        expected |= {one for one, is_in in change.items() if is_in}
        expected -= {one for one, is_in in change.items() if not is_in}
    assert len(selection) == len(expected)
    assert bits_of(selection, index) == sorted(expected & set(asked))
    assert selection.contain(index).tolist() == [one in expected for one in index.tolist()]
    assert selection.ids.tolist() == sorted(expected)
