"""Second stage, retrieve: the organisations worth scoring, from several sources.

Sources are the owners of facets near the text, those of facets near each need, past partners of the
members, and organisations that the text mentions. The cost goes by what is found, never by how many
organisations there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from embeddings.port import project_onto_views
from matcher.arrays import Floats, Mask, Rows, find_sorted
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import allowed_in, offers_within
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.tables import TYPES
from matcher.domain import Filters, OrganisationType
from matcher.index.selection import Selection
from matcher.matching.features.collaboration import Collaboration, collaborations
from matcher.matching.understand import NothingToRecommend, UnderstoodQuestion
from matcher.matching.votes import (
    OrganisationVotes,
    Votes,
    evidence_shares,
    join_views,
    normaliser,
    organisation_votes,
    votes_by_view,
)
from matcher.models.vote_calibration import VoteCurves
from matcher.models.weights import Weights
from matcher.parameters import (
    MAX_CANDIDATES,
    MENTIONED,
    MIN_SIMILARITY,
    NEED_NEIGHBOURS,
    RANK_FUSION,
)

_NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class VotedFor:
    """Organisations that past projects vote for, whatever the filters and whoever is left out.

    So likely partners and probabilities are the same for every selection.
    """

    rows: Rows
    """(v,) one record of each group of name variants, ascending."""
    log_odds: Floats
    """(v,) how sure each is to take part by the votes alone."""
    surest: float | None
    """The log odds of the surest; None where that was never fitted, or there is no text."""
    company_share: float = 0.0
    """What companies get of the votes, 0 to 1: their share of who took part in what was like it."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The organisations that are scored: one record of each group of name variants."""

    understood: UnderstoodQuestion
    rows: Rows
    """(c,) ascending."""
    groups: Rows
    """(c,) the group of name variants of each."""
    found_by: Mapping[str, int]
    """How many organisations each source found, those not allowed included."""
    by_view: Mapping[str, Votes]
    """The votes on the text, by view, normalised: the strongest organisation has 1, or less where
    all votes are weak.

    A view without a facet near the text is left out; one of which filters left none is kept.
    """
    vote_worth: Floats
    """(c,) what votes of past projects are worth for each organisation, 0 to 1."""
    voted: VotedFor
    """Whom the text speaks for, whether they are candidates or not."""
    need_facets: Rows
    """(f,) the facets that are compared with the needs, ascending."""
    collaboration: Collaboration
    """With the members; where none are given, with organisations that the text mentions."""

    @property
    def snapshot(self) -> Snapshot:
        """The corpus that is asked."""
        return self.understood.snapshot

    def places_of(self, rows: Rows) -> Rows:
        """Return the place of each organisation (k,) among the candidates; -1 for others."""
        order = np.argsort(self.groups, kind="stable")
        at = find_sorted(self.snapshot.corpus.group[rows], self.groups[order])
        return np.append(order, -1)[at]


def retrieve(understood: UnderstoodQuestion, hidden: Rows = _NOBODY) -> Candidates:
    """Return the candidates of a question. Raises NothingToRecommend where filters leave nobody.

    Facets that are `hidden` don't count: fitting asks past projects as if they weren't known.
    """
    snapshot, corpus = understood.snapshot, understood.snapshot.corpus
    filters = understood.question.filters
    allowed = allowed_in(snapshot, filters)
    if allowed is not None and not allowed.any():
        raise NothingToRecommend("nothing_allowed")
    everywhere, within = offers_within(snapshot, Filters()), offers_within(snapshot, filters)
    if len(hidden):
        ids = corpus.facet_ids[hidden]
        everywhere, within = (
            Selection(np.setdiff1d(one.ids, ids, assume_unique=True))
            for one in (everywhere, within)
        )
    by_view, unfiltered = _text_votes(understood, within, everywhere)
    need_facets = _facets_near_needs(understood, within)
    collaboration = collaborations(corpus, *_known_partners(understood), hidden)
    text = organisation_votes(corpus, join_views(by_view, understood.view_coverage))
    sources: dict[str, tuple[Rows, Floats]] = {
        "text": (text.groups, text.experience + text.best_offer),
        "needs": _best_owners(corpus, need_facets),
        "collaboration": (collaboration.groups, collaboration.strength),
        "mention": (corpus.group[understood.mentioned], understood.mention_confidence),
    }
    found = np.unique(np.concatenate([groups for groups, _ in sources.values()]))
    rows = _best_found(corpus, list(sources.values()), _selected(understood, found, allowed))
    voting = unfiltered or by_view
    # The views count as they ship, since so it was fitted what votes are worth.
    shares = Weights().view_shares(understood.view_coverage, voting)
    votes = evidence_shares(corpus, voting, shares)
    shown = corpus.representatives(votes.groups)
    worth, voted = np.ones(len(rows)), VotedFor(_NOBODY, np.empty(0), None)
    curves = snapshot.models.votes
    if curves is not None and understood.text:
        worth, voted = _calibrated(corpus, curves, votes, rows, shown)
    voted = replace(voted, company_share=_company_share(corpus, votes, shown))
    strongest = {
        name: normaliser(corpus, [votes, *([unfiltered[name]] if unfiltered else [])])
        for name, votes in by_view.items()
    }
    return Candidates(
        understood=understood,
        rows=rows,
        groups=corpus.group[rows],
        found_by={name: len(np.unique(groups)) for name, (groups, _) in sources.items()},
        by_view={
            name: Votes(votes.facet_rows, votes.weights / strongest[name])
            for name, votes in by_view.items()
            if len(votes) or len(unfiltered.get(name, ()))
        },
        vote_worth=worth,
        voted=voted,
        need_facets=need_facets[0],
        collaboration=collaboration,
    )


