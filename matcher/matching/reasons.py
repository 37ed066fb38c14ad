"""Why an organisation is on the list: the facets that speak for it, the strongest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Rows, find_sorted
from matcher.domain import FacetKind
from matcher.matching.rerank import RankedCandidates
from matcher.matching.votes import join_views
from matcher.models.weights import Weights
from matcher.needs.coverage import best_facets
from matcher.parameters import POSSIBLE_FIT

MAX_REASONS = 3
MIN_SHARE_OF_BEST = 0.5
"""What speaks for an organisation less than so much as surely as its best isn't told beside it.
Origin: a choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Speaking:
    """A facet that speaks for an organisation."""

    facet_row: int
    weight: float
    vector: NDArray[np.float32] | None = None
    """The vector (dim,) of the text that it answers; None for a past project with partners."""
    need: str | None = None
    probability: float | None = None
    """That it meets the need, or else what is asked; None for a past project with partners."""
    with_members: tuple[str, ...] = ()

    @property
    def is_worth_telling(self) -> bool:
        """Whether it isn't just the remote possibility to meet a need."""
        return self.need is None or self.likely >= POSSIBLE_FIT

    @property
    def likely(self) -> float:
        """The probability; 0 where there is none."""
        return self.probability or 0.0


def speaking_facets(
    ranked: RankedCandidates, page: Rows, weights: Weights
) -> dict[int, list[Speaking]]:
    """Return for each organisation on a page, by row, the facets that speak for it.

    At most MAX_REASONS by text and need, then the strongest past project with known partners.
    """
    by_row = {int(row): dict[int, Speaking]() for row in page}
    for row, speaking in [
        *_by_text(ranked, by_row.keys(), weights),
        *_by_need(ranked, by_row.keys(), weights),
    ]:
        known = by_row[row].get(speaking.facet_row)
        by_row[row][speaking.facet_row] = speaking if known is None else _stronger(known, speaking)
    together = _by_collaboration(ranked, by_row.keys())
    found = {}
    for row, by_facet in by_row.items():
        chosen = _worth_telling(by_facet.values())[:MAX_REASONS]
        if row in together:
            chosen = [one for one in chosen if one.facet_row != together[row].facet_row]
            chosen.append(together[row])
        found[row] = chosen
    return found


def _worth_telling(found: Collection[Speaking]) -> list[Speaking]:
    """Return which of the facets of an organisation to tell, the strongest first."""
    ordered = sorted(found, key=lambda one: (-one.weight, one.facet_row))
    telling = [speaking for speaking in ordered if speaking.is_worth_telling] or ordered
    best = max((speaking.likely for speaking in telling), default=0.0)
    least = min(MIN_SHARE_OF_BEST * best, POSSIBLE_FIT)
    return [speaking for speaking in telling if speaking.likely >= least]


def _stronger(known: Speaking, other: Speaking) -> Speaking:
    """Return which of two to tell of one facet: the need that it meets, and the surest of them."""
    if known.need is None and other.need is not None:
        weight = max(known.weight, other.weight)
        return replace(other, weight=weight) if other.is_worth_telling else known
    if known.need is not None and other.need is not None:
        surer = other if other.likely > known.likely else known
        return replace(surer, weight=max(known.weight, other.weight))
    return other if other.weight > known.weight else known


def _by_text(
    ranked: RankedCandidates, rows: Collection[int], weights: Weights
) -> Iterator[tuple[int, Speaking]]:
    candidates = ranked.scored.candidates
    corpus, understood = candidates.snapshot.corpus, candidates.understood
    shares = weights.view_shares(understood.view_coverage, candidates.by_view)
    votes = join_views(candidates.by_view, shares)
    shown = {int(corpus.group[row]): row for row in rows}
    fit = ranked.scored.features.fit
    likely = fit.best[find_sorted(votes.facet_rows, fit.facet_rows)]
    order = np.lexsort((-votes.weights, -likely))
    facet_rows, strength = votes.facet_rows[order], likely[order]
    offers = corpus.of_kind(FacetKind.OFFER, facet_rows)
    owners, places = corpus.owners_of(facet_rows)
    groups = corpus.group[owners]
    on_page = np.isin(groups, list(shown))
    spoken = sorted(set(zip(places[on_page].tolist(), groups[on_page].tolist(), strict=True)))
    with_offer: set[int] = set()
    for place, group in spoken:
        if offers[place]:
            # Of the offers of an organisation only the best counts.
            if group in with_offer:
                continue
            with_offer.add(group)
        weight = float(strength[place]) * weights.text
        yield (
            shown[group],
            Speaking(
                int(facet_rows[place]),
                weight,
                understood.vector,
                probability=float(strength[place]),
            ),
        )


def _by_need(
    ranked: RankedCandidates, rows: Collection[int], weights: Weights
) -> Iterator[tuple[int, Speaking]]:
    """Yield the facets with which organisations meet needs, the best for each need."""
    features = ranked.scored.features
    coverage, needs = features.coverage, features.candidates.understood.needs
    if coverage is None or needs is None:
        return
    corpus = features.candidates.snapshot.corpus
    for row in rows:
        facets, probabilities = best_facets(corpus, coverage, row)
        counted = coverage.weights * probabilities * weights.coverage
        for place, need in enumerate(needs.needs):
            if probabilities[place] > 0:
                yield (
                    row,
                    Speaking(
                        int(facets[place]),
                        float(counted[place]),
                        needs.vectors[place],
                        need.text,
                        float(probabilities[place]),
                    ),
                )


def _by_collaboration(ranked: RankedCandidates, rows: Collection[int]) -> dict[int, Speaking]:
    """Return by organisation its strongest past project with known partners."""
    candidates = ranked.scored.candidates
    corpus, collaboration = candidates.snapshot.corpus, candidates.collaboration
    shown = {int(corpus.group[row]): row for row in rows}
    partners = set(collaboration.partners.tolist())
    strongest: dict[int, Speaking] = {}
    for facet_row, strength in zip(
        collaboration.facet_rows.tolist(), collaboration.facet_strength.tolist(), strict=True
    ):
        owners = corpus.owners.at(facet_row).tolist()
        for group in {int(corpus.group[owner]) for owner in owners} & shown.keys():
            row = shown[group]
            known = strongest.get(row)
            others = [
                owner for owner in owners if owner in partners and corpus.group[owner] != group
            ]
            if others and (known is None or strength > known.weight):
                names = tuple(corpus.names[owner] for owner in others)
                strongest[row] = Speaking(facet_row, strength, with_members=names)
    return strongest
