"""The two-covariance model: dense Gaussians, recovery of what was planted, and laws of the ratio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from diarize.embedding.two_covariance import (
    TwoCovariance,
    fit_two_covariance,
    log_likelihood_ratio,
    mean_variance,
    mutual_information,
)
from diarize.errors import ModelError

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)


def dense_ratio(x, y, v, w, psi):
    """The same ratio from the joint Gaussian of both points, dimension by dimension."""
    total = 0.0
    for a, b, p in zip(x, y, psi, strict=True):
        joint = multivariate_normal([0, 0], [[p + v, p], [p, p + w]]).logpdf([a, b])
        total += joint - multivariate_normal(0, p + v).logpdf(a) - multivariate_normal(0, p + w).logpdf(b)
    return total


@LAW
@given(seed=SEEDS)
def test_ratio_is_that_of_joint_gaussians(seed):
    """Closed form against the densities written out, and the same whichever point comes first."""
    rng = np.random.default_rng(seed)
    psi, (v, w) = rng.uniform(0.1, 9, 4), rng.uniform(0.05, 4, 2)
    x, y = rng.normal(size=(2, 4)) * 2
    found = log_likelihood_ratio(x, y, (v, w), psi)
    assert_allclose(found, dense_ratio(x, y, v, w, psi), atol=1e-8)
    assert_allclose(found, log_likelihood_ratio(y, x, (w, v), psi))


def test_mean_ratio_of_one_speaker_is_the_mutual_information():
    """Drawn from the model, ratios of one speaker's points average to it, and those of two are below 0."""
    rng = np.random.default_rng(4)
    psi, v, w = np.array([6.0, 2.0, 0.5]), 0.8, 0.3
    speaker = rng.normal(size=(200_000, 3)) * np.sqrt(psi)
    x = speaker + rng.normal(size=speaker.shape) * np.sqrt(v)
    y = speaker + rng.normal(size=speaker.shape) * np.sqrt(w)
    ratios = log_likelihood_ratio(x, y, (np.full(len(x), v), np.full(len(x), w)), psi)
    assert_allclose(ratios.mean(), mutual_information((np.array(v), np.array(w)), psi), atol=0.02)
    assert log_likelihood_ratio(x, y[::-1], (np.full(len(x), v), np.full(len(x), w)), psi).mean() < -1


def test_variance_of_a_mean_falls_to_what_lasts():
    """By hand: c/n + s."""
    assert_allclose(mean_variance(np.array([1.0, 10.0, 1e12]), 3.0, 0.15), [3.15, 0.45, 0.15])


def planted(n_speakers, n_each, seed=0):
    """Embeddings on a sphere whose speakers differ in the first two of six directions."""
    rng = np.random.default_rng(seed)
    speakers = np.repeat(np.arange(n_speakers), n_each)
    centres = np.zeros((n_speakers, 6))
    centres[:, :2] = rng.normal(size=(n_speakers, 2)) * 0.2
    noise = rng.normal(size=(len(speakers), 6)) * 0.05
    return np.array([0, 0, 0, 0, 0, 24.0]) + centres[speakers] + noise, speakers


def test_fit_finds_the_directions_in_which_speakers_differ():
    """The two planted directions come first; in them points have unit covariance within a speaker, and that
    between speakers is what their means have beyond the error of means.
    """
    embeddings, speakers = planted(300, 8)
    shrunk = fit_two_covariance(embeddings, speakers, 4)
    assert (shrunk.between[:2] > 5).all()
    assert (shrunk.between[2:] < 0.5).all()
    model = fit_two_covariance(embeddings, speakers, 4, shrinkage=0.0)
    points = model.project(embeddings)
    means = np.stack([points[speakers == k].mean(axis=0) for k in range(300)])
    within = np.cov((points - means[speakers]).T) * (len(points) - 1) / (len(points) - 300)
    assert_allclose(within[:2, :2], np.eye(2), atol=0.01)
    assert_allclose(model.between[:2], means.var(axis=0)[:2] - 1 / 8, rtol=0.03)


def test_length_does_not_matter():
    """Embeddings are put to unit length first."""
    embeddings, speakers = planted(20, 5)
    model = fit_two_covariance(embeddings, speakers, 3)
    for factor in (7, 1e-11):
        assert_allclose(model.project(factor * embeddings), model.project(embeddings))
        assert_allclose(fit_two_covariance(factor * embeddings, speakers, 3).between, model.between)


def test_few_voices_need_shrinkage():
    """With fewer intervals than dimensions the covariance within is singular; shrunk, all stays finite."""
    rng = np.random.default_rng(2)
    model = fit_two_covariance(rng.normal(size=(12, 40)), np.repeat(np.arange(4), 3), 10)
    assert model.projection.shape == (40, 3)
    assert np.isfinite(model.project(rng.normal(size=(2, 40)))).all()


@pytest.mark.parametrize("speakers", [["a", "a", "a"], ["a", "b", "c"]])
def test_one_voice_or_one_interval_each_is_refused(speakers):
    """Nothing can be learnt of what differs, or of what does not."""
    with pytest.raises(ModelError, match="at least two voices"):
        fit_two_covariance(np.eye(3), np.array(speakers), 2)


def test_shapes_that_do_not_fit_and_nan_are_refused():
    """A damaged calibration is no model."""
    with pytest.raises(ModelError, match="do not fit"):
        TwoCovariance(np.zeros(3), np.zeros((4, 2)), np.ones(2))
    with pytest.raises(ModelError, match="NaN"):
        TwoCovariance(np.zeros(3), np.full((3, 2), np.nan), np.ones(2))