def _text_votes(
    understood: UnderstoodQuestion, within: Selection, everywhere: Selection
) -> tuple[dict[str, Votes], dict[str, Votes]]:
    """Return the votes on the text of the facets allowed, and where filters are set of all."""
    if not understood.text_is_known:
        return {}, {}
    vector = understood.vector[None, :]
    by_view = votes_by_view(understood.snapshot, vector, within)[0]
    if len(within) == len(everywhere):
        return by_view, {}
    return by_view, votes_by_view(understood.snapshot, vector, everywhere)[0]


def _facets_near_needs(understood: UnderstoodQuestion, within: Selection) -> tuple[Rows, Floats]:
    """Return the facets (f,) nearest to the needs, ascending, and the similarity of each (f,).

    Those that are less similar than MIN_SIMILARITY in every view can't meet a need.
    """
    if not understood.scores_needs or understood.needs is None or not understood.needs.needs:
        return _NOBODY, np.empty(0)
    snapshot, vectors = understood.snapshot, understood.needs.vectors
    views = snapshot.generation.encoder.views
    queries = project_onto_views(vectors, views)
    scores, ids = snapshot.index.search(queries, NEED_NEIGHBOURS, within)
    found = (ids >= 0) & (scores * np.sqrt(len(views)) >= MIN_SIMILARITY)
    facets, places = np.unique(snapshot.corpus.facet_rows(ids[found]), return_inverse=True)
    nearest = np.zeros(len(facets))
    np.maximum.at(nearest, places, scores[found].astype(np.float64))
    return facets, nearest


def _best_owners(corpus: Corpus, facets: tuple[Rows, Floats]) -> tuple[Rows, Floats]:
    """Return the groups that own facets, and the similarity of the best facet of each."""
    owners, places = corpus.owners_of(facets[0])
    groups, at = np.unique(corpus.group[owners], return_inverse=True)
    best = np.zeros(len(groups))
    np.maximum.at(best, at, facets[1][places])
    return groups, best


def _known_partners(understood: UnderstoodQuestion) -> tuple[Rows, Floats]:
    """Return the members, or where there are none, whom the text mentions; all count alike."""
    rows = understood.members
    if not len(rows):
        surely = understood.mentioned[understood.mention_confidence >= MENTIONED]
        rows = understood.snapshot.corpus.with_variants(surely)
    return rows, np.ones(len(rows))


def _best_found(corpus: Corpus, sources: Sequence[tuple[Rows, Floats]], rows: Rows) -> Rows:
    """Return those who may be proposed (c,), ascending; of too many those ranked best together.

    Reciprocal rank fusion (Cormack, Clarke & Büttcher, 2009): each source counts 1 / (60 + rank).
    """
    if len(rows) <= MAX_CANDIDATES:
        return rows
    order = np.argsort(corpus.group[rows], kind="stable")
    groups = corpus.group[rows][order]
    fused = np.zeros(len(rows))
    for found, strength in sources:
        may_be = np.isin(found, groups)
        places = order[np.searchsorted(groups, found[may_be])]
        best_first = np.argsort(-strength[may_be], kind="stable")
        fused[places[best_first]] += 1.0 / (RANK_FUSION + np.arange(1, len(places) + 1))
    best = np.argsort(-fused, kind="stable")[:MAX_CANDIDATES]
    return np.sort(rows[best])


def _selected(understood: UnderstoodQuestion, groups: Rows, allowed: Mask | None) -> Rows:
    """Return the candidates (c,) of groups, ascending: whoever isn't excluded by the question."""
    corpus, question = understood.snapshot.corpus, understood.question
    excluded = corpus.rows((*question.exclude, *question.unlike))
    groups = np.setdiff1d(groups, corpus.group[excluded])
    return eligible_rows(corpus, groups, understood.members, allowed)


def eligible_rows(corpus: Corpus, groups: Rows, members: Rows, allowed: Mask | None) -> Rows:
    """Return a record for each group that may be proposed beside the members, ascending.

    Neither members nor their competitors may be. Of name variants the most experienced is shown;
    where filters (`allowed` (n,), None for all) leave it out, the first that they let pass.
    """
    out = np.concatenate([members, corpus.competitors_of(members)])
    rows = corpus.representatives(np.setdiff1d(groups, corpus.group[out]))
    if allowed is None:
        return np.sort(rows)
    passing = [row for row in rows.tolist() if allowed[row]]
    for row in rows[~allowed[rows]].tolist():
        others = [other for other in corpus.variants_of(row) if allowed[other]]
        passing.extend(others[:1])
    return np.array(sorted(passing), dtype=np.int64)


def _company_share(corpus: Corpus, votes: OrganisationVotes, shown: Rows) -> float:
    """Return what companies get of the votes; `shown` (g,) stand for the groups that have some."""
    are_companies = corpus.type_numbers[shown] == TYPES.index(OrganisationType.COMPANY)
    return float(votes.experience[are_companies].sum() / max(votes.experience.sum(), 1e-9))


def _calibrated(
    corpus: Corpus, curves: VoteCurves, votes: OrganisationVotes, rows: Rows, shown: Rows
) -> tuple[Floats, VotedFor]:
    """Return what votes are worth for each candidate (c,), and how sure whoever got votes is.

    `shown` (g,) stand for the groups that got votes.
    """
    worth = curves.for_keys(corpus.keys[rows]).worth(votes.at(corpus.group[rows])[0])
    voted = np.sort(shown)
    calibration = curves.for_keys(corpus.keys[voted])
    log_odds = calibration.log_odds(votes.at(corpus.group[voted])[0])
    return worth, VotedFor(voted, log_odds, calibration.surest(log_odds))
