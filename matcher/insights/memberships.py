"""How strongly each organisation is in each domain and challenge."""

from __future__ import annotations

import numpy as np

from embeddings.subjects import Subjects
from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Lists
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import offer_facets
from matcher.corpus.snapshot import Snapshot


def memberships(snapshot: Snapshot, subjects: Subjects) -> tuple[Floats, Floats]:
    """Return how strongly organisations are in domains (n, d) and in challenges (n, c).

    An organisation is in a domain by log(1 + count), where `count` is the number of its valid
    offers and past projects in it, and one more for a sector that it states.
    """
    corpus = snapshot.corpus
    domains = _counted(corpus, corpus.domains, len(subjects.domains))
    challenges = _counted(corpus, corpus.challenges, len(subjects.challenges))
    known: dict[tuple[str, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for row in corpus.sectors.nonempty().tolist():
        sectors = tuple(corpus.text_of(number) for number in corpus.sectors.at(row))
        if corpus.alive[row]:
            if sectors not in known:
                known[sectors] = subjects.of("", sectors=sectors)
            _add((domains, challenges), np.array([row]), known[sectors])
    return np.log1p(domains), np.log1p(challenges)


def _counted(corpus: Corpus, subjects: Lists, count: int) -> Floats:
    """Return how many valid offers and past projects of organisations (n, count) are in each."""
    numbers, facets = subjects.whole()
    usable = offer_facets(corpus)[facets]
    numbers, facets = numbers[usable], facets[usable]
    owners, places = corpus.owners_of(facets)
    counts = np.zeros((len(corpus), count))
    np.add.at(counts, (owners, numbers[places]), 1.0)
    return counts


def _add(
    counts: tuple[Floats, Floats],
    rows: Rows,
    numbers: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    """Count one statement of some organisations in domains and challenges, given by number."""
    for table, columns in zip(counts, numbers, strict=True):
        for column in columns:
            table[rows, column] += 1.0
