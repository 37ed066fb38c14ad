"""A team as it is shown: who is in it and why, and who meets each need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.field_mix import FieldMix
from matcher.domain import Facet, Need
from matcher.initiatives.context import (
    InitiativeAnswer,
    InitiativeContext,
    Status,
    status_of,
)
from matcher.initiatives.team_task import Pick, Team
from matcher.matching.answer import FitLabel
from matcher.needs.coverage import best_facets
from matcher.presenters import (
    FacetBrief,
    OrganisationBrief,
    OrganisationName,
    PartnerMixBrief,
    facet_brief,
    field_mix_brief,
    organisation_brief,
    organisation_name,
    partner_mix_brief,
    probability_shown,
)
from matcher.store import Store
from matcher.store.facets import load_facets


@dataclass(frozen=True, slots=True)
class NeedMet:
    """A need that an organisation meets."""

    need: str
    probability: float
    fit: FitLabel
    """By that probability."""
    best_in_team: bool
    offer: FacetBrief


@dataclass(frozen=True, slots=True)
class PickReport:
    """An organisation of a team, and why it is in it."""

    organisation: OrganisationBrief
    member: bool
    adds: float
    """The coverage it added when it was chosen."""
    meets: tuple[NeedMet, ...]
    """The surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamNeed(Need):
    """A need and who of the team meets it best."""

    probability: float
    status: Status
    by: OrganisationName | None


@dataclass(frozen=True, slots=True)
class TeamReport:
    """A team."""

    coverage: float
    best_possible: float
    """No team within the quotas covers more than this."""
    exact: bool
    """Whether it is proven to be the best."""
    partner_mix: PartnerMixBrief
    field_mix: FieldMix
    picks: tuple[PickReport, ...]
    needs: tuple[TeamNeed, ...]


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """A quota, how many the first team has, and what it costs."""

    label: str
    count: int
    at_least: int
    at_most: int | None
    cost: float | None
    """How much more would be covered without it; null where time ran out before that was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAnswer(InitiativeAnswer):
    """Teams for an initiative."""

    members_cover: float
    quotas: tuple[QuotaReport, ...]
    cost_of_no_rivals: float | None
    """How much more would be covered if competitors could be in one team; null like the cost of a
    quota."""
    teams: tuple[TeamReport, ...]
    cut_short: bool = False
    """Whether time ran out: then there may be better teams, or more, and costs may be unknown."""


@dataclass(frozen=True, slots=True)
class _Offers:
    """By row, each organisation's best facet for each need (k,) and its probability (k,)."""

    best: Mapping[int, tuple[Rows, Floats]]
    facets: Mapping[int, Facet]
    """Those facets by id."""

    def best_row(self, index: int) -> int | None:
        """Return the row of the organisation that meets a need best; of equals the first row."""
        return max(self.best, key=lambda row: (self.best[row][1][index], -row), default=None)


def team_report(
    store: Store, context: InitiativeContext, team: Team, fit_share: float
) -> TeamReport:
    """Return a team as it is shown; `fit_share` is how much fit counted beside coverage."""
    corpus, needs = context.snapshot.corpus, context.needed.needs
    rows = [pick.row for pick in team.picks]
    offers = _load_offers(store, context, rows)
    best_rows = [offers.best_row(index) for index in range(len(needs))]
    return TeamReport(
        coverage=round(team.coverage, 4),
        best_possible=round(_coverage_bound(context, team, fit_share), 4),
        exact=team.exact,
        partner_mix=partner_mix_brief(corpus, rows),
        field_mix=field_mix_brief(context.snapshot, rows),
        picks=tuple(_pick_report(context, pick, offers, best_rows) for pick in team.picks),
        needs=tuple(
            _team_need(context, need, row, 0.0 if row is None else offers.best[row][1][index])
            for index, (need, row) in enumerate(zip(needs, best_rows, strict=True))
        ),
    )


def _load_offers(store: Store, context: InitiativeContext, rows: list[int]) -> _Offers:
    corpus = context.snapshot.corpus
    best = {row: best_facets(corpus, context.coverage, row) for row in rows}
    facet_rows = {int(facet) for facets, _ in best.values() for facet in facets if facet >= 0}
    with store.reading() as session:
        facets = load_facets(session, (int(corpus.facet_ids[row]) for row in facet_rows))
    return _Offers(best, facets)


def _coverage_bound(context: InitiativeContext, team: Team, fit_share: float) -> float:
    """Return what no team can cover more than: f is at least its share of the coverage."""
    everyone = np.union1d(context.members, np.flatnonzero(context.pool))
    return min(team.at_most / (1.0 - fit_share), context.coverage.total(everyone))


def _pick_report(
    context: InitiativeContext, pick: Pick, offers: _Offers, best_rows: list[int | None]
) -> PickReport:
    """Return an organisation of a team with the needs that it meets."""
    corpus = context.snapshot.corpus
    facet_rows, probabilities = offers.best[pick.row]
    meets = []
    for index, need in enumerate(context.needed.needs):
        facet = offers.facets.get(int(corpus.facet_ids[int(facet_rows[index])]))
        probability = float(probabilities[index])
        fit = FitLabel.of(probability)
        if fit is not FitLabel.WEAK and facet is not None:
            meets.append(
                NeedMet(
                    need=need.text,
                    probability=probability_shown(probability),
                    fit=fit,
                    best_in_team=best_rows[index] == pick.row,
                    offer=facet_brief(facet),
                )
            )
    return PickReport(
        organisation=organisation_brief(corpus.organisation(pick.row)),
        member=pick.member,
        adds=round(pick.gain, 4),
        meets=tuple(sorted(meets, key=lambda met: (-met.probability, met.need))),
    )


def _team_need(
    context: InitiativeContext, need: Need, row: int | None, probability: float
) -> TeamNeed:
    corpus, status = context.snapshot.corpus, status_of(probability)
    by = None if row is None or status is Status.MISSING else organisation_name(corpus, row)
    return TeamNeed(
        text=need.text,
        level=need.level,
        weight=need.weight,
        stage=need.stage,
        due=need.due,
        probability=probability_shown(float(probability)),
        status=status,
        by=by,
    )
