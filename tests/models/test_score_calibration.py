from __future__ import annotations

import numpy as np
import pytest

from matcher.arrays import Floats
from matcher.evaluation.weight_search import Asked
from matcher.matching.scoring import Weights
from matcher.models.score_calibration import MIN_PAIRS, calibration, probabilities

PAIRS = 50


def question(votes: Floats, partners: set[int], surest: float = 0.0) -> Asked:
    return Asked(
        about=str(votes.sum()),
        rows=np.arange(len(votes)),
        by_view={"meaning": votes, "wording": votes},
        vocabulary_coverage={"meaning": 1.0, "wording": 1.0},
        parts={"named": np.zeros(len(votes))},
        partners=frozenset(partners),
        rare=frozenset(),
        surest=surest,
    )


def checkerboard(hits_are_high: bool, several: int = 20) -> list[Asked]:
    """Questions of 50 pairs each with scores of their own; the best or worst 5 are partners."""
    questions = []
    for n in range(several):
        votes = (np.arange(PAIRS) * several + n + 1) / (PAIRS * several)
        partners = set(range(PAIRS - 5, PAIRS)) if hits_are_high else set(range(5))
        questions.append(question(votes, partners))
    return questions


def test_calibration_of_certain_answers_is_certain() -> None:
    saved = calibration(checkerboard(True), Weights())
    assert saved["at"] == sorted(saved["at"])
    assert saved["probability"][:-1] == [0.0] * (len(saved["probability"]) - 1)
    assert saved["probability"][-1] == 1.0


def test_calibration_never_falls() -> None:
    saved = calibration(checkerboard(False), Weights())
    assert saved["probability"] == sorted(saved["probability"])
    assert max(saved["probability"]) == pytest.approx(0.1, abs=1e-5)
    draw = np.random.default_rng(8)
    noise = []
    for _ in range(60):
        votes = draw.random(PAIRS)
        partners = set(np.flatnonzero(draw.random(PAIRS) < votes / 2).tolist())
        noise.append(question(votes, partners))
    saved = calibration(noise, Weights())
    assert saved["at"] == sorted(saved["at"]) and saved["probability"] == sorted(
        saved["probability"]
    )
    assert 0 <= saved["probability"][0] < 0.15 and 0.3 < saved["probability"][-1] <= 1


def test_the_surer_the_question_the_higher_the_chance_of_one_score() -> None:
    draw = np.random.default_rng(4)
    questions = []
    for number in range(120):
        votes = draw.random(PAIRS)
        sure = number % 2
        likely = votes * (0.8 if sure else 0.1)
        partners = set(np.flatnonzero(draw.random(PAIRS) < likely).tolist())
        questions.append(question(votes, partners, 2.0 if sure else -2.0))
    saved = calibration(questions, Weights())
    scores = np.array([0.2, 0.9])
    sure, unsure, usual = (probabilities(scores, one, saved) for one in (2.0, -2.0, None))
    assert sure is not None and unsure is not None and usual is not None
    assert sure[1] == pytest.approx(0.72, abs=0.15)
    assert unsure[1] == pytest.approx(0.09, abs=0.06)
    assert (unsure <= usual).all() and (usual <= sure).all()


def test_pairs_of_one_score_have_one_chance() -> None:
    votes = np.ones(PAIRS)
    saved = calibration([question(votes, set(range(10)))] * 20, Weights())
    assert saved["probability"] == pytest.approx([0.2] * len(saved["probability"]), abs=1e-5)


@pytest.mark.parametrize("several", [0, 1, 9])
def test_too_few_pairs_are_no_calibration(several: int) -> None:
    assert calibration(checkerboard(True, several), Weights()) == {}


def test_just_enough_pairs_are_a_calibration() -> None:
    assert 10 * PAIRS == 5 * MIN_PAIRS
    assert len(calibration(checkerboard(True, 10), Weights())["at"]) > 1


def test_nobody_or_everybody_together_is_a_calibration_too() -> None:
    votes = np.linspace(0.1, 1, PAIRS)
    nobody = calibration([question(votes, set())] * 20, Weights())
    everybody = calibration([question(votes, set(range(PAIRS)))] * 20, Weights())
    assert set(nobody["probability"]) == {0.0}
    assert set(everybody["probability"]) == {1.0}


def test_chances_lie_between_the_knots() -> None:
    at = [float(np.log(0.21)), float(np.log(0.41))]
    saved = {"score": 1.0, "sureness": 0.5, "usual": 1.0, "at": at, "probability": [0.1, 0.5]}
    found = probabilities(np.array([0.0, 0.2, 0.4, 1.0]), 1.0, saved)
    assert found is not None
    assert found.tolist() == pytest.approx([0.1, 0.1, 0.5, 0.5])
    surer = probabilities(np.array([0.2]), 9.0, saved)
    assert surer is not None and surer.tolist() == [0.5]


def test_without_calibration_there_are_no_chances() -> None:
    assert probabilities(np.ones(3), None, {}) is None
    # What earlier versions kept was a list of two lists.
    assert probabilities(np.ones(3), 0.0, [[0.2], [0.1]]) is None  # type: ignore[arg-type]
