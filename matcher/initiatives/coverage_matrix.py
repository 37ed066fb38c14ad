"""Who meets which need: the members, and those who would add most, in one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.domain import Need
from matcher.initiatives.context import (
    InitiativeAnswer,
    InitiativeContext,
    Status,
    status_of,
)
from matcher.presenters import OrganisationBrief, organisation_brief, probability_shown

MAX_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """An organisation, and whether it is a member."""

    organisation: OrganisationBrief
    member: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A need and how surely it is met."""

    need: Need
    share: float
    """Of the weight of all needs."""
    members: float
    """The probability that the members meet it."""
    all: float
    """The same for members and candidates."""
    status: Status
    probabilities: tuple[float, ...]
    """By column."""


@dataclass(frozen=True, slots=True)
class MatrixCoverage:
    """Coverage of all needs, 0 to 1, by the members and by everybody in the table."""

    members: float
    all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMatrix(InitiativeAnswer):
    """Needs by organisations, members first."""

    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    coverage: MatrixCoverage


def coverage_matrix(context: InitiativeContext, candidates: int = MAX_CANDIDATES) -> CoverageMatrix:
    """Return the probability that each member and candidate meets each need."""
    coverage, corpus = context.coverage, context.snapshot.corpus
    rows = [*context.shown_members.tolist(), *_candidates(context, candidates)]
    members = len(context.shown_members)
    everyone = np.union1d(context.members, np.array(rows, dtype=np.int64))
    by_members, by_everyone = coverage.of(context.members), coverage.of(everyone)
    return CoverageMatrix(
        initiative=context.name,
        corpus_version=context.snapshot.version,
        source=context.needed.source,
        columns=tuple(
            MatrixColumn(organisation_brief(corpus.organisation(row)), column < members)
            for column, row in enumerate(rows)
        ),
        rows=tuple(
            MatrixRow(
                need=need,
                share=round(float(coverage.weights[index]), 4),
                members=probability_shown(float(by_members[index])),
                all=probability_shown(float(by_everyone[index])),
                status=status_of(float(by_members[index])),
                probabilities=tuple(
                    probability_shown(float(coverage.meets[index, row])) for row in rows
                ),
            )
            for index, need in enumerate(context.needed.needs)
        ),
        coverage=MatrixCoverage(
            members=round(coverage.total(context.members), 4),
            all=round(coverage.total(everyone), 4),
        ),
    )


def _candidates(context: InitiativeContext, count: int) -> list[int]:
    """Return the rows of those who would add most, chosen one after the other.

    Each adds most to the coverage that the members and those before have; so each is there for a
    need that was still open.
    """
    coverage = context.coverage
    chosen: list[int] = []
    if not len(context.needed.needs):
        return chosen
    while len(chosen) < count:
        gains = coverage.gains(np.concatenate([context.members, np.array(chosen, np.int64)]))
        gains = np.where(context.pool, gains, 0.0)
        gains[chosen] = 0.0
        best = int(gains.argmax())
        if gains[best] <= 0.0:
            break
        chosen.append(best)
    return chosen
