"""From a score to the probability that an organisation takes part.

The best of a list has about the same score, whether the past tells much of the question or little.
So the probability goes by the score and by how sure the surest organisation is (its log odds by
votes alone): within one list it rises with the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Mask, Rows

MIN_PAIRS = 100
"""How many pairs at least make one point of the curve, at its top; further down, more do."""
GROWTH = 1.12
_SMALL = 0.01


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """A rising curve over `score * log(score) + sureness * (surest - usual)`."""

    score: float
    sureness: float
    usual: float
    """The mean log odds of the surest organisation of a question."""
    at: tuple[float, ...]
    probability_at: tuple[float, ...]

    def probability(self, scores: Floats, surest: float | None) -> Floats:
        """Return the probability (n,) of each score (n,).

        `surest` is how sure the surest organisation is, as log odds; None where that isn't known.
        """
        more_sure = 0.0 if surest is None else surest - self.usual
        places = self.score * np.log(scores + _SMALL) + self.sureness * more_sure
        found: Floats = np.interp(places, self.at, self.probability_at)
        return found


def fit_score_calibration(
    scores: Sequence[Floats], surest: Sequence[float], partners: Sequence[Mask]
) -> ScoreCalibration | None:
    """Fit the curve to the first hundred of the lists of questions whose answers are known.

    Of each list the scores (k,), how sure its surest organisation is, and which are partners (k,).
    How much score and sureness count is fitted by logistic regression; groups of pairs are then
    made to rise with both (isotonic regression; Zadrozny & Elkan, 2002). None for too few pairs.
    """
    counts = [len(several) for several in scores]
    if sum(counts) < 5 * MIN_PAIRS:
        return None
    score, sure = np.concatenate(scores), np.repeat(np.array(surest, dtype=np.float64), counts)
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    together = np.concatenate(partners).astype(np.float64)
    usual = float(sure.mean())
    both = np.stack([np.log(score + _SMALL), sure - usual], axis=1)
    slopes = (1.0, 0.0)
    if 0 < together.sum() < len(together):
        learned = LogisticRegression(C=100.0).fit(both, together).coef_[0].tolist()
        if learned[0] > 0 and learned[1] > 0:
            slopes = learned[0], learned[1]
    places = both @ slopes
    groups = _groups(np.argsort(places, kind="stable"))
    middle = np.array([places[group].mean() for group in groups])
    share = np.array([together[group].mean() for group in groups])
    rising = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(
        middle, share, sample_weight=np.array([len(group) for group in groups])
    )
    return ScoreCalibration(
        score=round(slopes[0], 5),
        sureness=round(slopes[1], 5),
        usual=round(usual, 5),
        at=tuple(round(float(place), 5) for place in middle),
        probability_at=tuple(round(float(value), 5) for value in rising),
    )


def _groups(order: Rows) -> list[Rows]:
    """Cut places, the lowest first, into groups that grow downwards from MIN_PAIRS."""
    groups, end, size = [], len(order), float(MIN_PAIRS)
    while end >= 2 * size:
        groups.append(order[end - int(size) : end])
        end, size = end - int(size), size * GROWTH
    return [order[:end], *groups[::-1]]
