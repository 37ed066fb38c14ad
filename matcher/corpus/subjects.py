"""Domains and societal challenges of organisations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from embeddings.lexicon import Lexicon, lexicon_of
from embeddings.subjects import Subjects
from matcher.corpus.filters import offer_facets
from matcher.corpus.snapshot import Snapshot


def subjects_in(snapshot: Snapshot) -> Subjects:
    """Return the domains and challenges, as found with the lexicon of the snapshot's encoder."""
    return read_subjects(lexicon_of(snapshot.generation.encoder))


@lru_cache(maxsize=2)
def read_subjects(lexicon: Lexicon) -> Subjects:
    """Read the subjects once for each lexicon: it takes 20 ms."""
    return Subjects(lexicon)


@lru_cache(maxsize=4096)
def _stated_domains(subjects: Subjects, sectors: tuple[str, ...]) -> tuple[int, ...]:
    """Return the numbers of the domains of stated sectors; most state the same few."""
    return subjects.of("", sectors=sectors)[0]


def organisation_domains(snapshot: Snapshot, rows: Iterable[int]) -> list[tuple[str, ...]]:
    """Return the ids of the domains that each organisation is in.

    They are the domains of its valid offers, its past projects and its stated sectors; those of
    its name variants count as its own.
    """
    corpus, subjects = snapshot.corpus, subjects_in(snapshot)
    named = [(row, [row, *corpus.variants_of(row)]) for row in rows]
    variants = np.array([variant for _, several in named for variant in several], dtype=np.int64)
    facets, places = corpus.facets_of(variants)
    usable = offer_facets(corpus, facets)
    of_variant: dict[int, set[int]] = {row: set() for row in variants.tolist()}
    numbers, at = corpus.domains.of(facets[usable])
    owners = variants[places[usable]][at]
    for row, number in zip(owners.tolist(), numbers.tolist(), strict=True):
        of_variant[row].add(number)
    for row, known in of_variant.items():
        if sectors := tuple(corpus.text_of(number) for number in corpus.sectors.at(row)):
            known.update(_stated_domains(subjects, sectors))
    return [
        tuple(
            subjects.domains[number].id
            for number in sorted(set[int]().union(*(of_variant[one] for one in several)))
        )
        for _, several in named
    ]
