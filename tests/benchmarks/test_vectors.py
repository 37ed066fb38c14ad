"""Embeddings made up for large corpora."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.generated import GeneratedCorpus
from benchmarks.generated.texts import Text
from benchmarks.generated.vectors import InventedEmbeddings

DIM = 384


@pytest.fixture(scope="module")
def sample() -> list[Text]:
    return [text for _, texts in GeneratedCorpus(600).organisations() for text in texts]


@pytest.fixture(scope="module")
def embedded(sample: list[Text]) -> NDArray[np.float32]:
    """Vectors of lengths 1 to 2 around one direction for each topic."""
    random = np.random.default_rng(3)
    directions = random.normal(size=(32, DIM))
    rows = directions[[text.mixture[0] for text in sample]]
    rows += random.normal(size=rows.shape)
    lengths = np.array([2.0 if text.language == "en" else 1.0 for text in sample])
    rows *= (lengths / np.linalg.norm(rows, axis=1))[:, None]
    return rows.astype(np.float32)


def cosines(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found: NDArray[np.float32] = unit @ unit.T
    return found


def test_invented_embeddings_are_like_real_ones(
    sample: list[Text], embedded: NDArray[np.float32]
) -> None:
    rows = InventedEmbeddings(sample, embedded).rows(sample)
    assert rows.dtype == np.float32
    assert rows.shape == (len(sample), DIM)
    lengths = np.linalg.norm(rows, axis=1)
    for row, text in enumerate(sample[:200]):
        assert lengths[row] == pytest.approx(2.0 if text.language == "en" else 1.0, abs=1e-4)
    first = np.array([text.mixture[0] for text in sample])
    same = first[:, None] == first[None, :]
    np.fill_diagonal(same, False)
    real, invented = cosines(embedded), cosines(rows)
    assert invented[same].mean() == pytest.approx(real[same].mean(), abs=0.1)
    assert invented[same].mean() > 0.25
    assert abs(invented[first[:, None] != first[None, :]].mean()) < 0.05


def test_no_two_are_alike_and_the_seed_decides(
    sample: list[Text], embedded: NDArray[np.float32]
) -> None:
    again = [InventedEmbeddings(sample, embedded).rows(sample[:1] * 50) for _ in range(2)]
    assert np.array_equal(again[0], again[1])
    assert len(np.unique(again[0], axis=0)) == 50
