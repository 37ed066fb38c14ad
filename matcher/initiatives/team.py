"""A whole team for an initiative, under quotas, with the reason for each and the cost of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.columns import Corpus, OrganisationRecord
from matcher.domain import Facet, Filters, OrganisationType, Question
from matcher.initiatives.context import PERHAPS, InitiativeContext, status_of
from matcher.initiatives.team_solver import (
    Quota,
    Task,
    Team,
    choose_exactly,
    cost_of_quotas,
    several,
)
from matcher.matching.retrieve import listen, vector_of
from matcher.matching.score import weigh
from matcher.matching.scoring import Weights
from matcher.matching.service import searchable_facets
from matcher.needs.coverage import best_facets
from matcher.presenters import facet_json, name_json, need_json, organisation_json, partner_mix_json
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_SIZE = 100
MAX_QUOTAS = 30
MAX_TEAMS = 10
FIT_SHARE = 0.1
"""How much fit counts beside coverage: it decides among equals."""
COMPETING = 0.75
"""Companies whose profiles are at least so alike compete."""
MAX_COMPARED = 400
"""So many companies, those that meet most, are compared with each other for competing."""


class Of(StrEnum):
    """What a quota counts organisations by."""

    TYPE = "type"
    SIZE_CLASS = "size_class"
    COUNTRY = "country"
    REGION = "region"
    SME = "sme"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quota: how many organisations of a kind a team must have at least and at most.

    `value` is a type, a size class, a country, or the beginning of a NUTS code; SMEs and newcomers,
    which have no past project yet, need none.
    """

    of: Of
    value: str = ""
    at_least: int = 0
    at_most: int | None = None

    @property
    def label(self) -> str:
        """What users call it."""
        limits = [f"at least {self.at_least}"] if self.at_least else []
        limits += [f"at most {self.at_most}"] if self.at_most is not None else []
        return f"{self.of.value} {self.value}".strip() + ": " + ", ".join(limits)


@dataclass(frozen=True, slots=True)
class TeamRequest:
    """What team somebody wants."""

    size: int
    quotas: tuple[Wanted, ...] = ()
    exclude: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    competing: bool = False
    """Whether companies that compete may be in one team; those that say so never are."""
    teams: int = 1
    cap: int = 1
    """In how many of several teams one organisation that isn't a member may be."""
    exact: bool = False


def form_team(
    store: Store, context: InitiativeContext, wanted: TeamRequest, weights: Weights
) -> dict[str, Any]:
    """Return one or more teams. Raises lineup.Infeasible with the labels in conflict."""
    corpus = context.snapshot.corpus
    fit = _fit(context, weights)
    pool = context.pool.copy()
    pool[corpus.with_variants(corpus.rows(wanted.exclude))] = False
    task = Task(
        meets=context.coverage.meets,
        weights=context.coverage.weights,
        fit=fit,
        pool=pool,
        kept=context.shown_members,
        size=wanted.size,
        quotas=tuple(
            Quota(one.label, counted(corpus, one), one.at_least, one.at_most)
            for one in dict.fromkeys(wanted.quotas)
        ),
        rivals=_rivals(context, pool, allowed=wanted.competing),
        fit_share=FIT_SHARE,
    )
    if wanted.exact and wanted.teams == 1:
        teams = [choose_exactly(task)]
    else:
        teams = several(task, wanted.teams, wanted.cap)
    costs = cost_of_quotas(task, teams[0])
    return {
        "initiative": {"id": context.initiative.id, "name": context.initiative.name},
        "corpus_version": context.snapshot.version,
        "source": context.needed.source.value,
        "members_cover": round(context.coverage.total(context.members), 4),
        "quotas": [
            {
                "label": quota.label,
                "count": int(quota.rows[teams[0].rows].sum()),
                "at_least": quota.at_least,
                "at_most": quota.at_most,
                "cost": round(costs[quota.label], 4),
            }
            for quota in task.quotas
        ],
        "cost_of_no_rivals": round(costs.get("rivals", 0.0), 4),
        "teams": [_team(store, context, team) for team in teams],
    }


def counted(corpus: Corpus, wanted: Wanted) -> Mask:
    """Return which organisations (n,) a quota counts."""

    def counts(record: OrganisationRecord, row: int) -> bool:
        match wanted.of:
            case Of.TYPE:
                return record.type.value == wanted.value
            case Of.SIZE_CLASS:
                return record.size is not None and record.size.value == wanted.value
            case Of.COUNTRY:
                return record.place.country == wanted.value
            case Of.REGION:
                return (record.place.region or "").startswith(wanted.value)
            case Of.SME:
                return record.sme is True
            case Of.NEWCOMER:
                return not corpus.experience[row]

    return np.array([counts(record, row) for row, record in enumerate(corpus.organisations)])


