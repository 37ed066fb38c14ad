"""How strongly each organisation is in each domain and challenge."""

from __future__ import annotations

import numpy as np

from embeddings.subjects import Subjects
from matcher.arrays import Floats, Rows
from matcher.corpus.filters import offer_facets
from matcher.corpus.snapshot import Snapshot


def memberships(snapshot: Snapshot, subjects: Subjects) -> tuple[Floats, Floats]:
    """Return how strongly organisations are in domains (n, d) and in challenges (n, c).

    An organisation is in a domain by log(1 + count), where `count` is the number of its valid
    offers and past projects in it, and one more for a sector that it states.
    """
    corpus = snapshot.corpus
    domains = np.zeros((len(corpus), len(subjects.domains)))
    challenges = np.zeros((len(corpus), len(subjects.challenges)))
    usable = offer_facets(corpus)
    for index, facet in enumerate(corpus.facets):
        if not usable[index]:
            continue
        owners = corpus.owner_rows[corpus.owner_start[index] : corpus.owner_start[index + 1]]
        _add((domains, challenges), owners, snapshot.subjects_of(facet.id))
    known: dict[tuple[str, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for row, record in enumerate(corpus.organisations):
        if record.sectors:
            if record.sectors not in known:
                known[record.sectors] = subjects.of("", sectors=record.sectors)
            _add((domains, challenges), np.array([row]), known[record.sectors])
    return np.log1p(domains), np.log1p(challenges)


def _add(
    counts: tuple[Floats, Floats],
    rows: Rows,
    numbers: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    """Count one statement of some organisations in domains and challenges, given by number."""
    for table, columns in zip(counts, numbers, strict=True):
        for column in columns:
            table[rows, column] += 1.0
