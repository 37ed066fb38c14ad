"""What the index answers to texts, as votes: by view, and put together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from embeddings.port import Encoder, project_onto_view
from matcher.corpus.columns import Corpus
from matcher.index.port import VectorIndex
from matcher.matching.scoring import Votes, Weights, cast_votes


def votes_by_view(
    corpus: Corpus,
    encoder: Encoder,
    index: VectorIndex,
    vectors: NDArray[np.float32],
    searchable: NDArray[np.int64],
    weights: Weights,
) -> list[dict[str, Votes]]:
    """Return for each text, `vectors` (n, dim), the votes of each view that knows it.

    A stored vector of n views has length 1 / sqrt(n) in each, so the similarity within one view is
    sqrt(n) times what the index says, and less where the view understood only a part of the facet.
    """
    views = encoder.views
    queries = np.concatenate([project_onto_view(vectors, view) for view in views])
    scores, ids = index.search(queries, weights.neighbours, searchable)
    scores = scores * np.float32(np.sqrt(len(views)))
    found: list[dict[str, Votes]] = [{} for _ in vectors]
    for number, view in enumerate(views):
        for row, by_view in enumerate(found, start=number * len(vectors)):
            if queries[row].any():
                by_view[view.name] = cast_votes(corpus, ids[row], scores[row], weights)
    return found


def weighed(
    by_view: Mapping[str, Votes], vocabulary_coverage: Mapping[str, float], weights: Weights
) -> list[tuple[float, Votes]]:
    """Return the votes of each view with its share, by how far it understands the text."""
    return [
        (weights.of_view(name) * vocabulary_coverage[name], votes)
        for name, votes in by_view.items()
    ]
