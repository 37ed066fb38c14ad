"""Votes of nearest facets, the network of past partners, and the score they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.columns import Corpus
from matcher.domain import FacetKind


@dataclass(frozen=True, slots=True)
class Weights:
    """The constants of the score; docs/quality.md says how they were chosen."""

    neighbours: int = 200
    """How many nearest facets vote on each text, in each view."""
    sharpness: float = 2.0
    """The power that a similarity is raised to before it counts as a vote."""
    least_similarity: float = 0.05
    """What is less similar than this does not vote: it would only be chance."""
    least_votes: float = 0.1
    """Where even the strongest sum of votes is weaker than this, it doesn't count in full."""
    meaning: float = 0.6
    """The share of the view `meaning` in the votes of words; the rest is that of `wording`."""
    sentences: float = 0.6
    """How much the view `sentences` counts beside those two, which together have 1."""
    text: float = 1.0
    coverage: float = 2.0
    network: float = 0.8
    named: float = 0.15
    acquainted: float = 0.1
    kin: float = 0.8
    akin: float = 0.0
    prior: float = 0.0
    reciprocity: float = 0.3
    cross_sector: float = 0.03
    """Shares of the parts; divided by the sum of those that the question gives rise to."""
    half_network: float = 0.5
    """The network strength at which the network part reaches half of its share."""
    on_topic: float = 1.0
    """How much more a past project counts in the network where it is as near the text as can be."""
    crowding: float = 0.5
    """A past project of n partners counts 1 / n**crowding for each pair of them."""

    def of_view(self, name: str) -> float:
        """Return how much a view counts in the votes; a view that has no weight of its own 1."""
        shares = {"wording": 1.0 - self.meaning, "meaning": self.meaning}
        return {**shares, "sentences": self.sentences}.get(name, 1.0)


@dataclass(frozen=True, slots=True)
class Votes:
    """Who votes how strongly: rows of facets (k,) and the weight of each (k,)."""

    facet_rows: Rows
    weights: Floats


SPEAKING = frozenset({"text", "coverage", "complement", "network", "named", "acquainted"})
"""Parts that put an organisation in the list; the others alone don't."""
MIN_GAIN = 0.1
"""What somebody must add to the coverage to have all of the complement's share: less than this is
no more than a vague hope, and to be the best of those is no reason to come first."""
NO_VOTES = Votes(np.empty(0, np.int64), np.empty(0, np.float64))


def cast_votes(
    corpus: Corpus, ids: NDArray[np.int64], scores: NDArray[np.float32], weights: Weights
) -> Votes:
    """Turn one search result, ids (k,) padded with -1 and scores (k,), into votes."""
    usable = (ids >= 0) & (scores >= weights.least_similarity)
    similarities = np.minimum(scores[usable].astype(np.float64), 1.0)
    return Votes(corpus.facet_rows(ids[usable]), similarities**weights.sharpness)


def gather(corpus: Corpus, votes: Votes, worth: Floats | None = None) -> Floats:
    """Return the votes (n,) that each organisation gets from the facets it owns.

    Past projects add up: each is experience, and counts for what votes for the organisation are
    `worth` (n,), if that is known. Of offers the best one counts, so that a long list of middling
    offers doesn't outdo the one that fits. Name variants of one organisation share votes.
    """
    facet_votes = np.zeros(len(corpus.facets))
    facet_votes[votes.facet_rows] = votes.weights
    per_owner = facet_votes[corpus.owner_facets]
    is_evidence = corpus.of_kind(FacetKind.EVIDENCE)[corpus.owner_facets]
    experience = _sums(corpus.owner_rows, np.where(is_evidence, per_owner, 0.0), len(corpus))
    if worth is not None:
        experience *= worth
    best_offer = np.zeros(len(corpus))
    offered = np.flatnonzero(~is_evidence & (per_owner > 0))
    np.maximum.at(best_offer, corpus.owner_rows[offered], per_owner[offered])
    return corpus.shared(experience + best_offer)


def shares_of(corpus: Corpus, several: Sequence[tuple[float, Votes]]) -> Floats:
    """Return the share (n,) of the votes of past projects that each organisation gets.

    `several` are the votes of views, each with its share. A project counts for all who took part,
    so what organisations get adds up to more than 1.
    """
    is_evidence = corpus.of_kind(FacetKind.EVIDENCE)
    past = []
    for share, votes in several:
        told = is_evidence[votes.facet_rows]
        rows, weights = votes.facet_rows[told], votes.weights[told]
        past.append((share, Votes(rows, weights / max(float(weights.sum()), 1e-9))))
    return gather(corpus, joined(past))


def levelled(corpus: Corpus, votes: Votes, weights: Weights, among: Votes | None = None) -> Votes:
    """Scale votes so that the organisation with the strongest sum has 1, unless all are weak.

    `among` are the votes of more facets, where these are only those of some organisations: so a
    vote means the same whoever is left out.
    """
    if not len(votes.facet_rows):
        return votes
    sums = [float(gather(corpus, one).max()) for one in (votes, among) if one is not None]
    strongest = max(*sums, weights.least_votes)
    return Votes(votes.facet_rows, votes.weights / strongest)


