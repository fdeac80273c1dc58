"""By how much a voice may drift: by hand, by law, and against windows that do share their factors."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from diarize.models.drift import MOST, capped, drift_covariance
from diarize.models.factors import Statistics, observed, unpacked

K, D, R, Q = 5, 4, 3, 2


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def counts(rng):
    return rng.uniform(1.0, 5.0, K)


@pytest.fixture
def loadings(rng):
    return rng.normal(size=(K, D, R)), 0.3 * rng.normal(size=(K, D, Q))


def test_one_dimension_by_hand():
    """However many frames, U = 0.6 against V = 2 puts y off by 0.3: 0.5 · 0.09 + 0.02."""
    for frames in (0.5, 5.0, 50.0):
        found = drift_covariance(
            np.array([frames]), (np.full((1, 1, 1), 2.0), np.full((1, 1, 1), 0.6)), 0.5, 0.02
        )
        assert_allclose(found, [[0.065]], rtol=1e-5)


def test_windows_that_share_their_factors_put_the_point_where_it_says(counts, loadings, rng):
    """The mean of y by many windows with one x, over many x, has the covariance B Bᵀ."""
    speaker, window = loadings
    places = []
    for x in rng.normal(size=(4000, Q)):
        said = observed(Statistics(counts[None], (counts[:, None] * (window @ x))[None]), speaker, window)
        places.append(np.linalg.solve(unpacked(said.precision[0]), said.linear[0]))
    scatter = np.cov(np.array(places).T, bias=True)
    assert_allclose(drift_covariance(counts, loadings, 1.0, 0.0), scatter, atol=0.05 * np.trace(scatter))


def test_turning_the_factors_of_windows_changes_nothing(counts, loadings, rng):
    turn = np.linalg.qr(rng.normal(size=(Q, Q)))[0]
    one, other = (
        drift_covariance(counts, (loadings[0], u), 0.2, 0.03) for u in (loadings[1], loadings[1] @ turn)
    )
    assert_allclose(one, other, rtol=1e-8, atol=1e-10)


def test_turning_speaker_space_turns_it(counts, loadings, rng):
    turn = np.linalg.qr(rng.normal(size=(R, R)))[0]
    one, other = (
        drift_covariance(counts, (v, loadings[1]), 0.2, 0.03) for v in (loadings[0], loadings[0] @ turn)
    )
    assert_allclose(turn.T @ one @ turn, other, rtol=1e-6, atol=1e-8)


def test_windows_that_do_not_vary_leave_the_rest(counts, loadings):
    found = drift_covariance(counts, (loadings[0], 0 * loadings[1]), 1.0, 0.04)
    assert_allclose(found, 0.04 * np.eye(R), atol=1e-12)


def test_a_voice_keeps_something_of_its_own(counts, loadings):
    found = np.linalg.eigvalsh(drift_covariance(counts, loadings, 1e5, 0.03))
    assert found[-1] == pytest.approx(MOST)
    assert found[0] == pytest.approx(0.03, rel=1e-6)  # two factors reach two of three directions


def test_a_cap_leaves_what_is_under_it():
    """By hand: 1.2 along (1, 1) comes down to 0.9, 0.4 across it stays."""
    turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    assert_allclose(capped(turn @ np.diag([1.2, 0.4]) @ turn), turn @ np.diag([0.9, 0.4]) @ turn, rtol=1e-12)
