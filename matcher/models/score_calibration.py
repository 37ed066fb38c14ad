"""What chance a score stands for, learned from questions whose answers are known.

The best of a list has about the same score, whether the past tells much of the question or little.
So a chance goes by the score and by how sure the surest organisation is (see `credence`): within
one list it rises with the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from matcher.arrays import Floats, Rows
from matcher.evaluation.weight_search import Asked
from matcher.matching.scoring import Weights

MIN_PAIRS = 100
"""How many pairs at least make one point of the calibration, at its top; further down, more do."""
GROWTH = 1.12
_SMALL = 0.01


def calibration(questions: Sequence[Asked], weights: Weights) -> dict[str, Any]:
    """Return what `chances` reads: from pairs in lists to the share that did work together.

    Pairs are the first 100 of each question. How much score and sureness count is learned by
    logistic regression; the groups of pairs are then made to rise with both (isotonic regression;
    Zadrozny & Elkan, 2002). Empty where there are too few pairs.
    """
    scores: list[Floats] = []
    sure: list[Floats] = []
    together: list[bool] = []
    for one in questions:
        places = one.first(weights)
        scores.append(one.scores(weights)[places])
        sure.append(np.full(len(places), one.surest))
        together.extend(row in one.partners for row in one.rows[places].tolist())
    met = np.array(together, dtype=np.float64)
    if len(met) < 5 * MIN_PAIRS:
        return {}
    surest = np.concatenate(sure)
    usual = float(surest.mean())
    both = np.stack([np.log(np.concatenate(scores) + _SMALL), surest - usual], axis=1)
    score, sureness = 1.0, 0.0
    if 0 < met.sum() < len(met):
        learned = LogisticRegression(C=100.0).fit(both, met).coef_[0].tolist()
        if learned[0] > 0 and learned[1] > 0:
            score, sureness = learned
    found = both @ (score, sureness)
    groups = _groups(np.argsort(found, kind="stable"))
    sizes = np.array([len(group) for group in groups])
    middle = np.array([found[group].mean() for group in groups])
    share = np.array([met[group].mean() for group in groups])
    rising = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(
        middle, share, sample_weight=sizes
    )
    return {
        "score": round(score, 5),
        "sureness": round(sureness, 5),
        "usual": round(usual, 5),
        "at": [round(float(one), 5) for one in middle],
        "probability": [round(float(one), 5) for one in rising],
    }


def probabilities(scores: Floats, surest: float | None, saved: Mapping[str, Any]) -> Floats | None:
    """Return the chance (n,) that belongs to each score; None without a calibration.

    `surest` is how sure the surest organisation is, as log odds; None where that isn't known. What
    versions before 0.8 learned isn't read.
    """
    if "at" not in saved:
        return None
    more_sure = 0.0 if surest is None else surest - saved["usual"]
    at = saved["score"] * np.log(scores + _SMALL) + saved["sureness"] * more_sure
    found: Floats = np.interp(at, saved["at"], saved["probability"])
    return found


def _groups(order: Rows) -> list[Rows]:
    """Cut places, the lowest first, into groups that grow downwards from MIN_PAIRS."""
    groups, end, size = [], len(order), float(MIN_PAIRS)
    while end >= 2 * size:
        groups.append(order[end - int(size) : end])
        end, size = end - int(size), size * GROWTH
    return [order[:end], *groups[::-1]]
