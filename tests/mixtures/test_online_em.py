"""Stepwise EM: one block is EM itself, many blocks reach the batch optimum, and order and memory behave."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

from diarize.errors import ModelError
from diarize.mixtures import COVARIANCES, fit_blocks, fit_gmm, start_stepwise

from .test_em import cloud


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_full_step_on_all_the_data_is_a_step_of_em(covariance: str) -> None:
    x = cloud(4, n_points=500)
    start, _ = fit_gmm(x, 3, covariance, max_iter=2, n_init=1, tol=-np.inf)
    fit = start_stepwise(x, 3, covariance, init=start, decay=1.0, delay=1.0)
    once = fit.add(x)  # the first step has size 1: the past is forgotten
    wanted, trace = fit_gmm(x, 3, covariance, init=fit.gmm, max_iter=1, tol=-np.inf)
    assert_allclose(once.gmm.means, wanted.means, rtol=1e-8, atol=1e-10)
    assert_allclose(once.gmm.covariances, wanted.covariances, rtol=1e-8, atol=1e-10)
    assert_allclose(once.log_probs[0], trace.bounds[0], rtol=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_blocks_reach_the_batch_optimum(covariance: str) -> None:
    rng = np.random.default_rng(0)
    x = cloud(12, n_points=20_000, n_clusters=3)
    batch, trace = fit_gmm(x, 3, covariance, tol=1e-7, max_iter=1000)
    blocks = [x[order] for order in np.array_split(rng.permutation(len(x)), 40)]
    fit = start_stepwise(blocks[0], 3, covariance, decay=0.7)
    for _ in range(5):
        fit = fit_blocks(fit, blocks)
    assert fit.n_blocks == 200
    reached = fit.gmm.log_prob(x).mean()
    assert trace.bounds[-1] - reached < 1e-3  # nats per point
    order = np.argsort(fit.gmm.means[:, 0]), np.argsort(batch.means[:, 0])
    assert_allclose(fit.gmm.means[order[0]], batch.means[order[1]], atol=0.1, rtol=0.0)


def test_adding_makes_a_new_value_and_leaves_the_old_one() -> None:
    x = cloud(2, n_points=300)
    fit = start_stepwise(x, 2, "diag")
    before = fit.gmm.means.copy()
    after = fit.add(cloud(3, n_points=300), weights=np.full(300, 2.0))
    assert_allclose(fit.gmm.means, before, rtol=0.0, atol=0.0)
    assert np.abs(after.gmm.means - before).max() > 1e-3
    assert (fit.n_blocks, after.n_blocks) == (0, 1)


def test_weights_of_a_block_are_replication() -> None:
    x, y = cloud(2, n_points=300), cloud(2, n_points=100)
    times = np.random.default_rng(0).integers(1, 4, size=100)
    fit = start_stepwise(x, 2, "full")
    assert_allclose(fit.add(y, times).gmm.means, fit.add(np.repeat(y, times, axis=0)).gmm.means, rtol=1e-9)


def test_memory_does_not_grow_with_the_number_of_blocks() -> None:
    fit = start_stepwise(cloud(1, n_points=2000), 3, "full")
    tracemalloc.start()
    for seed in range(5):
        fit = fit.add(cloud(seed, n_points=2000))
    few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    for seed in range(30):
        fit = fit.add(cloud(seed, n_points=2000))
    many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many < 1.2 * few


@pytest.mark.parametrize("settings", [{"decay": 0.5}, {"decay": 1.1}, {"delay": 0.5}])
def test_settings_out_of_range_are_refused(settings) -> None:
    x = cloud(0)
    with pytest.raises(ModelError):
        start_stepwise(x, 2, "diag", **settings)
    with pytest.raises(ModelError, match="dimensions"):
        start_stepwise(x, 2, "diag").add(x[:, :2])
