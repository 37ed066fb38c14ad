"""Layered columns: arrays of a generation, memory-mapped, with later changes on top.

A generation's arrays are never written. What changed since lies in small arrays beside them, by
row, so that a change costs what it changes, and all processes share the pages of the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Mask, Rows, find_sorted, spread

Number = TypeVar("Number", bound=np.generic)
_NO_ROWS = np.empty(0, np.int64)
_NO_STARTS = np.zeros(1, np.int64)
_MAX_READ = 20_000
"""Texts of a vocabulary that are kept as they were read or looked up, some 2 MB each."""


class Column(Generic[Number]):
    """One value a row: those of the generation (n,), and those changed or added since.

    Indexed by a row or by rows (k,) it reads only those. Immutable.
    """

    __slots__ = ("_base", "_rows", "_size", "_values", "_whole")

    def __init__(self, base: NDArray[Number]) -> None:
        self._base = base
        self._rows: Rows = _NO_ROWS
        self._values: NDArray[Number] = np.empty(0, base.dtype)
        self._size = len(base)
        self._whole: NDArray[Number] | None = None

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> Number: ...
    @overload
    def __getitem__(self, rows: Rows | Mask) -> NDArray[Number]: ...
    def __getitem__(self, rows: int | np.integer[Any] | Rows | Mask) -> Number | NDArray[Number]:
        if isinstance(rows, int | np.integer):
            place = bisect_left(self._rows, rows)
            if place < len(self._rows) and self._rows[place] == rows:
                return self._values[place]  # type: ignore[no-any-return]
            return self._base[rows]  # type: ignore[no-any-return]
        if rows.dtype == np.bool_:
            return self.whole()[rows]
        if not len(self._rows):
            return self._base[rows]
        found = np.empty(len(rows), self._base.dtype)
        places = find_sorted(rows, self._rows)  # type: ignore[arg-type]
        changed = places >= 0
        found[changed] = self._values[places[changed]]
        found[~changed] = self._base[rows[~changed]]
        return found

    @property
    def base(self) -> NDArray[Number]:
        """The values of the generation (n,), without later changes."""
        return self._base

    @property
    def changed_rows(self) -> Rows:
        """The rows (k,) that were changed or added since the generation, ascending."""
        return self._rows

    @property
    def added(self) -> NDArray[Number]:
        """The values of the rows added since the generation."""
        return self._values[np.searchsorted(self._rows, len(self._base)) :]

    def whole(self) -> NDArray[Number]:
        """Return the values of all rows, read-only; those of the generation without a copy."""
        if not len(self._rows):
            return self._base
        if self._whole is None:
            whole = np.empty(self._size, self._base.dtype)
            whole[: len(self._base)] = self._base
            whole[self._rows] = self._values
            self._whole = whole
        return self._whole

    def take(self, rows: Rows | None) -> NDArray[Number]:
        """Return the values of rows (k,), or of all rows for None."""
        return self.whole() if rows is None else self[rows]

    def changed(self, rows: Rows, values: NDArray[Number], size: int) -> Column[Number]:
        """Return the column with other values in `rows` (k,), ascending, of `size` rows in all."""
        result = Column(self._base)
        result._size = size
        remaining = find_sorted(self._rows, rows) < 0
        merged = np.concatenate([self._rows[remaining], rows])
        order = np.argsort(merged, kind="stable")
        result._rows = merged[order]
        both = [self._values[remaining], np.asarray(values, self._base.dtype)]
        result._values = np.concatenate(both)[order]
        return result


class Lists:
    """A list of numbers a row, such as the owners of facets, in compressed sparse row form.

    Indexed by rows (k,) it reads only those. Immutable.
    """

    __slots__ = ("_rows", "_row_starts", "_row_values", "_size", "_starts", "_values", "_whole")

    def __init__(self, starts: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Take the values (v,) of all lists, and where that of each row begins (n + 1,)."""
        self._starts, self._values = starts, values
        self._size = len(starts) - 1
        self._rows: Rows = _NO_ROWS
        self._row_starts: NDArray[np.int64] = _NO_STARTS
        self._row_values: NDArray[Any] = np.empty(0, values.dtype)
        self._whole: tuple[Rows, Rows] | None = None

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[int] | Rows], dtype: type = np.int64) -> Lists:
        """Return the lists of n rows."""
        starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(values) for values in lists], out=starts[1:])
        values: NDArray[Any] = np.fromiter(
            (value for one in lists for value in one), dtype, int(starts[-1])
        )
        return cls(starts, values)

    def __len__(self) -> int:
        return self._size

    @property
    def base(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """The starts and values of the generation, without later changes."""
        return self._starts, self._values

    @property
    def changed_rows(self) -> Rows:
        """The rows (k,) whose lists were changed or added since the generation, ascending."""
        return self._rows

    def at(self, row: int) -> Rows:
        """Return the list of one row."""
        place = bisect_left(self._rows, row)
        if place < len(self._rows) and self._rows[place] == row:
            found = self._row_values[self._row_starts[place] : self._row_starts[place + 1]]
        else:
            found = self._values[self._starts[row] : self._starts[row + 1]]
        return found.astype(np.int64, copy=False)

    def sizes(self, rows: Rows) -> Rows:
        """Return how long the lists of rows (k,) are."""
        return self._spans(rows)[1]

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the numbers (q,) in the lists of rows (k,), and in `rows` the place of each."""
        begins, sizes, changed = self._spans(rows)
        at, places = spread(begins, sizes)
        if changed is None:
            return self._values[at].astype(np.int64, copy=False), places
        values = np.empty(len(at), np.int64)
        in_base = ~changed[places]
        values[in_base] = self._values[at[in_base]]
        values[~in_base] = self._row_values[at[~in_base]]
        return values, places

    def whole(self) -> tuple[Rows, Rows]:
        """Return all numbers (v,), and the row of each (v,)."""
        if self._whole is None:
            self._whole = self.of(np.arange(self._size))
        return self._whole

    def nonempty(self) -> Rows:
        """Return the rows whose list isn't empty, ascending."""
        rows = np.flatnonzero(np.diff(self._starts))
        if not len(self._rows):
            return rows
        changed = self._rows[np.diff(self._row_starts) > 0]
        return np.union1d(np.setdiff1d(rows, self._rows, assume_unique=True), changed)

    def changed(self, rows: Rows, lists: Sequence[Sequence[int] | Rows], size: int) -> Lists:
        """Return the table with other lists for `rows` (k,), ascending, of `size` rows in all."""
        result = Lists(self._starts, self._values)
        result._size = size
        remaining = self._rows[find_sorted(self._rows, rows) < 0]
        left, places = self.of(remaining)
        added = Lists.from_lists(lists)
        merged = np.concatenate([remaining, rows])
        sizes = np.concatenate([np.bincount(places, minlength=len(remaining)), added.sizes_all()])
        starts = np.concatenate([_NO_STARTS, np.cumsum(sizes)])
        order = np.argsort(merged, kind="stable")
        unsorted = Lists(starts, np.concatenate([left, added._values]))
        result._rows = merged[order]
        result._row_values = unsorted.of(order)[0]
        result._row_starts = np.concatenate([_NO_STARTS, np.cumsum(sizes[order])])
        return result

    def sizes_all(self) -> Rows:
        """Return how long all lists (n,) are."""
        if not len(self._rows):
            return np.diff(self._starts)
        return self.sizes(np.arange(self._size))

    def _spans(self, rows: Rows) -> tuple[Rows, Rows, Mask | None]:
        """Return where lists begin and how long they are, and which are changed ones."""
        if not len(self._rows):
            begins = self._starts[rows]
            return begins, self._starts[rows + 1] - begins, None
        places = find_sorted(rows, self._rows)
        changed = places >= 0
        begins, sizes = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        begins[~changed] = self._starts[rows[~changed]]
        sizes[~changed] = self._starts[rows[~changed] + 1] - begins[~changed]
        begins[changed] = self._row_starts[places[changed]]
        sizes[changed] = self._row_starts[places[changed] + 1] - begins[changed]
        return begins, sizes, changed


def transpose(lists: Lists, count: int) -> Lists:
    """Return for each of `count` numbers the rows, ascending, whose list holds it."""
    numbers, rows = lists.whole()
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(count + 1))
    return Lists(starts.astype(np.int64), rows[order].astype(np.int32))


