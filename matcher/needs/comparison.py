"""How well the facets of a corpus meet needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embeddings.port import project_onto_views
from matcher.arrays import Floats, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import offer_facets, offers_within
from matcher.corpus.snapshot import Snapshot
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.domain import FacetKind, Filters, Stage
from matcher.models.need_offer import (
    NEXT,
    STAGES,
    UNKNOWN,
    Statements,
    compare,
)
from matcher.needs.coverage import Coverage, coverage_of
from matcher.needs.resolve import ResolvedNeeds
from matcher.parameters import EVIDENCE_FOR_OFFER, MIN_SIMILARITY, NEED_NEIGHBOURS

Vectors = NDArray[np.float32]
OF_PROJECTS = (Stage.RESEARCH, Stage.DEVELOPMENT)
"""What past projects show where they state no stage; for others they count as next to them."""

_COMPARED_AT_ONCE = 10_000
"""Facets whose vectors are in memory at once, some 25 MB; the deadline is looked at in between."""


def offer_probabilities(
    snapshot: Snapshot, asked: Statements, facet_rows: Rows, *, guessed: bool = False
) -> Floats:
    """Return (k, m) the probability that each facet (m,) meets each need (k,).

    Where the stages of the needs are only `guessed` from words, another stage speaks half as much
    against an offer. Where texts have next to nothing in common it is 0, whatever the stages.
    """
    corpus = snapshot.corpus
    compared = compare(snapshot.generation.encoder, asked, facet_statements(snapshot, facet_rows))
    evidence = corpus.of_kind(FacetKind.EVIDENCE, facet_rows)
    later = ~np.isin(asked.stages, [STAGES[stage] for stage in (*OF_PROJECTS, None)])
    compared.relations[later[:, None] & (evidence & (compared.relations == UNKNOWN))] = NEXT
    probabilities = snapshot.models.need_offer.probabilities(compared, guessed=guessed)
    probabilities *= np.where(evidence, EVIDENCE_FOR_OFFER, 1.0)
    return np.where(compared.similarity >= MIN_SIMILARITY, probabilities, 0.0)


def facet_statements(snapshot: Snapshot, rows: Rows) -> Statements:
    """Return facets (k,) as they are compared."""
    corpus = snapshot.corpus
    stages = corpus.facet_stage[rows].astype(np.int64)
    return Statements(
        snapshot.index.rows(corpus.facet_ids[rows]),
        corpus.words_of_facets(rows),
        corpus.facet_language[rows],
        np.where(stages < 0, STAGES[None], stages),
    )


def nearest_facets(snapshot: Snapshot, vectors: Vectors, filters: Filters) -> Rows:
    """Return the offers and past projects nearest to texts, `vectors` (n, dim), ascending."""
    if not len(vectors):
        return np.empty(0, np.int64)
    queries = project_onto_views(vectors, snapshot.generation.encoder.views)
    offers = offers_within(snapshot, filters)
    _, found = snapshot.index.search(queries, NEED_NEIGHBOURS, offers)
    return snapshot.corpus.facet_rows(np.unique(found[found >= 0]))


def need_coverage(
    snapshot: Snapshot,
    needs: ResolvedNeeds,
    members: Rows | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> Coverage:
    """Return how well all organisations meet the needs by their valid offers and past projects.

    The facets nearest to each need are compared, and all of the members'. Raises DeadlineExceeded.
    """
    corpus = snapshot.corpus
    facets = nearest_facets(snapshot, needs.vectors, Filters())
    if members is not None:
        facets = np.union1d(facets, offers_of(corpus, members))
    return _coverage(snapshot, needs, facets, None, deadline)


def candidate_coverage(
    snapshot: Snapshot,
    needs: ResolvedNeeds,
    facets: Rows,
    candidates: Rows,
    members: Rows,
    deadline: Deadline = NO_DEADLINE,
) -> Coverage:
    """Return how well candidates (c,) and members meet the needs. Raises DeadlineExceeded.

    `facets` (f,) are those near the needs; those of the members are compared, too.
    """
    corpus = snapshot.corpus
    rows = corpus.with_variants(np.union1d(candidates, members))
    facets = np.union1d(facets, offers_of(corpus, members))
    return _coverage(snapshot, needs, facets, rows, deadline)


def _coverage(
    snapshot: Snapshot,
    needs: ResolvedNeeds,
    facets: Rows,
    rows: Rows | None,
    deadline: Deadline,
) -> Coverage:
    compared = [np.empty((len(needs.needs), 0))]
    for start in range(0, len(facets), _COMPARED_AT_ONCE):
        deadline.check()
        some = facets[start : start + _COMPARED_AT_ONCE]
        compared.append(
            offer_probabilities(snapshot, needs.statements, some, guessed=needs.guessed)
        )
    probabilities = np.concatenate(compared, axis=1)
    return coverage_of(snapshot.corpus, needs.needs, probabilities, facets, rows)


def offers_of(corpus: Corpus, rows: Rows) -> Rows:
    """Return the rows of the valid offers and past projects of organisations, ascending."""
    owned = np.unique(corpus.facets_of(rows)[0])
    offers: Rows = owned[offer_facets(corpus, owned)]
    return offers
