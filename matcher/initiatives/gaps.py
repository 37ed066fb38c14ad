"""The gap report: which needs the members cover, who could cover the rest, and the missing link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.corpus.field_mix import FieldMix
from matcher.domain import NeedLevel, OrganisationType
from matcher.initiatives.context import InitiativeAnswer, InitiativeContext, Status
from matcher.initiatives.contributions import ContributionReader, NeedStatus
from matcher.initiatives.missing_link import MissingLink, missing_links
from matcher.initiatives.stages import StageCoverage, stage_coverages
from matcher.presenters import PartnerMixBrief, field_mix_brief, partner_mix_brief
from matcher.store import Store


@dataclass(frozen=True, slots=True)
class ReachableCoverage:
    """Coverage of all needs, 0 to 1."""

    members: float
    reachable: float
    """By members and everybody who may be proposed."""


@dataclass(frozen=True, slots=True)
class TypeWanted:
    """A type that is wanted."""

    type: OrganisationType
    wanted: int
    members: int


@dataclass(frozen=True, slots=True)
class MemberMix:
    """The mix of the members, and what is wanted."""

    members: PartnerMixBrief
    wanted: tuple[TypeWanted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapReport(InitiativeAnswer):
    """The gap report of an initiative."""

    coverage: ReachableCoverage
    needs: tuple[NeedStatus, ...]
    stages: tuple[StageCoverage, ...]
    missing_links: tuple[MissingLink, ...]
    partner_mix: MemberMix
    field_mix: FieldMix
    """The domains of the members."""

    @property
    def uncovered_musts(self) -> int:
        """Return how many needs must be met and no member meets, in whichever stage.

        Only where there are none can it be said that nothing is missing: the chain isn't broken
        where nobody is active before or after a stage, and needs without a stage stand beside it.
        """
        return sum(
            need.level is NeedLevel.MUST and need.status is Status.MISSING for need in self.needs
        )


def gap_report(store: Store, context: InitiativeContext) -> GapReport:
    """Say per need who covers it, who could, or that nobody does; and per stage what is missing."""
    reader = ContributionReader(store, context)
    needs = tuple(reader.need_status(index) for index in range(len(context.needed.needs)))
    stages = stage_coverages(context, needs)
    members = context.shown_members.tolist()
    everyone = np.union1d(context.members, np.flatnonzero(context.pool))
    return GapReport(
        initiative=context.name,
        corpus_version=context.snapshot.version,
        source=context.needed.source,
        coverage=ReachableCoverage(
            members=round(context.coverage.total(context.members), 4),
            reachable=round(context.coverage.total(everyone), 4),
        ),
        needs=needs,
        stages=stages,
        missing_links=missing_links(reader, stages),
        partner_mix=_member_mix(context),
        field_mix=field_mix_brief(context.snapshot, members),
    )


def _member_mix(context: InitiativeContext) -> MemberMix:
    """Return the types of the members, and for each type that is wanted how many there are."""
    members = partner_mix_brief(context.snapshot.corpus, context.shown_members.tolist())
    return MemberMix(
        members=members,
        wanted=tuple(
            TypeWanted(kind, count, members.types.get(kind.value, 0))
            for kind, count in context.initiative.wanted
        ),
    )
