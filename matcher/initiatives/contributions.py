"""Who meets a need of an initiative, how surely, and with which offer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matcher.arrays import Floats, Rows, mask_of
from matcher.domain import Facet, Need
from matcher.initiatives.context import InitiativeContext, Status, best_rows, may_meet, status_of
from matcher.matching.answer import FitLabel
from matcher.needs.coverage import best_facets
from matcher.presenters import (
    FacetBrief,
    OrganisationBrief,
    facet_brief,
    organisation_brief,
    probability_shown,
)
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_ORGANISATIONS = 3
"""So many are named for each need, of the members and of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Who meets a need, how surely, and with which offer or past project."""

    organisation: OrganisationBrief
    probability: float
    fit: FitLabel
    """By that probability."""
    offer: FacetBrief | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedStatus(Need):
    """A need: who of the members covers it, and who of the others could."""

    share: float
    """Of the weight of all needs."""
    probability: float
    """That the members meet it."""
    status: Status
    covered_by: tuple[Contribution, ...]
    coverable: Status
    """By the others; missing: nobody known could cover it."""
    could_be_covered_by: tuple[Contribution, ...]


class ContributionReader:
    """Reads who meets the needs of an initiative; each facet is loaded once."""

    def __init__(self, store: Store, context: InitiativeContext) -> None:
        self.context = context
        self.corpus = context.snapshot.corpus
        self.coverage = context.coverage
        self._store = store
        self._best: dict[int, tuple[Rows, Floats]] = {}
        self._facets: dict[int, Facet] = {}
        members = mask_of(context.members, len(self.corpus))
        self._members = [
            best_rows(probabilities, members & may_meet(probabilities), MAX_ORGANISATIONS)
            for probabilities in self.coverage.meets
        ]
        self._others = [
            best_rows(probabilities, context.pool & may_meet(probabilities), MAX_ORGANISATIONS)
            for probabilities in self.coverage.meets
        ]
        self.load({row for rows in [*self._members, *self._others] for row in rows})

    def load(self, rows: Iterable[int]) -> None:
        """Load what these organisations offer best for each need."""
        fresh = {
            row: best_facets(self.corpus, self.coverage, row)
            for row in rows
            if row not in self._best
        }
        self._best.update(fresh)
        facet_rows = {int(facet) for facets, _ in fresh.values() for facet in facets if facet >= 0}
        with self._store.reading() as session:
            ids = (int(self.corpus.facet_ids[row]) for row in facet_rows)
            self._facets.update(load_facets(session, ids))

    def need_status(self, index: int) -> NeedStatus:
        """Return a need with the organisations that cover it and those that could."""
        need = self.context.needed.needs[index]
        probability = float(self.coverage.of(self.context.members)[index])
        others = tuple(self.contribution(index, row) for row in self._others[index])
        best = max((contribution.probability for contribution in others), default=0.0)
        return NeedStatus(
            text=need.text,
            level=need.level,
            weight=need.weight,
            stage=need.stage,
            due=need.due,
            share=round(float(self.coverage.weights[index]), 4),
            probability=probability_shown(probability),
            status=status_of(probability),
            covered_by=tuple(self.contribution(index, row) for row in self._members[index]),
            coverable=status_of(best),
            could_be_covered_by=others,
        )

    def contribution(self, index: int, row: int) -> Contribution:
        """Return how an organisation that was loaded meets a need."""
        facets, probabilities = self._best[row]
        facet_row = int(facets[index])
        facet = None if facet_row < 0 else self._facets.get(int(self.corpus.facet_ids[facet_row]))
        return Contribution(
            organisation=organisation_brief(self.corpus.organisation(row)),
            probability=probability_shown(float(probabilities[index])),
            fit=FitLabel.of(float(probabilities[index])),
            offer=facet_brief(facet) if facet else None,
        )

    def probabilities(self, row: int) -> Floats:
        """Return how surely an organisation that was loaded meets each need (k,)."""
        return self._best[row][1]
