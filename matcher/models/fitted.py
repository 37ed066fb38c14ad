"""All that is fitted on a corpus when its index is built, as one typed object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from matcher.models.need_offer import NeedOfferModel
from matcher.models.score_calibration import ScoreCalibration
from matcher.models.vote_calibration import VoteCurves
from matcher.models.weights import Weights


class QueryMode(StrEnum):
    """The two ways to ask that are fitted and measured apart: without and with members."""

    TEXT_ONLY = "text only"
    HALF_GIVEN = "half of the members given"


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over queries whose answers are known."""

    ndcg_10: float
    recall_50: float
    rare_recall_100: float
    """Of partners with at most two past projects."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What shipped and fitted weights are worth on past projects held out, in one mode."""

    mode: QueryMode
    queries: int
    shipped: Quality
    fitted: Quality


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was compared when the weights were fitted, and which were kept."""

    queries: int
    """How many queries the weights were fitted on."""
    fitted: Weights
    installed: bool
    """Whether the fitted weights were kept; the shipped ones where those are better."""
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class FittedModels:
    """The models of one generation. Without any history, those that ship with the service."""

    need_offer: NeedOfferModel
    weights: Weights = field(default_factory=Weights)
    votes: VoteCurves | None = None
    """What votes of past projects are worth; None where there were too few to fit it."""
    calibration: Mapping[QueryMode, ScoreCalibration] = field(default_factory=dict)
    """From scores to probabilities; empty where there were too few past projects."""
    report: FitReport | None = None
    """None where there was too little history to fit weights on."""

    def calibration_for(self, *, with_members: bool) -> ScoreCalibration | None:
        """Return the calibration of questions with or without members."""
        mode = QueryMode.HALF_GIVEN if with_members else QueryMode.TEXT_ONLY
        return self.calibration.get(mode)

    def as_json(self) -> dict[str, Any]:
        """Return what `models_from` reads."""
        body: dict[str, Any] = _MODELS.dump_python(self, mode="json")
        return body


def models_from(saved: object) -> FittedModels:
    """Return the models that `as_json` wrote. Raises ValueError for anything else."""
    return _MODELS.validate_python(saved)


_MODELS = TypeAdapter(FittedModels)
