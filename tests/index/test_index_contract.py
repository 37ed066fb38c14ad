from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.index.exact import ExactIndex
from matcher.index.faiss_index import FaissIndex
from matcher.index.layered import LayeredIndex
from matcher.index.port import VectorIndex

DIM = 16


def faiss_flat() -> FaissIndex:
    return FaissIndex(DIM, scan_up_to=0)


def faiss_graph() -> FaissIndex:
    return FaissIndex(DIM, flat_up_to=0, scan_up_to=0)


def layered() -> LayeredIndex:
    ids, vectors = cloud(150, seed=9)
    base = FaissIndex(DIM, scan_up_to=0)
    base.add(ids + 10_000, vectors)
    index = LayeredIndex(base)
    index.remove(ids + 10_000)
    return index


KINDS: dict[str, Callable[[], VectorIndex]] = {
    "exact": lambda: ExactIndex(DIM),
    "faiss flat": faiss_flat,
    "faiss graph": faiss_graph,
    "layered": layered,
}


def cloud(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    vectors = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # An index rounds vectors to float16, so these are such already.
    return np.arange(count, dtype=np.int64) * 3, vectors.astype(np.float16).astype(np.float32)


def oracle(ids: np.ndarray, vectors: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    scores = (vectors.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    return [int(ids[row]) for row in np.lexsort((ids, -scores))[:k]]


@pytest.fixture(params=list(KINDS))
def index(request: pytest.FixtureRequest) -> VectorIndex:
    return KINDS[request.param]()


def test_recall_and_scores_are_those_of_the_oracle(index: VectorIndex) -> None:
    ids, vectors = cloud(400)
    index.add(ids, vectors)
    queries = cloud(20, seed=2)[1]
    scores, found = index.search(queries, 10)
    assert (scores.dtype, found.dtype) == (np.float32, np.int64)
    for row, query in enumerate(queries):
        assert found[row].tolist() == oracle(ids, vectors, query, 10)
        expected = vectors[found[row] // 3].astype(np.float64) @ query.astype(np.float64)
        np.testing.assert_allclose(scores[row], expected, atol=1e-6)
    alone = index.search(queries[3:4], 10)
    assert (alone[0] == scores[3:4]).all() and (alone[1] == found[3:4]).all()


@pytest.mark.parametrize("kept", [0, 1, 7, 300])
def test_filters_are_exact(index: VectorIndex, kept: int) -> None:
    ids, vectors = cloud(400)
    index.add(ids, vectors)
    query = cloud(1, seed=3)[1]
    allowed = ids[:kept]
    _, found = index.search(query, 5, np.concatenate([allowed, np.array([999_999])]))
    best = oracle(allowed, vectors[:kept], query[0], 5)
    assert found[0].tolist() == best + [-1] * (5 - len(best))


def test_padding_ties_replacing_removing(index: VectorIndex) -> None:
    one = np.zeros((3, DIM), dtype=np.float32)
    one[:, 0] = 1.0
    index.add(np.array([5, 2, 9]), one)
    scores, found = index.search(one[:1], 5)
    assert found[0].tolist() == [2, 5, 9, -1, -1]
    assert scores[0].tolist() == [1.0, 1.0, 1.0, -np.inf, -np.inf]
    index.add(np.array([2]), -one[:1])
    assert index.search(one[:1], 3)[1][0].tolist() == [5, 9, 2]
    assert index.remove(np.array([5, 77])) == 1
    assert index.search(one[:1], 3)[1][0].tolist() == [9, 2, -1]
    assert len(index) == 2
    assert index.ids().tolist() == [2, 9]
    assert (index.rows(np.array([9, 2])) == np.stack([one[0], -one[0]])).all()


def test_wrong_arguments_say_what_was_expected(index: VectorIndex) -> None:
    good = np.zeros((1, DIM), dtype=np.float32)
    with pytest.raises(ValueError, match="float32"):
        index.add(np.array([1]), good.astype(np.float64))
    with pytest.raises(ValueError, match="int64"):
        index.add(np.array([1], dtype=np.int32), good)
    with pytest.raises(ValueError, match=str(DIM)):
        index.search(good[:, :3], 1)
    with pytest.raises(ValueError, match="finite"):
        index.add(np.array([1]), np.full((1, DIM), np.nan, dtype=np.float32))
    with pytest.raises(ValueError, match="k: expected"):
        index.search(good, 0)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(0, 30), min_size=1, max_size=8)),
        max_size=12,
    )
)
@pytest.mark.parametrize("kind", ["exact", "faiss flat"])
def test_any_writes_leave_a_layered_index_equal_to_the_oracle(
    kind: str, steps: list[tuple[bool, list[int]]]
) -> None:
    ids, vectors = cloud(20)
    base = KINDS[kind]()
    base.add(ids, vectors)
    index = LayeredIndex(base)
    truth = dict(zip(ids.tolist(), vectors, strict=True))
    fresh = cloud(31, seed=5)[1]
    before = index.copy()
    for adding, some in steps:
        chosen = np.array(some, dtype=np.int64)
        if adding:
            index.add(chosen, fresh[chosen])
            truth.update((one, fresh[one]) for one in some)
        else:
            assert index.remove(chosen) == len(
                {one for one in some if truth.pop(one, None) is not None}
            )
    query = cloud(1, seed=6)[1]
    assert index.ids().tolist() == sorted(truth)
    if truth:
        known = np.array(sorted(truth))
        rows = np.stack([truth[one] for one in known])
        assert index.search(query, 50)[1][0][: len(truth)].tolist() == oracle(
            known, rows, query[0], 50
        )
    assert before.ids().tolist() == ids.tolist()


def test_saved_and_opened_it_answers_the_same(tmp_path: Path) -> None:
    ids, vectors = cloud(300)
    queries = cloud(5, seed=4)[1]
    for number, index in enumerate((ExactIndex(DIM), faiss_flat(), faiss_graph())):
        index.add(ids, vectors)
        index.save(tmp_path / str(number))
        opened = type(index).open(tmp_path / str(number))
        for a, b in zip(index.search(queries, 9), opened.search(queries, 9), strict=True):
            assert (a == b).all()
