"""Need-offer models for tests: one slope over the mean of the views; words don't count."""

from __future__ import annotations

from matcher.models.need_offer import Curve, NeedOfferModel


def need_offer_model(
    intercept: float, slope: float, stages: tuple[float, float, float], views: int = 1
) -> NeedOfferModel:
    """Return a model that is the same within a language and across languages."""
    curve = Curve(intercept, (slope / views,) * views, 0.0, 0.0, 0.0)
    return NeedOfferModel(curve, curve, stages)
