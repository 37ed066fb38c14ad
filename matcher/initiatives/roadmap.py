"""The roadmap: the needs in the order of idea to market, who covers each, and what is next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from matcher.domain import Need, Stage
from matcher.initiatives.context import InitiativeAnswer, InitiativeContext, Status
from matcher.initiatives.contributions import Contribution, ContributionReader, NeedStatus
from matcher.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedContribution(Contribution):
    """Who covers a need, and since when."""

    since: str | None
    """The day it joined, else the year of the past project that is quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapStep(NeedStatus):
    """A need on the way from idea to market."""

    covered_by: tuple[DatedContribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap(InitiativeAnswer):
    """The needs in the order of idea to market."""

    done: int
    """How many of them the members cover."""
    steps: tuple[RoadmapStep, ...]
    next_missing: RoadmapStep | None


def roadmap(store: Store, context: InitiativeContext) -> Roadmap:
    """Return the needs in the order of idea to market: who covers each, since when, what is next.

    Needs of one stage go by the day on which they are due, those without a stage come last.
    """
    reader = ContributionReader(store, context)
    joined = {member.organisation_id: member.since for member in context.initiative.members}
    needs = context.needed.needs
    order = sorted(range(len(needs)), key=lambda index: (*_position(needs[index]), index))
    steps = tuple(_step(reader.need_status(index), joined) for index in order)
    return Roadmap(
        initiative=context.name,
        corpus_version=context.snapshot.version,
        source=context.needed.source,
        done=sum(step.status is Status.COVERED for step in steps),
        steps=steps,
        next_missing=next((step for step in steps if step.status is Status.MISSING), None),
    )


def _position(need: Need) -> tuple[int, date]:
    stage = len(Stage) if need.stage is None else list(Stage).index(need.stage)
    return stage, need.due or date.max


def _step(need: NeedStatus, joined: Mapping[str, date | None]) -> RoadmapStep:
    return RoadmapStep(
        text=need.text,
        level=need.level,
        weight=need.weight,
        stage=need.stage,
        due=need.due,
        share=need.share,
        probability=need.probability,
        status=need.status,
        covered_by=tuple(
            DatedContribution(
                organisation=contribution.organisation,
                probability=contribution.probability,
                fit=contribution.fit,
                offer=contribution.offer,
                since=_since(contribution, joined),
            )
            for contribution in need.covered_by
        ),
        coverable=need.coverable,
        could_be_covered_by=need.could_be_covered_by,
    )


def _since(contribution: Contribution, joined: Mapping[str, date | None]) -> str | None:
    day = joined.get(contribution.organisation.id)
    if day is not None:
        return day.isoformat()
    year = contribution.offer.year if contribution.offer else None
    return None if year is None else str(year)
