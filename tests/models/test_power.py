"""The fitted power of likelihoods: by hand, by simulation and by law."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from diarize.models.factors import Observations, packed, pooled_log_evidence
from diarize.models.power import ENOUGH, SHARES, fitted_power

STEP = SHARES[1] / SHARES[0]  # two powers closer than this are one to the grid


def simulated(seed, n=400, rank=20, sharing=0.9, noise=1.0):
    """Observations of a chain of points, with ``noise`` times the deviation that Φ claims, and neighbours."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, rank, 2 * rank)) / np.sqrt(rank)
    matrix = half @ half.transpose(0, 2, 1)
    continued = np.arange(n) > 0
    stays = continued & (rng.random(n) < sharing)
    points = rng.normal(size=(n, rank))[np.maximum.accumulate(np.where(stays, 0, np.arange(n)))]
    scatter = noise * np.einsum("nij,nj->ni", half, rng.normal(size=(n, 2 * rank)))
    return Observations(np.einsum("nij,nj->ni", matrix, points) + scatter, packed(matrix)), continued


@pytest.mark.parametrize(
    ("rho", "phi"), [((1.1, 1.6), (2.0, 1.5)), ((2.5, -0.8), (1.0, 3.0)), ((3.0, 3.5), (2.0, 2.5))]
)
@pytest.mark.parametrize("sharing", [0.6, 0.8, 0.95])
def test_two_numbers_by_the_formula_written_out(rho, phi, sharing):
    usual = 1.3

    def evidence(linear, precision):
        return 0.5 * (linear**2 / (1 + precision) - np.log(1 + precision))

    def goodness(log_power):
        b = np.exp(log_power)
        apart = sum(evidence(b * r, b * p) for r, p in zip(rho, phi, strict=True))
        together = evidence(b * sum(rho), b * sum(phi))
        prior = ((log_power - np.log(usual)) / 0.5) ** 2 / 2
        return np.log(sharing * np.exp(together - apart) + 1 - sharing) - prior

    powers = usual * SHARES
    expected = powers[np.argmax(goodness(np.log(powers)))]
    observations = Observations(np.array(rho)[:, None], np.array(phi)[:, None])
    found = fitted_power(observations, np.array([False, True]), sharing, usual)
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.9, 1.0, 1.5, 2.5])
def test_data_of_the_model_have_the_power_that_was_put_in(noise):
    observations, continued = simulated(1, noise=noise)
    assert_allclose(fitted_power(observations, continued, 0.9, 1.0), noise**-2, rtol=0.12)


def test_neighbours_of_different_points_bear_hardly_any():
    observations, continued = simulated(2, sharing=0.0)
    assert fitted_power(observations, continued, 0.9, 1.0) < 0.3


def test_without_neighbours_nothing_is_known():
    observations, _ = simulated(3, n=5)
    assert_allclose(fitted_power(observations, np.zeros(5, bool), 0.9, 1.7), 1.7, rtol=STEP - 1)


def test_the_first_observation_has_nobody_before_it():
    observations, continued = simulated(4, n=30)
    claimed = continued.copy()
    claimed[0] = True
    assert fitted_power(observations, claimed, 0.9, 1.0) == fitted_power(observations, continued, 0.9, 1.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.2, 5.0))
def test_evidence_times_a_factor_has_its_part_of_the_power(seed, factor):
    observations, continued = simulated(seed, n=40, rank=4)
    louder = Observations(factor * observations.linear, factor * observations.precision)
    before = fitted_power(observations, continued, 0.9, 1.5)
    assert_allclose(factor * fitted_power(louder, continued, 0.9, 1.5 / factor), before, rtol=STEP - 1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_stretches_does_not_matter(seed):
    observations, continued = simulated(seed, n=60, rank=4)
    continued[::6] = False
    order = np.random.default_rng(seed).permutation(10)
    turned = np.concatenate([np.arange(6 * s, 6 * s + 6) for s in order])
    mixed = Observations(observations.linear[turned], observations.precision[turned])
    assert fitted_power(mixed, continued, 0.9, 1.0) == fitted_power(observations, continued, 0.9, 1.0)


def test_of_many_neighbours_a_part_is_enough():
    observations, continued = simulated(5, n=10 * ENOUGH, rank=4, noise=1.4)
    part = slice(0, 2 * ENOUGH)
    few = Observations(observations.linear[part], observations.precision[part])
    whole = fitted_power(observations, continued, 0.9, 1.0)
    assert_allclose(fitted_power(few, continued[part], 0.9, 1.0), whole, rtol=0.25)


def test_the_ratio_is_that_of_the_evidence_elsewhere():
    """The grid's evidence, by eigenvectors, is ``pooled_log_evidence`` at every power."""
    from diarize.models.power import _log_evidence

    observations, _ = simulated(6, n=7, rank=3)
    powers = np.array([0.1, 1.0, 2.5])
    expected = [pooled_log_evidence(b * observations.linear, b * observations.precision) for b in powers]
    assert_allclose(_log_evidence(observations, powers), np.transpose(expected), rtol=1e-9)