def joined(several: Sequence[tuple[float, Votes]]) -> Votes:
    """Add up votes by facet, each with its share; the shares are made to add up to 1."""
    total = sum(share for share, votes in several if len(votes.facet_rows))
    if not total:
        return NO_VOTES
    rows = np.concatenate([votes.facet_rows for _, votes in several])
    weights = np.concatenate([votes.weights * (share / total) for share, votes in several])
    kept, places = np.unique(rows, return_inverse=True)
    return Votes(kept, _sums(places, weights, len(kept)))


def network_strength(
    corpus: Corpus,
    members: Rows,
    weights: Weights,
    nearness: Floats | None = None,
    aside: Rows | None = None,
) -> tuple[Floats, Floats]:
    """Return how closely each organisation (n,) worked with the members, and each facet's part.

    A piece of evidence counts the members in it over the number of its owners to the power
    `crowding`, and more where it is near the text (`nearness` (m,) from 0 to 1); a member's many
    projects are damped by the square root of their number. Nobody works with itself. Facets that
    are set aside don't count.
    """
    counts = corpus.of_kind(FacetKind.EVIDENCE)
    if aside is not None:
        counts[aside] = False
    is_evidence = counts[corpus.owner_facets]
    rows, facets = corpus.owner_rows[is_evidence], corpus.owner_facets[is_evidence]
    projects = np.bincount(rows, minlength=len(corpus))
    pull = np.zeros(len(corpus))
    pull[members] = 1.0 / np.sqrt(np.maximum(projects[members], 1))
    size = np.bincount(facets, minlength=len(corpus.facets))
    in_facet = _sums(facets, pull[rows], len(corpus.facets))
    worth = 1.0 / np.maximum(size, 1) ** weights.crowding
    if nearness is not None:
        worth *= 1.0 + weights.on_topic * nearness
    strength = _sums(rows, worth[facets] * (in_facet[facets] - pull[rows]), len(corpus))
    return corpus.shared(np.maximum(strength, 0.0)), in_facet * worth


def popularity(corpus: Corpus) -> Floats:
    """Return from 0 to 1 how often each organisation (n,) took part in past projects."""
    projects = corpus.shared(corpus.experience)
    most = max(float(projects.max(initial=0.0)), 1.0)
    share: Floats = np.log1p(projects) / np.log1p(most)
    return share


def _sums(places: Rows, values: Floats, count: int) -> Floats:
    """Return (count,) sums of the values (k,) at each place (k,)."""
    sums: Floats = np.bincount(places, weights=values, minlength=count).astype(np.float64)
    return sums


def saturate(values: Floats, half: float) -> Floats:
    """Map 0..infinity onto 0..1, reaching 1/2 at `half`."""
    return values / (values + half)


def score_parts(parts: Mapping[str, Floats], weights: Weights) -> dict[str, Floats]:
    """Return the score parts (n,), each not negative, adding up to a score from 0 to 1.

    `parts` holds what the question gives rise to out of text, coverage, network, named, acquainted,
    kin, akin, prior, reciprocity and cross_sector, each from 0 to 1 before it gets its share; a
    part of no weight is left out.
    """
    shares = {name: float(getattr(weights, name)) for name in parts}
    shares = {name: share for name, share in shares.items() if share > 0}
    total = sum(shares.values()) or 1.0
    return {name: share / total * parts[name] for name, share in shares.items()}


def spoken_for(parts: Mapping[str, Floats], count: int) -> Floats:
    """Return what is above 0 where an organisation (n,) has a reason to be in the list."""
    speaking = (values for name, values in parts.items() if name in SPEAKING)
    return sum(speaking, np.zeros(count))


def with_complement(parts: Mapping[str, Floats], gains: Floats, dial: float) -> dict[str, Floats]:
    """Return the parts (n,) of fit and of complement: the dial (0 to 1) says which share that gets.

    What organisations add to the coverage (n,) is made relative to the most that one of them adds,
    unless even that is next to nothing.
    """
    strongest = max(float(gains.max(initial=0.0)), MIN_GAIN)
    kept = {name: (1.0 - dial) * values for name, values in parts.items()}
    return {**kept, "complement": dial * gains / strongest}


def pushed_down(parts: Mapping[str, Floats], share: Floats) -> Floats:
    """Return a part (n,), not above 0, that takes a share (n,) from 0 to 1 of the score away."""
    total = sum(parts.values(), np.zeros_like(share))
    return -share * total


def rank(scores: Floats, candidates: Mask) -> Rows:
    """Return the rows of candidates with a score above 0, best first.

    Scores count to six decimals; ties go by row, which is the order of public ids.
    """
    rounded = np.round(scores, 6)
    rows = np.flatnonzero(candidates & (rounded > 0))
    order: Rows = rows[np.lexsort((rows, -rounded[rows]))]
    return order
