"""Windows that fit none of the speakers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from diarize.models.factors import Observations, moved, packed, posterior_means
from diarize.models.vbhmm import residuals

from diarize.clustering.outliers import SHARE, outlying
from diarize.types import FrameGrid, SpeakerPoints

RANK, N = 6, 400
GRID = FrameGrid(16_000, 160, 400, -120, 100 * N)


@pytest.fixture
def drawn():
    """Windows of two speakers as the model has them, the last ten of a third who is given to the first."""
    rng = np.random.default_rng(5)
    voices = 3 * rng.standard_normal((3, RANK))
    owner = np.arange(N) % 2
    owner[-10:] = 2
    roots = rng.standard_normal((N, RANK, RANK)) * rng.uniform(0.5, 2, (N, 1, 1))
    precision = np.matmul(roots, roots.transpose(0, 2, 1)) + 0.1 * np.eye(RANK)
    noise = np.matmul(np.linalg.cholesky(precision), rng.standard_normal((N, RANK, 1)))[..., 0]
    linear = np.einsum("nij,nj->ni", precision, voices[owner]) + noise
    return Observations(linear, packed(precision)), np.eye(2)[np.where(owner == 2, 0, owner)]


def points_of(observations):
    """The same as points, a second each."""
    bounds = np.column_stack((np.arange(N), np.arange(1, N + 1))) * 100
    means = posterior_means(observations)
    return SpeakerPoints(means, bounds, np.ones(N, bool), GRID, observations.precision)


def test_residuals_of_the_models_own_windows_are_standard_normal(drawn):
    """Mean 0, variance 1, no correlation, however much a window knows."""
    observations, shares = drawn
    left = residuals(Observations(*(each[:-10] for each in observations)), shares[:-10])
    assert np.abs(left.mean(axis=0)).max() < 0.25
    assert np.cov(left.T) == pytest.approx(np.eye(RANK), abs=0.3)


def test_a_voice_without_a_speaker_of_its_own_is_flagged(drawn):
    """Its windows are the least dense, and no more than the share is flagged."""
    observations, shares = drawn
    found = outlying(points_of(observations), shares)
    flagged = np.flatnonzero(found.flagged)
    assert 0 < len(flagged) <= SHARE * N
    assert flagged.min() >= N - 10
    assert set(np.argsort(found.log_density)[:10]) == set(range(N - 10, N))
    assert found.bounds.tolist() == points_of(observations).bounds.tolist()


def test_what_all_speakers_share_makes_no_window_unusual(drawn):
    """A channel that moves all of them far off, where that is known to happen."""
    observations, shares = drawn
    known = replace(points_of(observations), shared=1e6 * np.eye(RANK))
    away = replace(points_of(moved(observations, np.full(RANK, -50.0))), shared=known.shared)
    here, there = (outlying(points, shares).log_density for points in (known, away))
    np.testing.assert_allclose(here, there, rtol=0, atol=0.01)
    blind = outlying(replace(away, shared=None), shares).log_density
    assert np.abs(blind - here).max() > 1


def test_exact_points_and_no_points_tell_nothing(drawn):
    """Single frames would tell phones."""
    observations, shares = drawn
    points = points_of(observations)
    exact = SpeakerPoints(points.values, points.bounds, points.first, GRID)
    assert outlying(exact, shares) is None
    none = SpeakerPoints(points.values[:0], points.bounds[:0], points.first[:0], GRID, points.precision[:0])
    assert outlying(none, shares[:0]) is None
