from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpus.columns import (
    Column,
    Lists,
    SavedArrays,
    Texts,
    Vocabulary,
    array_pair,
    save_arrays,
    transpose,
)

NUMBERS = st.lists(st.integers(0, 9), max_size=4)
CHANGES = st.lists(st.dictionaries(st.integers(0, 7), NUMBERS, max_size=4), max_size=3)


def rows_of(*rows: int) -> np.ndarray:
    return np.array(rows, dtype=np.int64)


def test_a_column_reads_what_was_changed_and_added() -> None:
    base = Column(np.array([10, 11, 12]))
    changed = base.changed(rows_of(1, 3), np.array([21, 23]), 4)
    again = changed.changed(rows_of(0, 1), np.array([30, 31]), 4)
    assert again.whole().tolist() == [30, 31, 12, 23]
    assert again[rows_of(3, 1, 1, 2)].tolist() == [23, 31, 31, 12]
    assert (again[1], again[2], again[3]) == (31, 12, 23)
    assert again[np.array([True, False, False, True])].tolist() == [30, 23]
    assert again.added.tolist() == [23] and len(again) == 4
    assert changed.whole().tolist() == [10, 21, 12, 23]
    assert base.whole() is base.base


@given(st.lists(NUMBERS, max_size=5), CHANGES)
def test_lists_are_those_written_last(
    first: list[list[int]], changes: list[dict[int, list[int]]]
) -> None:
    """Each change overwrites rows and adds some at the end, as the corpus does."""
    expected = [list(numbers) for numbers in first]
    lists = Lists.from_lists(first)
    for change in changes:
        known = {row: numbers for row, numbers in change.items() if row < len(expected)}
        added = [numbers for row, numbers in sorted(change.items()) if row >= len(expected)]
        written = {**known, **{len(expected) + n: numbers for n, numbers in enumerate(added)}}
        expected.extend([[]] * len(added))
        for row, numbers in written.items():
            expected[row] = numbers
        rows = rows_of(*sorted(written))
        lists = lists.changed(rows, [written[row] for row in rows.tolist()], len(expected))
    assert [lists.at(row).tolist() for row in range(len(lists))] == expected
    assert lists.sizes_all().tolist() == [len(numbers) for numbers in expected]
    assert lists.nonempty().tolist() == [row for row, numbers in enumerate(expected) if numbers]
    rows = np.arange(len(expected))[::-1]
    numbers, places = lists.of(rows)
    assert numbers.tolist() == [number for row in rows.tolist() for number in expected[row]]
    assert places.tolist() == [at for at, row in enumerate(rows.tolist()) for _ in expected[row]]
    by_number = transpose(lists, 10)
    for number in range(10):
        holding = [row for row, numbers in enumerate(expected) for n in numbers if n == number]
        assert by_number.at(number).tolist() == holding


def test_texts_are_found_by_their_bytes() -> None:
    names = ["b", "a", "é", "北京", ""]
    texts = Texts.from_texts(names)
    order = np.array(sorted(range(5), key=lambda row: names[row].encode()))
    assert [texts.find(name, order) for name in names] == [0, 1, 2, 3, 4]
    assert texts.find("c", order) == -1
    assert list(texts.changed({1: "A", 5: "new"}, 6)) == ["b", "A", "é", "北京", "", "new"]
    assert list(texts) == names


def test_a_vocabulary_numbers_texts_and_takes_more() -> None:
    first = Vocabulary.from_texts(["b", "a", "b"])
    more = first.with_texts(["c", "a", "c", "d"])
    assert [more.text(number) for number in range(len(more))] == ["a", "b", "c", "d"]
    assert [more.number(text) for text in "abcde"] == [0, 1, 2, 3, -1]
    assert first.number("c") == -1 and first.with_texts(["a"]) is first


@pytest.mark.parametrize("names", [["one", "two"], []])
def test_arrays_are_read_as_they_were_saved(tmp_path: Path, names: list[str]) -> None:
    lists = Lists.from_lists([[1, 2] for _ in names], np.int32)
    texts = Texts.from_texts(names)
    arrays = {**array_pair("lists", lists.base), **array_pair("texts", texts.base)}
    save_arrays(tmp_path, {**arrays, "values": np.arange(len(names))})
    saved = SavedArrays(tmp_path)
    assert list(saved.texts("texts")) == names
    assert saved.lists("lists").whole()[0].tolist() == [1, 2] * len(names)
    assert saved["values"].tolist() == list(range(len(names)))
    with pytest.raises(OSError):
        saved["nothing"]
