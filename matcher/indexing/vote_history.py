"""Asks past projects of each other, to learn what votes for an organisation are worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sparse

from embeddings.port import Encoder, vocabulary_coverage
from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Corpus
from matcher.domain import FacetKind
from matcher.index.port import VectorIndex
from matcher.matching.scoring import Votes, Weights, shares_of
from matcher.matching.voting import votes_by_view, weighed
from matcher.models.vote_calibration import fit_vote_calibration

MAX_ASKED = 1_500
"""Of more past projects so many are asked, evenly drawn."""
_BATCH = 32


def vote_calibration_json(
    corpus: Corpus, encoder: Encoder, index: VectorIndex
) -> dict[str, Any] | None:
    """Return what is kept with a generation; None where the past says too little."""
    evidence = np.flatnonzero(corpus.of_kind(FacetKind.EVIDENCE))
    drawn = np.linspace(0, len(evidence) - 1, min(len(evidence), MAX_ASKED))
    asked = evidence[drawn.astype(np.int64)]
    found = [
        sparse.csr_array(_shares(corpus, encoder, index, asked[start : start + _BATCH], evidence))
        for start in range(0, len(asked), _BATCH)
    ]
    if not found:
        return None
    vote_calibration = fit_vote_calibration(
        sparse.vstack(found, format="csr"), _took_part(corpus, asked)
    )
    return (
        None
        if vote_calibration is None
        else vote_calibration.as_json([one.key for one in corpus.organisations])
    )


def _shares(
    corpus: Corpus, encoder: Encoder, index: VectorIndex, asked: Rows, evidence: Rows
) -> Floats:
    """Return the share (q, n) of the votes that each organisation gets, asked facets (q,)."""
    vectors = index.rows(corpus.facet_ids[asked])
    # Each finds itself, too, which doesn't vote.
    weights = replace(Weights(), neighbours=Weights().neighbours + 1)
    searchable = corpus.facet_ids[evidence]
    by_facet = votes_by_view(corpus, encoder, index, vectors, searchable, weights)
    told = {view.name: vocabulary_coverage(encoder, vectors, view) for view in encoder.views}
    shares = []
    for place, (row, by_view) in enumerate(zip(asked.tolist(), by_facet, strict=True)):
        understood = {name: float(several[place]) for name, several in told.items()}
        others = {name: _without(votes, row) for name, votes in by_view.items()}
        shares.append(shares_of(corpus, weighed(others, understood, weights)))
    return np.stack(shares)


def _without(votes: Votes, row: int) -> Votes:
    """Return votes without that of one facet."""
    others = votes.facet_rows != row
    return Votes(votes.facet_rows[others], votes.weights[others])


def _took_part(corpus: Corpus, asked: Rows) -> sparse.csr_array:
    """Return who took part (q, n) in past projects (q,), under any of its names."""
    place = np.full(len(corpus.facets), -1)
    place[asked] = np.arange(len(asked))
    at = place[corpus.owner_facets]
    rows, groups = at[at >= 0], corpus.group[corpus.owner_rows[at >= 0]]
    shape = len(asked), len(corpus)
    by_group = sparse.csr_array((np.ones(len(rows)), (rows, groups)), shape=shape)
    return sparse.csr_array(by_group[:, corpus.group])
