"""The weights of the score: what each feature counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

VIEW_WEIGHTS = {"word_vectors": "words", "sentence": "sentence"}
"""The weight of each view of a text, by the view's name; other views count 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of features and views, none negative; only their ratios matter.

    The defaults ship with the service: fitted on six families of past projects together.
    """

    text: float = 1.0
    fit: float = 1.0
    coverage: float = 2.0
    collaboration: float = 1.5
    affiliation: float = 0.8
    mention: float = 0.15
    reciprocity: float = 0.3
    likely_partners: float = 0.1
    """What collaboration and affiliation count beside that where no members are given, and likely
    partners stand in for them."""
    words: float = 1.0
    """What the view of words counts in the text relevance."""
    sentence: float = 0.6

    def of_view(self, name: str) -> float:
        """Return what a view counts in the text relevance."""
        return float(getattr(self, VIEW_WEIGHTS[name])) if name in VIEW_WEIGHTS else 1.0

    def view_shares(
        self, view_coverage: Mapping[str, float], views: Iterable[str]
    ) -> dict[str, float]:
        """Return the share of each of some views: its weight times how much of the text it knows.

        The shares don't add up to 1: who mixes views divides by their sum.
        """
        return {name: self.of_view(name) * view_coverage[name] for name in views}
