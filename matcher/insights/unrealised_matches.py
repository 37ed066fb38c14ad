"""Unrealised matches: organisations whose needs and offers fit and who never worked together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from matcher.arrays import Mask, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import offer_facets, unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Facet, FacetKind
from matcher.matching.answer import FitLabel
from matcher.needs.comparison import Vectors, facet_statements, offer_probabilities
from matcher.parameters import STRONG_FIT
from matcher.presenters import (
    FacetBrief,
    OrganisationBrief,
    OrganisationName,
    facet_brief,
    organisation_brief,
    organisation_name,
    probability_shown,
)
from matcher.store import Store
from matcher.store.facets import load_facets
from matcher.store.initiatives import list_initiatives

MAX_OFFERS_PER_NEED = 12
"""So many offers that are nearest to a need are looked at."""
MIN_PROBABILITY = STRONG_FIT
"""Offers count as meeting a need of another organisation from this probability on."""
BLOCK = 1_024
"""So many needs are compared with all offers at once; bounds the memory that this takes."""
Pair = tuple[int, int]
"""Two rows of organisations, ascending."""


@dataclass(frozen=True, slots=True)
class NeedMet:
    """A need of one organisation, and the offer of the other that meets it."""

    asks: OrganisationName
    need: FacetBrief
    offers: OrganisationName
    offer: FacetBrief
    probability: float
    fit: FitLabel
    """By that probability."""


@dataclass(frozen=True, slots=True)
class UnrealisedMatch:
    """Two organisations that fit and never worked together."""

    one: OrganisationBrief
    other: OrganisationBrief
    score: float
    """The probability that at least one of the two meets a need of the other."""
    because: tuple[NeedMet, ...]


@dataclass(frozen=True, slots=True)
class UnrealisedMatches:
    """Pairs of organisations, the best fit first."""

    corpus_version: int
    stated_needs: int
    """Without stated needs there is nothing to fit."""
    total: int
    results: tuple[UnrealisedMatch, ...]
    cached: bool = False


@dataclass(frozen=True, slots=True)
class _Fit:
    """The offer of `giver` that meets a need of `asker` best; all but probability are rows."""

    asker: int
    giver: int
    probability: float
    need: int
    offer: int

    @property
    def pair(self) -> Pair:
        return min(self.asker, self.giver), max(self.asker, self.giver)


def unrealised_matches(
    snapshot: Snapshot, store: Store, inside: Mask, limit: int
) -> UnrealisedMatches:
    """Return pairs whose needs and offers fit and who never worked together, the best fit first.

    The fit is the probability that at least one of their needs is met by the other: 1 - product of
    (1 - probability) over the best of each direction. One of the two is `inside` (n,). Name
    variants, competitors and members of one initiative aren't pairs.
    """
    needs = stated_needs(snapshot.corpus)
    fits = _fits_by_pair(_best_fits(snapshot, needs, inside))
    for pair in _known_pairs(store, snapshot.corpus, fits):
        del fits[pair]
    scores = {
        pair: 1.0 - prod(1.0 - fit.probability for fit in directions)
        for pair, directions in fits.items()
    }
    first = sorted(scores, key=lambda pair: (-scores[pair], pair))[:limit]
    facets = _load_quoted(store, snapshot.corpus, [fit for pair in first for fit in fits[pair]])
    return UnrealisedMatches(
        corpus_version=snapshot.version,
        stated_needs=len(needs),
        total=len(scores),
        results=tuple(
            UnrealisedMatch(
                one=organisation_brief(snapshot.corpus.organisation(pair[0])),
                other=organisation_brief(snapshot.corpus.organisation(pair[1])),
                score=round(scores[pair], 4),
                because=tuple(_needs_met(snapshot.corpus, facets, fits[pair])),
            )
            for pair in first
        ),
    )


def stated_needs(corpus: Corpus) -> Rows:
    """Return the rows of the facets that are needs which haven't expired."""
    return np.flatnonzero(corpus.of_kind(FacetKind.NEED) & unexpired(corpus))


def _best_fits(snapshot: Snapshot, needs: Rows, inside: Mask) -> Iterable[_Fit]:
    """Return by asker and giver the need and offer that fit best; one of the two is inside."""
    corpus = snapshot.corpus
    offers = np.flatnonzero(offer_facets(corpus) & corpus.of_kind(FacetKind.OFFER))
    best: dict[tuple[int, int], _Fit] = {}
    if not len(needs) or not len(offers):
        return best.values()
    queries = snapshot.index.rows(corpus.facet_ids[needs])
    asker_inside = inside[_first_owners(corpus, needs)]
    giver_inside = inside[_first_owners(corpus, offers)]
    for chosen, given in (
        (asker_inside, np.ones(len(offers), dtype=np.bool_)),
        (~asker_inside, giver_inside),
    ):
        for fit in _fits(snapshot, needs[chosen], queries[chosen], offers[given]):
            known = best.get((fit.asker, fit.giver))
            if known is None or fit.probability > known.probability:
                best[fit.asker, fit.giver] = fit
    return best.values()


