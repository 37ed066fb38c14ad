"""Domains and societal challenges: which a corpus tells apart, and which organisations are in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from embeddings.lexicon import Lexicon, lexicon_of
from embeddings.subjects import Subjects
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind


def subjects_in(snapshot: Snapshot) -> Subjects:
    """Return the domains and challenges that the snapshot's encoder tells apart."""
    return _read_subjects(lexicon_of(snapshot.generation.encoder))


@lru_cache(maxsize=2)
def _read_subjects(lexicon: Lexicon) -> Subjects:
    """Read the subjects once for each lexicon: it takes 20 ms."""
    return Subjects(lexicon)


def organisation_domains(snapshot: Snapshot, rows: Iterable[int]) -> list[tuple[str, ...]]:
    """Return the ids of the domains that each organisation is in.

    They are the domains of its valid offers, its past projects and its stated sectors; those of
    its name variants count as its own.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    usable = ~corpus.of_kind(FacetKind.NEED) & unexpired(corpus)
    several = []
    for row in rows:
        variants = [row, *corpus.variants_of(row)]
        numbers: set[int] = set()
        for facet in corpus.facets_owned(variants).tolist():
            if usable[facet]:
                numbers.update(snapshot.subjects_of(corpus.facets[facet].id)[0])
        for variant in variants:
            sectors = corpus.organisations[variant].sectors
            if sectors:
                numbers.update(subjects.of("", sectors=sectors)[0])
        several.append(tuple(subjects.domains[number].id for number in sorted(numbers)))
    return several
