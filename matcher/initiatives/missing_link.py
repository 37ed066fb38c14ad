"""The missing link: the stages at which the chain from idea to market breaks, and who mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from matcher.domain import NeedLevel, Stage
from matcher.initiatives.context import Status, best_rows, may_meet, status_of
from matcher.initiatives.contributions import MAX_ORGANISATIONS, Contribution, ContributionReader
from matcher.initiatives.stages import StageCoverage
from matcher.models.need_offer import CHAIN
from matcher.needs.resolve import Source


class LinkReason(StrEnum):
    """Why a stage breaks the chain."""

    NEEDS_MISSING = "needs_missing"
    NOBODY_ACTIVE = "nobody_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Contribution):
    """Who would fill a missing link."""

    need: str


@dataclass(frozen=True, slots=True)
class MissingLink:
    """A stage at which the chain from idea to market breaks."""

    stage: Stage
    because: LinkReason
    needs: tuple[str, ...]
    proposals: tuple[Proposal, ...]


def missing_links(
    reader: ContributionReader, stages: Sequence[StageCoverage]
) -> tuple[MissingLink, ...]:
    """Return the stages between idea and market at which the chain breaks, and who mends it.

    A stage breaks the chain where what must be there is missing while members are active before
    it or after it: all that is stated for it, or where needs were only read from a brief, with
    no member active in it. Where no needs are known, it does so if members are active on both
    sides of it and nobody in it.
    """
    source = reader.context.needed.source
    chain = [stage for stage in stages if stage.stage in CHAIN]
    links = []
    for index, stage in enumerate(chain):
        before = any(earlier.reached for earlier in chain[:index])
        after = any(later.reached for later in chain[index + 1 :])
        musts = _missing_musts(reader, stage.stage)
        inactive = not stage.members
        broken = stage.status is Status.MISSING if source is Source.STATED else inactive
        between = source is Source.MEMBERS and inactive and before and after
        if (musts and broken and (before or after)) or between:
            links.append(
                MissingLink(
                    stage=stage.stage,
                    because=LinkReason.NEEDS_MISSING if musts else LinkReason.NOBODY_ACTIVE,
                    needs=tuple(reader.context.needed.needs[need].text for need in musts),
                    proposals=_proposals(reader, musts),
                )
            )
    return tuple(links)


def _missing_musts(reader: ContributionReader, stage: Stage) -> list[int]:
    """Return the must-have needs of a stage, by index, that no member meets."""
    probabilities = reader.coverage.of(reader.context.members)
    return [
        index
        for index, need in enumerate(reader.context.needed.needs)
        if need.stage is stage
        and need.level is NeedLevel.MUST
        and status_of(probabilities[index]) is Status.MISSING
    ]


def _proposals(reader: ContributionReader, needs: Sequence[int]) -> tuple[Proposal, ...]:
    """Return who meets most of the needs, given by index: who would fill the missing link.

    Each of them may well meet at least one.
    """
    if not needs:
        return ()
    weights = reader.coverage.weights[list(needs)]
    meets = reader.coverage.meets[list(needs)]
    able = reader.context.pool & may_meet(meets.max(axis=0))
    rows = best_rows(weights @ meets, able, MAX_ORGANISATIONS)
    reader.load(rows)
    return tuple(_proposal(reader, needs, row) for row in rows)


def _proposal(reader: ContributionReader, needs: Sequence[int], row: int) -> Proposal:
    """Return an organisation with the one of the needs that it meets best."""
    probabilities = reader.probabilities(row)
    best = max(needs, key=lambda need: probabilities[need])
    contribution = reader.contribution(best, row)
    return Proposal(
        organisation=contribution.organisation,
        probability=contribution.probability,
        fit=contribution.fit,
        offer=contribution.offer,
        need=reader.context.needed.needs[best].text,
    )
