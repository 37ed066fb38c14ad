"""Neighbour votes: the facets nearest to a text vote for the organisations that own them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.port import View, project_onto_views
from matcher.arrays import Floats, Rows, find_sorted, take_or_zero
from matcher.corpus.corpus import Corpus
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind
from matcher.index.selection import Selection
from matcher.parameters import (
    HOUSE_PROJECTS,
    HOUSE_SHARE,
    MIN_SIMILARITY,
    MIN_VOTES,
    NEIGHBOURS,
    SHARPNESS,
)


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Facets that vote: their rows (k,) and the weight of each (k,)."""

    facet_rows: Rows
    weights: Floats

    def __len__(self) -> int:
        return len(self.facet_rows)


@dataclass(frozen=True, slots=True, eq=False)
class OrganisationVotes:
    """Votes added up by organisation; name variants of an organisation are one group.

    Past projects add up: each is experience. Of offers the best counts, so that a long list of
    middling offers doesn't outdo the offer that fits.
    """

    groups: Rows
    """(g,) the groups that get votes, ascending."""
    experience: Floats
    """(g,) the sum of the votes of past projects."""
    best_offer: Floats
    """(g,) the vote of the best offer."""

    @property
    def strongest(self) -> float:
        """The votes of the organisation that has most."""
        return float((self.experience + self.best_offer).max(initial=0.0))

    def at(self, groups: Rows) -> tuple[Floats, Floats]:
        """Return experience and best offer (c,) of some groups; 0 where they got no votes."""
        places = find_sorted(groups, self.groups)
        return take_or_zero(self.experience, places), take_or_zero(self.best_offer, places)


def votes_by_view(
    snapshot: Snapshot, vectors: NDArray[np.float32], facets: Selection, count: int = 0
) -> list[dict[str, Votes]]:
    """Return for each text, `vectors` (n, dim), the votes of each view that knows the text.

    Only `facets`, given by id, vote, the nearest `count` of them (default: NEIGHBOURS). A stored
    vector of n views has length 1 / sqrt(n) in each, so the similarity within one view is sqrt(n)
    times what the index says, and less where the view understood only a part of the facet.
    """
    views: Sequence[View] = snapshot.generation.encoder.views
    queries = project_onto_views(vectors, views)
    scores, ids = snapshot.index.search(queries, count or NEIGHBOURS, facets)
    scores = scores * np.float32(np.sqrt(len(views)))
    found: list[dict[str, Votes]] = [{} for _ in vectors]
    for number, view in enumerate(views):
        for row, by_view in enumerate(found, start=number * len(vectors)):
            if queries[row].any():
                by_view[view.name] = cast_votes(snapshot.corpus, ids[row], scores[row])
    return found


def cast_votes(corpus: Corpus, ids: NDArray[np.int64], scores: NDArray[np.float32]) -> Votes:
    """Turn one search result, ids (k,) padded with -1 and scores (k,), into votes."""
    usable = (ids >= 0) & (scores >= MIN_SIMILARITY)
    similarities = np.minimum(scores[usable].astype(np.float64), 1.0)
    return Votes(corpus.facet_rows(ids[usable]), similarities**SHARPNESS)


def without_facets(votes: Votes, hidden: Rows) -> Votes:
    """Return the votes of all facets but those hidden."""
    kept = ~np.isin(votes.facet_rows, hidden)
    return Votes(votes.facet_rows[kept], votes.weights[kept])


def organisation_votes(corpus: Corpus, votes: Votes) -> OrganisationVotes:
    """Add up votes by organisation, of a house only those that it wouldn't get for anything.

    The cost is that of the facets that vote and their owners.
    """
    found = _added_up(corpus, votes)
    experience = _beyond_chance(corpus, votes, found.groups, found.experience)
    return replace(found, experience=experience)


def _added_up(corpus: Corpus, votes: Votes) -> OrganisationVotes:
    owners, places = corpus.owners_of(votes.facet_rows)
    groups, at = np.unique(corpus.group[owners], return_inverse=True)
    weights = votes.weights[places]
    is_evidence = corpus.of_kind(FacetKind.EVIDENCE, votes.facet_rows)[places]
    experience = sums(at, np.where(is_evidence, weights, 0.0), len(groups))
    best_offer = np.zeros(len(groups))
    np.maximum.at(best_offer, at[~is_evidence], weights[~is_evidence])
    return OrganisationVotes(groups, experience, best_offer)


def _beyond_chance(corpus: Corpus, votes: Votes, groups: Rows, experience: Floats) -> Floats:
    """Return the votes of past projects (g,), less what a house gets for anything.

    The usual first import is the projects of a house, which takes part in nearly all of them, and
    so gets nearly all votes whatever is asked. Only what it gets beyond its share of all projects
    speaks for it, as in the lift of association rules (Brin et al., 1997).
    """
    if corpus.evidence_count < HOUSE_PROJECTS:
        return experience
    share = corpus.experience_of(groups) / corpus.evidence_count
    is_evidence = corpus.of_kind(FacetKind.EVIDENCE, votes.facet_rows)
    for_anything = np.where(share > HOUSE_SHARE, share, 0.0) * votes.weights[is_evidence].sum()
    beyond: Floats = np.maximum(experience - for_anything, 0.0)
    return beyond


def normaliser(corpus: Corpus, votes: Sequence[Votes]) -> float:
    """Return what to divide votes by, so that the strongest organisation has 1 unless all are weak.

    Given several votes on one text, such as with and without a filter, the strongest counts, so
    that a vote means the same whoever is left out.
    """
    return max(MIN_VOTES, *(organisation_votes(corpus, several).strongest for several in votes))


def evidence_shares(
    corpus: Corpus, by_view: Mapping[str, Votes], view_shares: Mapping[str, float]
) -> OrganisationVotes:
    """Return the share of the votes of past projects that each organisation gets.

    A project counts for all who took part, so what organisations get adds up to more than 1.
    """
    past = {}
    for name, votes in by_view.items():
        is_evidence = corpus.of_kind(FacetKind.EVIDENCE, votes.facet_rows)
        weights = votes.weights[is_evidence]
        past[name] = Votes(votes.facet_rows[is_evidence], weights / max(float(weights.sum()), 1e-9))
    return _added_up(corpus, join_views(past, view_shares))


def join_views(by_view: Mapping[str, Votes], view_shares: Mapping[str, float]) -> Votes:
    """Add up the votes of views by facet, each view by its share among those that voted."""
    voting = {name: votes for name, votes in by_view.items() if len(votes)}
    total = sum(view_shares[name] for name in voting)
    if not total:
        return Votes(np.empty(0, np.int64), np.empty(0))
    rows = np.concatenate([votes.facet_rows for votes in voting.values()])
    weights = np.concatenate(
        [votes.weights * (view_shares[name] / total) for name, votes in voting.items()]
    )
    facets, places = np.unique(rows, return_inverse=True)
    return Votes(facets, sums(places, weights, len(facets)))


def sums(places: Rows, values: Floats, count: int) -> Floats:
    """Return (count,) sums of the values (k,) at each place (k,)."""
    summed: Floats = np.bincount(places, values, minlength=count).astype(np.float64)
    return summed
