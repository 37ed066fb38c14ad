from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import TypeAdapter

from matcher.arrays import Floats, Mask
from matcher.models.fitted import FittedModels, QueryMode
from matcher.models.score_calibration import MIN_PAIRS, ScoreCalibration, fit_score_calibration
from tests.curves import need_offer_model

PAIRS = 50
Lists = Sequence[tuple[Floats, set[int]]]
"""Of each question the scores of its list, and which places are partners."""


def fitted(lists: Lists, surest: Sequence[float] = ()) -> ScoreCalibration | None:
    partners: list[Mask] = [np.isin(np.arange(len(s)), sorted(which)) for s, which in lists]
    return fit_score_calibration(
        [scores for scores, _ in lists], surest or [0.0] * len(lists), partners
    )


def calibrated(lists: Lists, surest: Sequence[float] = ()) -> ScoreCalibration:
    found = fitted(lists, surest)
    assert found is not None
    return found


def checkerboard(hits_are_high: bool, several: int = 20) -> Lists:
    """Questions of 50 pairs each with scores of their own; the best or worst 5 are partners."""
    partners = set(range(PAIRS - 5, PAIRS)) if hits_are_high else set(range(5))
    return [
        ((np.arange(PAIRS) * several + n + 1) / (PAIRS * several), partners) for n in range(several)
    ]


def test_calibration_of_certain_answers_is_certain() -> None:
    found = calibrated(checkerboard(True))
    assert list(found.at) == sorted(found.at)
    assert found.probability_at == (0.0,) * (len(found.at) - 1) + (1.0,)


def test_calibration_never_falls() -> None:
    found = calibrated(checkerboard(False))
    assert list(found.probability_at) == sorted(found.probability_at)
    assert max(found.probability_at) == pytest.approx(0.1, abs=1e-5)
    draw = np.random.default_rng(8)
    noise = []
    for _ in range(60):
        scores = draw.random(PAIRS)
        partners = set(np.flatnonzero(draw.random(PAIRS) < scores / 2).tolist())
        noise.append((scores, partners))
    found = calibrated(noise)
    assert list(found.at) == sorted(found.at)
    assert list(found.probability_at) == sorted(found.probability_at)
    assert 0 <= found.probability_at[0] < 0.15 and 0.3 < found.probability_at[-1] <= 1


def test_the_surer_the_question_the_higher_the_probability_of_one_score() -> None:
    draw = np.random.default_rng(4)
    lists, surest = [], []
    for number in range(120):
        scores = draw.random(PAIRS)
        sure = number % 2
        likely = scores * (0.8 if sure else 0.1)
        lists.append((scores, set(np.flatnonzero(draw.random(PAIRS) < likely).tolist())))
        surest.append(3.0 if sure else -1.0)
    found = calibrated(lists, surest)
    assert found.usual == 1.0
    scores = np.array([0.2, 0.9])
    sure, unsure, usual = (found.probability(scores, one) for one in (3.0, -1.0, None))
    assert sure[1] == pytest.approx(0.72, abs=0.15)
    assert unsure[1] == pytest.approx(0.09, abs=0.06)
    assert (unsure <= usual).all() and (usual <= sure).all()
    assert usual.tolist() == found.probability(scores, 1.0).tolist()


def test_pairs_of_one_score_have_one_probability() -> None:
    found = calibrated([(np.ones(PAIRS), set(range(10)))] * 20)
    assert found.probability_at == pytest.approx([0.2] * len(found.at), abs=1e-5)


def test_lists_of_different_lengths_count_by_their_pairs() -> None:
    """A tenth of the pairs are partners: all of the short lists, none of the long ones."""
    short = [(np.ones(10), set(range(10)))] * 10
    long = [(np.ones(90), set[int]())] * 10
    found = calibrated([*short, *long])
    expected = np.average(found.probability_at, weights=sizes(1000))
    assert expected == pytest.approx(0.1, abs=1e-4)
    assert found.usual == calibrated([*short, *long], [0.0] * 20).usual == 0.0
    # The mean of how sure they are goes by pairs, too: (10 * 10 * 1 + 90 * 10 * 0) / 1000.
    assert calibrated([*short, *long], [1.0] * 10 + [0.0] * 10).usual == pytest.approx(0.1)


def sizes(pairs: int) -> list[int]:
    """How many pairs make each point of the curve, the lowest first."""
    found, size = [], float(MIN_PAIRS)
    while pairs >= 2 * size:
        found.append(int(size))
        pairs, size = pairs - int(size), size * 1.12
    return [pairs, *found[::-1]]


@pytest.mark.parametrize("several", [0, 1, 9])
def test_too_few_pairs_are_no_calibration(several: int) -> None:
    assert fitted(checkerboard(True, several)) is None


def test_just_enough_pairs_are_a_calibration() -> None:
    assert 10 * PAIRS == 5 * MIN_PAIRS
    assert len(calibrated(checkerboard(True, 10)).at) > 1


def test_nobody_or_everybody_together_is_a_calibration_too() -> None:
    scores = np.linspace(0.1, 1, PAIRS)
    nobody = calibrated([(scores, set[int]())] * 20)
    everybody = calibrated([(scores, set(range(PAIRS)))] * 20)
    assert set(nobody.probability_at) == {0.0}
    assert set(everybody.probability_at) == {1.0}


CURVE = ScoreCalibration(
    score=1.0,
    sureness=0.5,
    usual=1.0,
    at=(float(np.log(0.21)), float(np.log(0.41))),
    probability_at=(0.1, 0.5),
)


def test_probabilities_lie_between_the_points() -> None:
    found = CURVE.probability(np.array([0.0, 0.2, 0.4, 1.0]), 1.0)
    assert found.tolist() == pytest.approx([0.1, 0.1, 0.5, 0.5])
    between = float(np.exp((np.log(0.21) + 3 * np.log(0.41)) / 4) - 0.01)
    assert CURVE.probability(np.array([between]), None).tolist() == pytest.approx([0.4])
    assert CURVE.probability(np.array([0.2]), 9.0).tolist() == [0.5]
    # A little less sure than usual: half a difference of log odds of 0.2 further down.
    less = CURVE.probability(np.array([0.4]), 0.8)
    step = (np.log(0.41) - np.log(0.21)) / 0.4
    assert less.tolist() == pytest.approx([0.5 - 0.1 / step])


def test_it_is_stored_as_json() -> None:
    adapter = TypeAdapter(ScoreCalibration)
    assert adapter.validate_json(adapter.dump_json(CURVE)) == CURVE


def test_questions_with_and_without_members_have_curves_of_their_own() -> None:
    models = FittedModels(
        need_offer_model(-4.0, 8.0, (0.0, 0.0, 0.0)), calibration={QueryMode.HALF_GIVEN: CURVE}
    )
    assert models.calibration_for(with_members=True) == CURVE
    assert models.calibration_for(with_members=False) is None
