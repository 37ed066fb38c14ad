"""How well the facets of a corpus meet needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeddings.port import project_onto_view
from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Need, Stage
from matcher.matching.scoring import Weights
from matcher.models.need_offer import NEXT, UNKNOWN, relations_of, similarities
from matcher.needs.coverage import Coverage, coverage_of

Vectors = NDArray[np.float32]
EXACT_UP_TO = 30_000
"""So many facets are all compared with each need; of more, only the nearest ones."""
NEAREST = 1_000
OF_PROJECTS = (Stage.RESEARCH, Stage.DEVELOPMENT)
"""What past projects show where they state no stage; for others they count as next to them."""
EVIDENCE = 0.7
"""A past project shows less surely than a stated offer that an organisation can do it."""


def offer_probabilities(
    snapshot: Snapshot,
    asked: Sequence[Stage | None],
    queries: Vectors,
    facet_rows: Rows,
    *,
    guessed: bool = False,
) -> Floats:
    """Return (k, j) the chance that each facet meets each need.

    Needs come as vectors (k, dim) with the stages (k) that are asked for; where those are only
    `guessed` from words, another stage speaks half as much against an offer.

    Where texts have next to nothing in common it is 0, whatever the stages.
    """
    corpus = snapshot.corpus
    vectors = snapshot.index.rows(corpus.facet_ids[facet_rows])
    compared = similarities(snapshot.generation.encoder, queries, vectors)
    evidence = corpus.of_kind(FacetKind.EVIDENCE)[facet_rows]
    stages = [corpus.stages[row] for row in facet_rows.tolist()]
    relations = relations_of(asked, stages)
    later = np.array([one is not None and one not in OF_PROJECTS for one in asked], dtype=np.bool_)
    relations[later[:, None] & (evidence & (relations == UNKNOWN))] = NEXT
    probabilities = snapshot.need_offer.probabilities(compared, relations, guessed=guessed)
    probabilities *= np.where(evidence, EVIDENCE, 1.0)
    return np.where(compared >= Weights().least_similarity, probabilities, 0.0)


def need_coverage(
    snapshot: Snapshot,
    needs: Sequence[Need],
    queries: Vectors,
    members: Rows | None = None,
    *,
    guessed: bool = False,
) -> Coverage:
    """Return how well all organisations meet the needs by their valid offers and past projects.

    In a large corpus only the facets nearest to a need are compared, and all of the members'.
    """
    corpus = snapshot.corpus
    usable = offer_facets(corpus)
    rows = np.arange(len(corpus.facets))
    if len(rows) > EXACT_UP_TO and len(queries):
        rows = np.flatnonzero(usable)
        views = snapshot.generation.encoder.views
        seen = np.concatenate([project_onto_view(queries, view) for view in views])
        _, found = snapshot.index.search(seen, NEAREST, corpus.facet_ids[rows])
        near = corpus.facet_rows(np.unique(found[found >= 0]))
        own = corpus.facets_owned(() if members is None else members.tolist())
        rows = np.intersect1d(rows, np.union1d(near, own))
    stages = [need.stage for need in needs]
    probabilities = (
        offer_probabilities(snapshot, stages, queries, rows, guessed=guessed) * usable[rows]
    )
    return coverage_of(corpus, needs, probabilities, rows)


def offer_facets(corpus: Corpus) -> Mask:
    """Return which facets (m,) are valid offers or past projects."""
    return ~corpus.of_kind(FacetKind.NEED) & unexpired(corpus)