def _fits(snapshot: Snapshot, needs: Rows, queries: Vectors, offers: Rows) -> Iterator[_Fit]:
    """Yield the offers that meet a need of another organisation, needs (q,) in ascending row."""
    corpus = snapshot.corpus
    if not len(needs) or not len(offers):
        return
    columns = _nearest(queries, snapshot.index.rows(corpus.facet_ids[offers]))
    near = offers[columns]
    asked = facet_statements(snapshot, needs)
    probabilities = np.array(
        [
            offer_probabilities(snapshot, asked.at(np.array([place])), near[place])[0]
            for place in range(len(needs))
        ]
    )
    askers, givers = _first_owners(corpus, needs), _first_owners(corpus, offers)[columns]
    probabilities[givers == askers[:, None]] = 0.0
    for index, rank in np.argwhere(probabilities >= MIN_PROBABILITY).tolist():
        yield _Fit(
            asker=int(askers[index]),
            giver=int(givers[index, rank]),
            probability=float(probabilities[index, rank]),
            need=int(needs[index]),
            offer=int(near[index, rank]),
        )


def _first_owners(corpus: Corpus, facets: Rows) -> Rows:
    """Return the row of the first owner of each facet (m,); offers and needs have only one."""
    owners, places = corpus.owners_of(facets)
    first: Rows = owners[np.searchsorted(places, np.arange(len(facets)))]
    return first


def _nearest(queries: Vectors, vectors: Vectors) -> Rows:
    """Return which of the vectors (m, dim) are nearest to each query (q, dim).

    They are (q, MAX_OFFERS_PER_NEED), or (q, m) where there are fewer vectors.
    """
    count = min(MAX_OFFERS_PER_NEED, len(vectors))
    columns = np.empty((len(queries), count), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK] @ vectors.T
        best = np.argpartition(block, len(vectors) - count, axis=1)[:, len(vectors) - count :]
        columns[start : start + BLOCK] = np.sort(best, axis=1)
    return columns


def _fits_by_pair(fits: Iterable[_Fit]) -> dict[Pair, list[_Fit]]:
    """Return the best fit of each direction by pair, by ascending asker."""
    by_pair: dict[Pair, list[_Fit]] = {}
    for fit in sorted(fits, key=lambda fit: (fit.asker, fit.giver)):
        by_pair.setdefault(fit.pair, []).append(fit)
    return by_pair


def _known_pairs(store: Store, corpus: Corpus, pairs: Iterable[Pair]) -> set[Pair]:
    """Return the pairs that are one, compete, or worked together in a project or initiative."""
    excluded = set(corpus.competitor_pairs)
    for initiative in list_initiatives(store):
        members = corpus.with_variants(corpus.rows(initiative.member_ids))
        excluded.update(combinations(sorted(members.tolist()), 2))
    evidence = corpus.of_kind(FacetKind.EVIDENCE)
    projects: dict[int, set[int]] = {}

    def projects_of(row: int) -> set[int]:
        if row not in projects:
            own = corpus.facets_owned([row, *corpus.variants_of(row)])
            projects[row] = set(own[evidence[own]].tolist())
        return projects[row]

    return {
        (one, other)
        for one, other in pairs
        if (one, other) in excluded
        or corpus.group[one] == corpus.group[other]
        or not projects_of(one).isdisjoint(projects_of(other))
    }


def _load_quoted(store: Store, corpus: Corpus, fits: Iterable[_Fit]) -> dict[int, Facet]:
    """Return the needs and offers of fits by id."""
    ids = {int(corpus.facet_ids[row]) for fit in fits for row in (fit.need, fit.offer)}
    with store.reading() as session:
        return load_facets(session, ids)


def _needs_met(corpus: Corpus, facets: dict[int, Facet], fits: Iterable[_Fit]) -> Iterator[NeedMet]:
    """Yield what is quoted of fits; those whose texts were deleted meanwhile are left out."""
    for fit in fits:
        need = facets.get(int(corpus.facet_ids[fit.need]))
        offer = facets.get(int(corpus.facet_ids[fit.offer]))
        if need is not None and offer is not None:
            yield NeedMet(
                asks=organisation_name(corpus, fit.asker),
                need=facet_brief(need),
                offers=organisation_name(corpus, fit.giver),
                offer=facet_brief(offer),
                probability=probability_shown(fit.probability),
                fit=FitLabel.of(fit.probability),
            )
