"""A whole team for an initiative, under quotas, with the reason for each and the cost of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcher.arrays import Floats, Mask
from matcher.corpus.tables import TYPES
from matcher.domain import OrganisationType
from matcher.initiatives.actions import question_of
from matcher.initiatives.context import InitiativeContext
from matcher.initiatives.team_alternatives import different_teams
from matcher.initiatives.team_report import QuotaReport, TeamAnswer, team_report
from matcher.initiatives.team_request import TeamRequest
from matcher.initiatives.team_solver import choose_exactly, choose_greedily, coverage_without
from matcher.initiatives.team_task import RIVALS, Quota, Task
from matcher.matching.retrieve import retrieve
from matcher.matching.score import score
from matcher.matching.understand import NothingToRecommend, understand
from matcher.needs.coverage import counted
from matcher.store import Store

FIT_SHARE = 0.1
"""How much fit counts beside coverage: it decides among equals."""
COMPETING = 0.75
"""Companies whose profiles have at least this cosine similarity are taken for competitors."""
SEARCH_SECONDS = 10.0
"""How long a team is looked for."""
MAX_COMPARED = 400
"""How many companies, those that meet most, are compared with each other."""


def form_team(store: Store, context: InitiativeContext, request: TeamRequest) -> TeamAnswer:
    """Return one or more teams. Raises Infeasible with the labels in conflict, DeadlineExceeded.

    All searches together take at most SEARCH_SECONDS: for a first team, for what quotas cost, and
    then for a better team or for others.
    """
    fit = _fit(store, context)
    deadline = context.deadline.within(SEARCH_SECONDS)
    task = replace(_task(context, request, fit), deadline=deadline)
    greedy = choose_greedily(task)
    freer = coverage_without(task)
    if request.exact and request.teams == 1:
        teams = [choose_exactly(task, greedy)]
    else:
        teams = different_teams(task, request.teams, request.cap, greedy)
    costs = {label: max(freer[label] - teams[0].coverage, 0.0) for label in freer}
    return TeamAnswer(
        initiative=context.name,
        corpus_version=context.snapshot.version,
        source=context.needed.source,
        members_cover=round(context.coverage.total(context.members), 4),
        quotas=tuple(
            QuotaReport(
                label=quota.label,
                count=int(quota.rows[teams[0].rows].sum()),
                at_least=quota.at_least,
                at_most=quota.at_most,
                cost=_rounded(costs.get(quota.label)),
            )
            for quota in task.quotas
        ),
        cost_of_no_rivals=_rounded(costs.get(RIVALS)) if task.rivals else 0.0,
        teams=tuple(team_report(store, context, team, FIT_SHARE) for team in teams),
        cut_short=deadline.passed,
    )


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 4)


def _task(context: InitiativeContext, request: TeamRequest, fit: Floats) -> Task:
    """Return what is asked of the solver; `fit` (n,) is from 0 to 1."""
    corpus = context.snapshot.corpus
    pool = context.pool.copy()
    pool[corpus.with_variants(corpus.rows(request.exclude))] = False
    return Task(
        meets=counted(context.coverage.meets),
        weights=context.coverage.weights,
        fit=fit,
        pool=pool,
        members=context.shown_members,
        size=request.size,
        quotas=tuple(
            Quota(quota.label, quota.counted(corpus), quota.at_least, quota.at_most)
            for quota in dict.fromkeys(request.quotas)
        ),
        rivals=_rivals(context, pool, competing=request.competing),
        fit_share=FIT_SHARE,
    )


def _fit(store: Store, context: InitiativeContext) -> Floats:
    """Return how well each organisation (n,) fits the initiative: the score before re-ranking."""
    snapshot = context.snapshot
    fit = np.zeros(len(snapshot.corpus))
    try:
        understood = understand(snapshot, store, question_of(context.initiative))
        scored = score(retrieve(understood), snapshot.models)
    except NothingToRecommend:
        return fit
    fit[scored.candidates.rows] = np.clip(scored.scores, 0.0, 1.0)
    return fit


def _rivals(
    context: InitiativeContext, pool: Mask, *, competing: bool
) -> tuple[tuple[int, int], ...]:
    """Return pairs that are never in one team: declared competitors, and look-alike companies.

    With `competing` look-alikes may be in one team. Members may stay together whatever they are.
    """
    inside = pool.copy()
    inside[context.shown_members] = True
    corpus, members = context.snapshot.corpus, set(context.shown_members.tolist())
    kept_out = set(corpus.competitors_of(context.shown_members).tolist())
    pairs = {
        pair
        for pair in corpus.competitor_pairs
        if inside[list(pair)].all() and (not members & set(pair) or set(pair) - members <= kept_out)
    }
    if not competing:
        pairs |= _look_alikes(context, pool)
    return tuple(sorted(pair for pair in pairs if not members.issuperset(pair)))


def _look_alikes(context: InitiativeContext, pool: Mask) -> set[tuple[int, int]]:
    """Return pairs of companies, by ascending row, that compete: their profiles are similar."""
    types, worth = context.snapshot.corpus.type_numbers.whole(), context.coverage.single()
    companies = np.flatnonzero(
        pool & (worth > 0) & (types == TYPES.index(OrganisationType.COMPANY))
    )
    rows = companies[np.argsort(-worth[companies], kind="stable")[:MAX_COMPARED]]
    profiles = context.snapshot.profiles_of(rows)
    similar = np.argwhere(np.triu(profiles @ profiles.T, 1) >= COMPETING)
    return {
        (int(min(rows[one], rows[other])), int(max(rows[one], rows[other])))
        for one, other in similar.tolist()
    }
