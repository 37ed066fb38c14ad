from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

from matcher.models.vote_calibration import (
    FEWEST,
    VoteCalibration,
    VoteCurves,
    fit_vote_calibration,
)

ONE_FIELD, EVERYWHERE, RARE, SILENT = range(4)


def history(asked: int = 400) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return shares and who took part: one is in its field only, one in a tenth of everything."""
    random = np.random.default_rng(1)
    in_field = np.arange(asked) < asked // 5
    shares = np.zeros((asked, 4))
    shares[:, ONE_FIELD] = np.where(in_field, 0.7, 0.12) + random.uniform(0, 0.05, asked)
    shares[:, EVERYWHERE] = 0.1 + random.uniform(0, 0.05, asked)
    shares[::50, RARE] = 0.02
    took_part = np.zeros((asked, 4))
    took_part[:, ONE_FIELD] = in_field
    took_part[:, EVERYWHERE] = random.uniform(size=asked) < 0.1
    took_part[0, RARE] = 1
    return sparse.csr_array(shares), sparse.csr_array(took_part)


def learned() -> VoteCalibration:
    vote_calibration = fit_vote_calibration(*history())
    assert vote_calibration is not None
    return vote_calibration


def test_few_votes_for_one_that_is_in_a_single_field_are_worth_less() -> None:
    vote_calibration = learned()
    far = vote_calibration.worth(np.array([0.12, 0.12, 0.02, 0.0]))
    near = vote_calibration.worth(np.array([0.7, 0.15, 0.02, 0.0]))
    assert far[ONE_FIELD] < 0.6 * far[EVERYWHERE]
    assert near[ONE_FIELD] > 0.9
    assert near[EVERYWHERE] == pytest.approx(1.0, abs=0.05)
    assert far[RARE] > 0.9


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_worth_is_from_0_to_1_and_more_votes_never_leave_less(two: list[float]) -> None:
    vote_calibration = learned()
    fewer, more = sorted(two)
    less_left = fewer * vote_calibration.worth(np.full(4, fewer))
    more_left = more * vote_calibration.worth(np.full(4, more))
    assert np.all(less_left <= more_left + 1e-12)
    assert np.all(vote_calibration.worth(np.full(4, fewer)) <= 1.0)
    assert np.all(vote_calibration.worth(np.full(4, fewer)) >= 0.0)


def test_where_votes_speak_against_an_organisation_more_of_them_still_never_leave_less() -> None:
    """Its own curve would fall steeply: it takes part where it gets few votes, and only there."""
    shares, took_part = (found.toarray() for found in history())
    elsewhere = np.arange(len(shares)) % 2 == 0
    shares[:, SILENT] = np.where(elsewhere, 0.02, 0.5)
    took_part[:, SILENT] = elsewhere
    found = fit_vote_calibration(sparse.csr_array(shares), sparse.csr_array(took_part))
    assert found is not None
    assert found.own[SILENT, 1] == found.common[1] - 1.0
    assert (found.own[:, 1] >= found.common[1] - 1.0).all()
    left = [share * found.worth(np.full(4, share))[SILENT] for share in np.linspace(0.01, 1.0, 100)]
    assert (np.diff(left) >= -1e-12).all()


def test_curves_are_found_by_key_and_newcomers_have_the_common_one() -> None:
    learned_curves = learned()
    keys = np.array([11, 12, 13, 14])
    curves = VoteCurves(learned_curves.common, keys, learned_curves.own)
    read = curves.for_keys(np.array([99, 12, 11]))
    assert read.common == learned_curves.common
    assert read.own[0].tolist() == list(learned_curves.common)
    assert read.own[1:].tolist() == learned_curves.own[[EVERYWHERE, ONE_FIELD]].tolist()
    assert np.allclose(read.worth(np.array([0.3, 0.3, 0.3]))[0], 1.0)
    assert curves.for_keys(np.empty(0, np.int64)).worth(np.empty(0)).shape == (0,)


def test_known_values() -> None:
    """Two organisations, at shares of 0 and 0.99: log(0.01) and log(1)."""
    curves = VoteCalibration((-1.0, 1.0), np.array([[-1.0, 1.0], [-3.0, 2.0]]))
    low, high = np.zeros(2), np.full(2, 0.99)
    assert curves.log_odds(high).tolist() == pytest.approx([-1.0, -3.0])
    assert curves.log_odds(low).tolist() == pytest.approx(
        [-1.0 + np.log(0.01), -3.0 + 2 * np.log(0.01)]
    )
    expected = [1.0, (1 + np.exp(1.0)) / (1 + np.exp(3.0))]
    assert curves.worth(high).tolist() == pytest.approx(expected)


def test_too_little_history_teaches_nothing() -> None:
    shares, took_part = history(FEWEST - 1)
    assert fit_vote_calibration(shares, took_part) is None
    shares, took_part = history()
    assert fit_vote_calibration(shares, sparse.csr_array(took_part.shape)) is None


def test_votes_that_say_nothing_teach_nothing() -> None:
    shares, took_part = history()
    turned = sparse.csr_array(1.0 - shares.toarray())
    assert fit_vote_calibration(turned, took_part) is None


def test_organisations_that_never_got_a_vote_keep_the_common_curve() -> None:
    vote_calibration = learned()
    assert vote_calibration.worth(np.full(4, 0.2))[SILENT] == pytest.approx(1.0, abs=0.05)