class Texts:
    """A text a row: a block of UTF-8 and where each begins. Immutable."""

    __slots__ = ("_block", "_changed", "_size", "_starts")

    def __init__(self, starts: NDArray[np.int64], block: NDArray[np.uint8]) -> None:
        self._starts, self._block = starts, block
        self._changed: Mapping[int, str] = {}
        self._size = len(starts) - 1

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Texts:
        """Return the texts of n rows."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        starts = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=starts[1:])
        return cls(starts, np.frombuffer(b"".join(encoded), np.uint8))

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, row: int) -> str:
        changed = self._changed.get(row)
        return changed if changed is not None else self._bytes(row).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(self._size))

    @property
    def base(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The starts and the block of the generation, without later changes."""
        return self._starts, self._block

    @property
    def changes(self) -> Mapping[int, str]:
        """What was changed or added since the generation, by row."""
        return self._changed

    def changed(self, texts: Mapping[int, str], size: int) -> Texts:
        """Return the texts with others in some rows, `size` rows in all."""
        result = Texts(self._starts, self._block)
        result._changed = {**self._changed, **texts}
        result._size = size
        return result

    def find(self, text: str, order: NDArray[np.integer[Any]] | None = None) -> int:
        """Return the row of the generation that has a text, -1 if none; `order` sorts the rows."""
        wanted = text.encode("utf-8", "surrogatepass")
        low, high = 0, len(self._starts) - 1
        while low < high:
            middle = (low + high) // 2
            row = middle if order is None else int(order[middle])
            here = self._bytes(row)
            if here == wanted:
                return row
            if here < wanted:
                low = middle + 1
            else:
                high = middle
        return -1

    def _bytes(self, row: int) -> bytes:
        return self._block[self._starts[row] : self._starts[row + 1]].tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Short texts that many rows share, each under a number: towns, countries, topics, words."""

    texts: Texts
    """Those of the generation, in ascending order of their UTF-8."""
    added: Mapping[str, int] = field(default_factory=dict)
    """Those added since, with their numbers."""
    added_texts: tuple[str, ...] = ()
    _read: dict[int, str] = field(default_factory=dict)
    """Texts of the generation that were read: most rows share a few."""
    _found: dict[str, int] = field(default_factory=dict)
    """Numbers in the generation that were looked up."""

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Vocabulary:
        """Return a vocabulary of some texts, doubles allowed."""
        return cls(Texts.from_texts(sorted(set(texts), key=_utf8)))

    def __len__(self) -> int:
        return len(self.texts) + len(self.added)

    def number(self, text: str) -> int:
        """Return the number of a text, -1 if it has none."""
        known = self.added.get(text)
        if known is None:
            known = self._found.get(text)
        if known is None:
            if len(self._found) >= _MAX_READ:
                self._found.clear()
            known = self._found[text] = self.texts.find(text)
        return known

    def text(self, number: int) -> str:
        """Return the text under a number."""
        known = self._read.get(number)
        if known is not None:
            return known
        count = len(self.texts)
        if number >= count:
            return self.added_texts[number - count]
        if len(self._read) >= _MAX_READ:
            self._read.clear()
        text = self._read[number] = self.texts[number]
        return text

    def with_texts(self, texts: Iterable[str]) -> Vocabulary:
        """Return the vocabulary with further texts."""
        new = [text for text in dict.fromkeys(texts) if self.number(text) < 0]
        if not new:
            return self
        numbers = {text: len(self) + place for place, text in enumerate(new)}
        return Vocabulary(
            self.texts,
            {**self.added, **numbers},
            (*self.added_texts, *new),
            self._read,
            self._found,
        )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def save_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays into `folder`, each as NAME.npy."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


class SavedArrays:
    """Arrays that `save_arrays` wrote, memory-mapped when first read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array. Raises OSError or ValueError where it can't be read."""
        # Plain arrays over the mapping: numpy's own class for it makes indexing slow.
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))

    def lists(self, name: str) -> Lists:
        """Return the lists saved as NAME-starts and NAME-values."""
        return Lists(self[f"{name}-starts"], self[f"{name}-values"])

    def texts(self, name: str) -> Texts:
        """Return the texts saved as NAME-starts and NAME-values."""
        return Texts(self[f"{name}-starts"], self[f"{name}-values"])


def array_pair(name: str, pair: tuple[NDArray[Any], NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of lists or texts under the names that `SavedArrays` reads."""
    return {f"{name}-starts": pair[0], f"{name}-values": pair[1]}
