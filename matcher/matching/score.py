"""Third stage, score: features of the candidates, put together by the weights.

The formula is `combine`, and stands here alone: serving, fitting and evaluation use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.matching.features.affiliation import affiliation, likely_partners
from matcher.matching.features.coverage import need_coverage_feature
from matcher.matching.features.fit import Fit, fit_of
from matcher.matching.features.mention import mention
from matcher.matching.features.reciprocity import reciprocity
from matcher.matching.features.text import mix_views, text_relevance_by_view
from matcher.matching.retrieve import Candidates
from matcher.models.fitted import FittedModels
from matcher.models.weights import Weights
from matcher.needs.comparison import candidate_coverage
from matcher.needs.coverage import Coverage
from matcher.needs.resolve import Source

QUALIFYING = frozenset({"text", "coverage", "collaboration", "mention"})
"""Features that put an organisation on the list; affiliation and reciprocity alone don't."""
LIKELY = frozenset({"collaboration", "affiliation"})
"""Features that count less where likely partners stand in for members."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The features of candidates, each (c,) from 0 to 1, before they are weighted."""

    candidates: Candidates
    text_by_view: Mapping[str, Floats]
    values: Mapping[str, Floats]
    """All features but the text relevance, which depends on the weights of the views."""
    fit: Fit
    """How surely the facets near the question are what is asked."""
    coverage: Coverage | None
    """How well candidates and members meet the needs; None where no needs are known."""
    partners: Rows
    """Whose affiliation counts: the members, or likely partners, the likeliest first."""

    @property
    def with_members(self) -> bool:
        """Whether members are given, so that nobody has to stand in for them."""
        return bool(len(self.candidates.understood.members))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredCandidates:
    """Candidates with their scores."""

    features: Features
    parts: Mapping[str, Floats]
    """What each feature gives (c,) to the score; the parts add up to it."""
    scores: Floats
    """(c,) the score, 0 to 1; 0 for those that no evidence speaks for."""
    probability: Floats | None
    """(c,) that an organisation with such a score takes part; None where it was never fitted."""

    @property
    def candidates(self) -> Candidates:
        """The candidates that were scored."""
        return self.features.candidates


def score(
    candidates: Candidates, models: FittedModels, coverage: Coverage | None = None
) -> ScoredCandidates:
    """Score the candidates by the fitted models.

    `coverage` is that of the needs, where it was worked out before, for all organisations.
    """
    features = compute_features(candidates, coverage)
    parts = combine(
        features.text_by_view,
        candidates.understood.view_coverage,
        features.values,
        models.weights,
        with_members=features.with_members,
    )
    count = len(candidates.rows)
    scores = np.where(qualifies(parts, count), total_of(parts, count), 0.0)
    calibration = models.calibration_for(with_members=features.with_members)
    probability = None
    if calibration is not None:
        probability = calibration.probability(scores, candidates.voted.surest)
    return ScoredCandidates(features, parts, scores, probability)


def compute_features(candidates: Candidates, coverage: Coverage | None = None) -> Features:
    """Work out all features that the question gives rise to."""
    understood = candidates.understood
    fit = fit_of(candidates)
    values: dict[str, Floats] = {"fit": fit.candidates}
    if len(candidates.collaboration.partners):
        values["collaboration"] = candidates.collaboration.feature(candidates.groups)
    partners, shares = understood.members, None
    if not len(partners):
        partners, shares = likely_partners(candidates)
    if len(partners):
        values["affiliation"] = affiliation(candidates, partners, shares)
    needs = understood.needs if understood.scores_needs else None
    stated = needs is not None and needs.source is Source.STATED
    if understood.text or stated:
        values["mention"] = mention(candidates)
    if needs is not None and needs.needs:
        if coverage is None:
            coverage = candidate_coverage(
                understood.snapshot,
                needs,
                candidates.need_facets,
                candidates.rows,
                understood.members,
                understood.deadline,
            )
        covered = need_coverage_feature(candidates, coverage)
        if stated:
            values["coverage"] = covered
        if len(understood.members) and understood.snapshot.corpus.states_needs:
            values["reciprocity"] = reciprocity(candidates, covered)
    else:
        coverage = None
    by_view = text_relevance_by_view(candidates)
    return Features(candidates, by_view, values, fit, coverage, partners)


def combine(
    text_by_view: Mapping[str, Floats],
    view_coverage: Mapping[str, float],
    features: Mapping[str, Floats],
    weights: Weights,
    *,
    with_members: bool,
) -> dict[str, Floats]:
    """Return the parts of the score: features (c,) by their weights, which are made to add up to 1.

    A linear combination (Metzler & Croft, 2007, Linear feature-based models for information
    retrieval). The text relevance is mixed of its views first. A feature that the question doesn't
    give rise to takes no share.
    """
    if text_by_view:
        features = {"text": mix_views(text_by_view, view_coverage, weights), **features}
    shares = {name: float(getattr(weights, name)) for name in features}
    if not with_members:
        for name in LIKELY & shares.keys():
            shares[name] *= weights.likely_partners
    total = sum(shares.values()) or 1.0
    return {name: share / total * features[name] for name, share in shares.items() if share > 0}


def qualifies(parts: Mapping[str, Floats], count: int) -> Mask:
    """Return which candidates (c,) have a part that alone puts them on the list."""
    return total_of({name: part for name, part in parts.items() if name in QUALIFYING}, count) > 0


def total_of(parts: Mapping[str, Floats], count: int) -> Floats:
    """Return the sum (c,) of parts."""
    return sum(parts.values(), np.zeros(count))
