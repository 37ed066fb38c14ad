"""Asks past projects of each other, to learn what votes for an organisation are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse

from embeddings.port import Encoder, seen_by, trust
from matcher.domain import FacetKind
from matcher.index.port import VectorIndex
from matcher.ranking.arrays import Floats, Rows
from matcher.ranking.corpus import Corpus
from matcher.ranking.credence import fit_credence
from matcher.ranking.scoring import Votes, Weights, cast_votes, shares_of

MOST_ASKED = 1_500
"""Of more past projects so many are asked, evenly drawn."""
_BATCH = 32


def credence_json(corpus: Corpus, encoder: Encoder, index: VectorIndex) -> dict[str, Any] | None:
    """Return what is kept with a generation; None where the past says too little."""
    evidence = np.flatnonzero(corpus.of_kind(FacetKind.EVIDENCE))
    drawn = np.linspace(0, len(evidence) - 1, min(len(evidence), MOST_ASKED))
    asked = evidence[drawn.astype(np.int64)]
    found = [
        sparse.csr_array(_shares(corpus, encoder, index, asked[start : start + _BATCH], evidence))
        for start in range(0, len(asked), _BATCH)
    ]
    if not found:
        return None
    credence = fit_credence(sparse.vstack(found, format="csr"), _took_part(corpus, asked))
    return None if credence is None else credence.as_json([one.key for one in corpus.organisations])


def _shares(
    corpus: Corpus, encoder: Encoder, index: VectorIndex, asked: Rows, evidence: Rows
) -> Floats:
    """Return the share (q, n) of the votes that each organisation gets, asked facets (q,)."""
    weights, views = Weights(), encoder.views
    vectors = index.rows(corpus.facet_ids[asked])
    found: list[list[tuple[float, Votes]]] = [[] for _ in asked]
    for view in views:
        queries = seen_by(vectors, view)
        told = weights.of_view(view.name) * trust(encoder, vectors, view)
        scores, ids = index.search(queries, weights.neighbours + 1, corpus.facet_ids[evidence])
        scores = scores * np.float32(np.sqrt(len(views)))
        for place, row in enumerate(asked.tolist()):
            others = ids[place] != corpus.facet_ids[row]
            votes = cast_votes(corpus, ids[place][others], scores[place][others], weights)
            found[place].append((float(told[place]), votes))
    return np.stack([shares_of(corpus, several) for several in found])


def _took_part(corpus: Corpus, asked: Rows) -> sparse.csr_array:
    """Return who took part (q, n) in past projects (q,), under any of its names."""
    place = np.full(len(corpus.facets), -1)
    place[asked] = np.arange(len(asked))
    at = place[corpus.owner_facets]
    rows, groups = at[at >= 0], corpus.group[corpus.owner_rows[at >= 0]]
    shape = len(asked), len(corpus)
    by_group = sparse.csr_array((np.ones(len(rows)), (rows, groups)), shape=shape)
    return sparse.csr_array(by_group[:, corpus.group])
