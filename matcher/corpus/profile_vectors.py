"""Profile vectors: one vector per organisation, to measure how similar organisations are.

They don't rank partners: votes of single facets do that much better. They only measure similarity
and distance between organisations that have been found to fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from embeddings.port import View
from matcher.arrays import Floats, Rows
from matcher.corpus.corpus import Corpus
from matcher.domain import FacetKind

Vectors = NDArray[np.float32]


def profiles_of(
    corpus: Corpus, rows: Rows, vectors: Vectors, facet_rows: Rows, views: Sequence[View]
) -> Vectors:
    """Return a vector (k, dim) for each organisation (k,), each view of length 1 / sqrt(views).

    It is the mean of its offers and past projects; `vectors` (j, dim) are those of the facets
    `facet_rows` (j,), ascending. A project of n partners counts 1 / sqrt(n) for each: it says less
    about one of them. Zeros where nothing that an organisation owns is understood.
    """
    facets, places = corpus.facets_of(rows)
    counted = ~corpus.of_kind(FacetKind.NEED, facets)
    facets, places = facets[counted], places[counted]
    weights = 1.0 / np.sqrt(corpus.owners.sizes(facets))
    columns = np.searchsorted(facet_rows, facets)
    shape = len(rows), len(facet_rows)
    sums = sparse.csr_array((weights.astype(np.float32), (places, columns)), shape=shape) @ vectors
    return unit_views(sums, views)


def unit_views(vectors: Vectors, views: Sequence[View]) -> Vectors:
    """Scale vectors (n, dim) to length 1 / sqrt(views) in each view; zeros stay zeros."""
    result = np.zeros_like(vectors)
    for view in views:
        part = vectors[:, view.start : view.end]
        lengths = np.linalg.norm(part, axis=1, keepdims=True) * np.sqrt(len(views))
        np.divide(part, lengths, out=result[:, view.start : view.end], where=lengths > 1e-6)
    return result


def similarity(profiles: Vectors, others: Vectors) -> Floats:
    """Return (n,) from 0 to 1: how similar each profile is to the most similar of `others`."""
    if not len(others):
        return np.zeros(len(profiles))
    largest: Floats = np.clip((profiles @ others.T).max(axis=1), 0.0, 1.0).astype(np.float64)
    return largest