def _fit(context: InitiativeContext, weights: Weights) -> Floats:
    """Return how well each organisation (n,) fits the initiative by all parts of the score."""
    snapshot, initiative = context.snapshot, context.initiative
    brief = initiative.brief.strip()
    heard = None
    if brief:
        vector = vector_of(snapshot, brief)
        everyone = np.ones(len(snapshot.corpus), dtype=np.bool_)
        searchable = searchable_facets(snapshot.corpus, everyone)
        heard = listen(snapshot, brief, vector, searchable, weights)
    question = Question(text=brief, needs=initiative.needs, members=initiative.member_ids)
    weighed = weigh(
        snapshot,
        question,
        heard,
        context.needed,
        context.members,
        weights,
        coverage=context.coverage,
    )
    return np.clip(weighed.fit, 0.0, 1.0)


def _rivals(
    context: InitiativeContext, pool: Mask, *, allowed: bool
) -> tuple[tuple[int, int], ...]:
    """Return pairs that are never in one team: they say so, or are companies that compete.

    Members that are in together already may stay together.
    """
    corpus = context.snapshot.corpus
    inside = pool.copy()
    inside[context.shown_members] = True
    pairs = {pair for pair in corpus.rivals if inside[pair[0]] and inside[pair[1]]}
    if not allowed:
        worth = context.coverage.single()
        companies = [
            row
            for row in np.flatnonzero(pool & (worth > 0)).tolist()
            if corpus.organisations[row].type is OrganisationType.COMPANY
        ]
        rows = np.array(
            sorted(companies, key=lambda row: -worth[row])[:MAX_COMPARED], dtype=np.int64
        )
        profiles = context.snapshot.profiles_of(rows)
        for one, other in np.argwhere(np.triu(profiles @ profiles.T, 1) >= COMPETING):
            pairs.add((min(rows[one], rows[other]), max(rows[one], rows[other])))
    kept = set(context.shown_members.tolist())
    return tuple(sorted((int(a), int(b)) for a, b in pairs if not (a in kept and b in kept)))


def _team(store: Store, context: InitiativeContext, team: Team) -> dict[str, Any]:
    corpus, coverage = context.snapshot.corpus, context.coverage
    best = {pick.row: best_facets(corpus, coverage, pick.row) for pick in team.picks}
    numbers = {int(one) for facets, _ in best.values() for one in facets if one >= 0}
    with store.reading() as session:
        facets = load_facets(session, (corpus.facets[row].id for row in numbers))
    rows = [pick.row for pick in team.picks]
    by_need = [_surest(best, at) for at in _places(context)]
    return {
        "coverage": round(team.coverage, 4),
        "best_possible": round(_coverage_bound(context, team, FIT_SHARE), 4),
        "exact": team.exact,
        "partner_mix": partner_mix_json([corpus.organisations[row].type for row in rows]),
        "picks": [
            {
                "organisation": organisation_json(corpus.organisations[pick.row]),
                "member": pick.kept,
                "adds": round(pick.gain, 4),
                "meets": _meets(
                    context, best[pick.row], facets, pick.row, [one for one, _ in by_need]
                ),
            }
            for pick in team.picks
        ],
        "needs": [
            {
                **need_json(need),
                "probability": round(probability, 3),
                "status": status_of(probability),
                "by": name_json(corpus, row)
                if row is not None and probability >= PERHAPS
                else None,
            }
            for need, (row, probability) in zip(context.needed.needs, by_need, strict=True)
        ],
    }


def _surest(best: Mapping[int, tuple[Rows, Floats]], at: int) -> tuple[int | None, float]:
    """Return who of the team meets a need best, with the chance; nobody in an empty team."""
    row = max(best, key=lambda row: (best[row][1][at], -row), default=None)
    return row, 0.0 if row is None else float(best[row][1][at])


def _places(context: InitiativeContext) -> range:
    return range(len(context.needed.needs))


def _coverage_bound(context: InitiativeContext, team: Team, fit_share: float) -> float:
    """Return what no team can cover more than: f is at least its share of the coverage."""
    everyone = np.union1d(context.members, np.flatnonzero(context.pool))
    return min(team.at_most / (1.0 - fit_share), context.coverage.total(everyone))


def _meets(
    context: InitiativeContext,
    best: tuple[Rows, Floats],
    facets: Mapping[int, Facet],
    row: int,
    by_need: list[int | None],
) -> list[dict[str, Any]]:
    """Return the needs that an organisation meets, with the offer, the surest first."""
    numbers, probabilities = best
    found = []
    for at in _places(context):
        facet = facets.get(context.snapshot.corpus.facets[int(numbers[at])].id)
        if probabilities[at] >= PERHAPS and facet is not None:
            found.append(
                {
                    "need": context.needed.needs[at].text,
                    "probability": round(float(probabilities[at]), 3),
                    "best_in_team": by_need[at] == row,
                    "offer": facet_json(facet),
                }
            )
    return sorted(found, key=lambda one: (-one["probability"], one["need"]))
