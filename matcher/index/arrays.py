"""Checks, scores and rankings shared by all indexes, so that they agree to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import find_sorted
from matcher.index.port import NO_ID, NO_SCORE, Vectors
from matcher.index.selection import Ids, Selection

_BLOCK_SCORES = 8_000_000
"""How many float32 scores (32 MB) a scan holds at a time."""


def check_ids(ids: NDArray[Any], what: str = "ids") -> Ids:
    """Return `ids`. Raises ValueError unless they are int64 of shape (n,)."""
    if not isinstance(ids, np.ndarray) or ids.dtype != np.int64 or ids.ndim != 1:
        raise ValueError(f"{what}: expected an int64 array of shape (n,), got {_describe(ids)}")
    return ids


def check_vectors(vectors: NDArray[Any], dim: int, what: str = "vectors") -> Vectors:
    """Return `vectors`. Raises ValueError unless they are finite float32 of shape (n, dim)."""
    if (
        not isinstance(vectors, np.ndarray)
        or vectors.dtype != np.float32
        or vectors.ndim != 2
        or vectors.shape[1] != dim
    ):
        raise ValueError(
            f"{what}: expected a float32 array of shape (n, {dim}), got {_describe(vectors)}"
        )
    if not np.isfinite(vectors).all():
        raise ValueError(f"{what}: expected finite numbers, got NaN or infinity")
    return vectors


def check_search(
    queries: NDArray[Any], dim: int, k: int, allowed: Selection | NDArray[Any] | None
) -> Selection | None:
    """Check the arguments of `VectorIndex.search`, and return what is allowed.

    Raises ValueError for wrong ones.
    """
    check_vectors(queries, dim, "queries")
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    if allowed is None or isinstance(allowed, Selection):
        return allowed
    return Selection(check_ids(allowed, "allowed"))


def check_pairs(ids: NDArray[Any], vectors: NDArray[Any], dim: int) -> tuple[Ids, Vectors]:
    """Return the arguments of `VectorIndex.add` in ascending order of id, without duplicates.

    Of duplicate ids the last one counts. Raises ValueError for wrong shapes or dtypes, different
    lengths, and negative ids.
    """
    check_ids(ids)
    check_vectors(vectors, dim)
    if len(ids) != len(vectors):
        raise ValueError(f"vectors: expected {len(ids)} rows, one an id, got {len(vectors)}")
    if len(ids) and int(ids.min()) < 0:
        raise ValueError(f"ids: expected ids of at least 0, got {int(ids.min())}")
    if is_ascending(ids):
        return ids, vectors
    unique, last = np.unique(ids[::-1], return_index=True)
    return unique, vectors[len(ids) - 1 - last]


def is_ascending(ids: Ids) -> bool:
    """Whether each id is larger than the one before it, which also rules out duplicates."""
    return bool(np.all(ids[1:] > ids[:-1]))


def row_norms(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the Euclidean length of each row."""
    squares: NDArray[np.float32] = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32)
    return np.sqrt(squares)


def exact_scores(query: Vectors, rows: NDArray[np.float16]) -> Vectors:
    """Return the inner products of `query` (dim,) and `rows` (n, dim) as float32 (n,).

    Summed in float64, row by row: BLAS rounds the same row differently depending on its place in
    the matrix, which would give equal vectors different scores, and batches other scores than
    single queries.
    """
    columns = columns_of(query)
    products = rows[:, columns].astype(np.float64) * query[columns]
    result: Vectors = products.sum(axis=1).astype(np.float32)
    return result


def ranked(scores: Vectors, ids: Ids, k: int) -> tuple[Vectors, Ids]:
    """Return the best k of `scores` (n,) and `ids` (n,), padded, as two arrays of shape (k,)."""
    order = np.lexsort((ids, -scores))[:k]
    best_scores = np.full(k, NO_SCORE, dtype=np.float32)
    best_ids = np.full(k, NO_ID, dtype=np.int64)
    best_scores[: len(order)] = scores[order]
    best_ids[: len(order)] = ids[order]
    return best_scores, best_ids


def nothing_found(queries: int, k: int) -> tuple[Vectors, Ids]:
    """Return scores and ids (queries, k) that are all padding."""
    return (
        np.full((queries, k), NO_SCORE, dtype=np.float32),
        np.full((queries, k), NO_ID, dtype=np.int64),
    )


def tolerance(query: Vectors, largest_norm: float) -> float:
    """Return the assumed error of a float32 inner product with `query`.

    The worst case grows with the dimension; sums in blocks, as BLAS and FAISS compute them, stay
    far below it (Higham, 2002, Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    return 4e-6 * float(np.linalg.norm(query)) * largest_norm + 1e-12


def columns_of(queries: Vectors) -> slice:
    """Return the columns from the first to the last in which queries (dim,) aren't zero."""
    places = np.flatnonzero(queries)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 1)


def scan(
    queries: Vectors, rows: NDArray[np.float16], ids: Ids, k: int, largest_norm: float
) -> tuple[Vectors, Ids]:
    """Search all `rows` (n, dim) with `ids` (n,); return exact scores and ids, both (q, k).

    `largest_norm` is an upper bound of the lengths of the rows.
    """
    scores, found_ids = nothing_found(len(queries), k)
    if not len(rows):
        return scores, found_ids
    step = max(1, _BLOCK_SCORES // len(rows))
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        columns = columns_of(np.abs(block).max(axis=0))
        rough = block[:, columns] @ rows[:, columns].astype(np.float32).T
        for offset, query in enumerate(block):
            places = _best_places(rough[offset], k, tolerance(query, largest_norm))
            exact = exact_scores(query, rows[places])
            scores[start + offset], found_ids[start + offset] = ranked(exact, ids[places], k)
    return scores, found_ids


def _best_places(rough: Vectors, k: int, margin: float) -> NDArray[np.intp]:
    """Return the positions of all rough scores that may belong to the best k."""
    if k >= len(rough):
        return np.arange(len(rough))
    smallest = np.partition(rough, len(rough) - k)[len(rough) - k]
    return np.flatnonzero(rough >= smallest - 2.0 * margin)


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__


def places_in(selection: Selection, ids: Ids) -> NDArray[np.int64]:
    """Return the places, ascending, of those ids (n,), ascending, that are selected."""
    if len(selection) < len(ids):
        places = find_sorted(selection.ids, ids)
        return places[places >= 0]
    return np.flatnonzero(selection.contain(ids))
