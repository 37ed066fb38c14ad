"""What votes were worth: past projects are asked of each other, to fit the vote calibration."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from embeddings.port import vocabulary_coverage
from matcher.arrays import Floats, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind
from matcher.index.selection import Selection
from matcher.matching.votes import Votes, evidence_shares, votes_by_view, without_facets
from matcher.models.vote_calibration import VoteCurves, fit_vote_calibration
from matcher.models.weights import Weights
from matcher.parameters import NEIGHBOURS

MAX_PROJECTS = 1_500
"""Of more past projects so many are asked, evenly drawn."""
_BATCH = 64


def fit_votes(snapshot: Snapshot) -> VoteCurves | None:
    """Return what votes for each organisation are worth; None where the past says too little."""
    corpus = snapshot.corpus
    evidence = np.flatnonzero(corpus.of_kind(FacetKind.EVIDENCE))
    drawn = np.linspace(0, len(evidence) - 1, min(len(evidence), MAX_PROJECTS))
    asked = evidence[drawn.astype(np.int64)]
    if not len(asked):
        return None
    searched = Selection(corpus.facet_ids[evidence])
    found = [
        sparse.csr_array(_shares(snapshot, asked[start : start + _BATCH], searched))
        for start in range(0, len(asked), _BATCH)
    ]
    calibration = fit_vote_calibration(
        sparse.vstack(found, format="csr"), _took_part(corpus, asked)
    )
    if calibration is None:
        return None
    return VoteCurves(calibration.common, corpus.keys.whole(), calibration.own)


def _shares(snapshot: Snapshot, asked: Rows, evidence: Selection) -> Floats:
    """Return the share (q, n) of the votes that each organisation gets, asked facets (q,)."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    vectors = snapshot.index.rows(corpus.facet_ids[asked])
    # Each finds itself, too, which doesn't vote.
    found = votes_by_view(snapshot, vectors, evidence, NEIGHBOURS + 1)
    coverage = {view.name: vocabulary_coverage(encoder, vectors, view) for view in encoder.views}
    shipped = Weights()
    shares = np.zeros((len(asked), len(corpus)))
    for place, (row, by_view) in enumerate(zip(asked, found, strict=True)):
        others: dict[str, Votes] = {
            name: without_facets(votes, np.array([row])) for name, votes in by_view.items()
        }
        known = {name: float(values[place]) for name, values in coverage.items()}
        votes = evidence_shares(corpus, others, shipped.view_shares(known, known))
        shares[place, votes.groups] = votes.experience
    return shares[:, corpus.group.whole()]


def _took_part(corpus: Corpus, asked: Rows) -> sparse.csr_array:
    """Return who took part (q, n) in past projects (q,), under any of its names."""
    participants, project = corpus.owners_of(asked)
    shape = len(asked), len(corpus)
    groups = corpus.group[participants]
    by_group = sparse.csr_array((np.ones(len(groups)), (project, groups)), shape=shape)
    return sparse.csr_array(by_group[:, corpus.group.whole()])
