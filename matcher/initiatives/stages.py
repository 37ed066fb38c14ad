"""The stages from idea to market: what is needed in each, and which members are active there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.corpus.filters import unexpired
from matcher.domain import FacetKind, Stage
from matcher.initiatives.context import InitiativeContext, Status, status_of
from matcher.initiatives.contributions import NeedStatus
from matcher.presenters import OrganisationName, organisation_name


@dataclass(frozen=True, slots=True)
class StageCoverage:
    """A stage from idea to market."""

    stage: Stage
    needs: int
    missing: tuple[str, ...]
    """The needs that no member meets."""
    covered: float | None
    """Coverage of its needs by the members, 0 to 1; null where it has none."""
    status: Status | None
    members: tuple[OrganisationName, ...]
    """Members with an offer in this stage."""

    @property
    def reached(self) -> bool:
        """Whether members are active in it, or its needs are perhaps covered."""
        return bool(self.members) or self.status in (Status.COVERED, Status.PERHAPS)


def stage_coverages(
    context: InitiativeContext, needs: Sequence[NeedStatus]
) -> tuple[StageCoverage, ...]:
    """Return the stages from idea to market with their needs and the members active in them."""
    active = _active_members(context)
    stages = []
    for stage in Stage:
        of_stage = [need for need in needs if need.stage is stage]
        share = sum(need.share for need in of_stage)
        covered = sum(need.share * need.probability for need in of_stage)
        stages.append(
            StageCoverage(
                stage=stage,
                needs=len(of_stage),
                missing=tuple(need.text for need in of_stage if need.status is Status.MISSING),
                covered=round(covered / share, 3) if share else None,
                status=status_of(covered / share) if share else None,
                members=tuple(
                    organisation_name(context.snapshot.corpus, row) for row in active[stage]
                ),
            )
        )
    return tuple(stages)


def _active_members(context: InitiativeContext) -> dict[Stage, list[int]]:
    """Return by stage the rows of the members that have an offer in it."""
    corpus = context.snapshot.corpus
    valid_offers = corpus.of_kind(FacetKind.OFFER) & unexpired(corpus)
    active: dict[Stage, list[int]] = {stage: [] for stage in Stage}
    for row in context.shown_members.tolist():
        own = corpus.facets_owned([row, *corpus.variants_of(row)])
        stages = set(corpus.stages(own[valid_offers[own]]))
        for stage in stages:
            if stage is not None:
                active[stage].append(row)
    return active
