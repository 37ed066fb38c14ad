"""Votes of nearest facets, the network of past partners, and the score they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.domain import FacetKind
from matcher.ranking.corpus import Corpus

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """The constants of the score; docs/quality.md says how they were chosen."""

    neighbours: int = 50
    """How many nearest facets vote on each need."""
    sharpness: float = 4.0
    """The power that a similarity is raised to before it counts as a vote."""
    least_similarity: float = 0.05
    """What is less similar than this does not vote: it would only be chance."""
    text: float = 1.0
    needs: float = 2.0
    network: float = 1.5
    """Shares of the parts; divided by the sum of those that the question gives rise to."""
    half_vote: float = 0.5
    """The share of the strongest sum of votes at which half of the part is reached."""
    least_half_vote: float = 0.02
    """Where even the strongest votes are weak: the sum of votes at which half is reached."""
    half_network: float = 0.5
    """The network strength at which the network part reaches half of its share."""
    crowding: float = 0.5
    """A past project of n partners counts 1 / n**crowding for each pair of them."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Who votes how strongly: rows of facets (k,) and the similarity of each (k,)."""

    facet_rows: NDArray[np.int64]
    similarities: Floats
    weights: Floats


def cast_votes(
    corpus: Corpus, ids: NDArray[np.int64], scores: NDArray[np.float32], weights: Weights
) -> Votes:
    """Turn one search result, ids (k,) padded with -1 and scores (k,), into votes."""
    usable = (ids >= 0) & (scores >= weights.least_similarity)
    similarities = np.minimum(scores[usable].astype(np.float64), 1.0)
    rows = corpus.facet_rows(ids[usable])
    return Votes(rows, similarities, similarities**weights.sharpness)


def gather(corpus: Corpus, votes: Votes) -> Floats:
    """Return the sum of votes (n,) that each organisation gets from the facets it owns."""
    facet_votes = np.zeros(len(corpus.facets))
    facet_votes[votes.facet_rows] = votes.weights
    return _sums(corpus.owner_rows, facet_votes[corpus.owner_facets], len(corpus))


def network_strength(
    corpus: Corpus, members: NDArray[np.int64], weights: Weights
) -> tuple[Floats, Floats]:
    """Return how closely each organisation (n,) worked with the members, and each facet's part.

    A piece of evidence counts the members in it over the number of its owners to the power
    `crowding`; a member's many projects are damped by the square root of their number.
    """
    is_evidence = corpus.of_kind(FacetKind.EVIDENCE)[corpus.owner_facets]
    rows, facets = corpus.owner_rows[is_evidence], corpus.owner_facets[is_evidence]
    projects = np.bincount(rows, minlength=len(corpus))
    pull = np.zeros(len(corpus))
    pull[members] = 1.0 / np.sqrt(np.maximum(projects[members], 1))
    size = np.bincount(facets, minlength=len(corpus.facets))
    in_facet = _sums(facets, pull[rows], len(corpus.facets))
    facet_strength = in_facet / np.maximum(size, 1) ** weights.crowding
    strength = _sums(rows, facet_strength[facets], len(corpus))
    return strength, facet_strength


def _sums(places: NDArray[np.int64], values: Floats, count: int) -> Floats:
    """Return (count,) sums of the values (k,) at each place (k,)."""
    sums: Floats = np.bincount(places, weights=values, minlength=count).astype(np.float64)
    return sums


def vote_share(votes: Floats, weights: Weights) -> Floats:
    """Map sums of votes onto 0..1, relative to the strongest, unless all are weak."""
    strongest = float(votes.max()) if len(votes) else 0.0
    return saturate(votes, max(weights.least_half_vote, weights.half_vote * strongest))


def saturate(values: Floats, half: float) -> Floats:
    """Map 0..infinity onto 0..1, reaching 1/2 at `half`."""
    return values / (values + half)


def score_parts(
    text: Floats | None,
    needs: Sequence[tuple[float, Floats]],
    network: Floats | None,
    weights: Weights,
) -> dict[str, Floats]:
    """Return the score parts (n,), each not negative, adding up to a score from 0 to 1.

    `text` are the votes on the brief, `needs` pairs of weight and votes, `network` the strength;
    None or empty where the question has no such thing.
    """
    parts: dict[str, tuple[float, Floats]] = {}
    if text is not None:
        parts["text"] = (weights.text, vote_share(text, weights))
    if needs:
        total = sum(weight for weight, _ in needs)
        met = sum(weight * vote_share(votes, weights) for weight, votes in needs) / total
        parts["needs"] = (weights.needs, np.asarray(met))
    if network is not None:
        parts["network"] = (weights.network, saturate(network, weights.half_network))
    share = sum(weight for weight, _ in parts.values()) or 1.0
    return {name: weight / share * values for name, (weight, values) in parts.items()}


def rank(scores: Floats, candidates: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of candidates with a score above 0, best first.

    Scores count to six decimals; ties go by row, which is the order of public ids.
    """
    rounded = np.round(scores, 6)
    rows = np.flatnonzero(candidates & (rounded > 0))
    order: NDArray[np.int64] = rows[np.lexsort((rows, -rounded[rows]))]
    return order
