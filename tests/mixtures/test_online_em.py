"""Stepwise EM: one block is EM itself, many blocks reach the batch optimum, and order and memory behave."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

from diarize.errors import ModelError
from diarize.mixtures import COVARIANCE_TYPES, fit_blocks, fit_gmm, start_online_em

from .test_em import cloud


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_full_step_on_all_the_data_is_a_step_of_em(covariance_type: str) -> None:
    x = cloud(4, n_points=500)
    start, _ = fit_gmm(x, 3, covariance_type, max_iter=2, n_init=1, tol=-np.inf)
    fit = start_online_em(x, 3, covariance_type, init_params=start, decay=1.0, delay=1.0)
    once = fit.partial_fit(x)  # the first step has size 1: the past is forgotten
    wanted, trace = fit_gmm(x, 3, covariance_type, init_params=fit.gmm, max_iter=1, tol=-np.inf)
    assert_allclose(once.gmm.means_, wanted.means_, rtol=1e-8, atol=1e-10)
    assert_allclose(once.gmm.covariances_, wanted.covariances_, rtol=1e-8, atol=1e-10)
    assert_allclose(once.scores[0], trace.lower_bounds_[0], rtol=1e-10)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_blocks_reach_the_batch_optimum(covariance_type: str) -> None:
    rng = np.random.default_rng(0)
    x = cloud(12, n_points=20_000, n_clusters=3)
    batch, trace = fit_gmm(x, 3, covariance_type, tol=1e-7, max_iter=1000)
    blocks = [x[order] for order in np.array_split(rng.permutation(len(x)), 40)]
    fit = start_online_em(blocks[0], 3, covariance_type, decay=0.7)
    for _ in range(5):
        fit = fit_blocks(fit, blocks)
    assert fit.n_blocks == 200
    reached = fit.gmm.score_samples(x).mean()
    assert trace.lower_bounds_[-1] - reached < 1e-3  # nats per point
    order = np.argsort(fit.gmm.means_[:, 0]), np.argsort(batch.means_[:, 0])
    assert_allclose(fit.gmm.means_[order[0]], batch.means_[order[1]], atol=0.1, rtol=0.0)


def test_adding_makes_a_new_value_and_leaves_the_old_one() -> None:
    x = cloud(2, n_points=300)
    fit = start_online_em(x, 2, "diag")
    before = fit.gmm.means_.copy()
    after = fit.partial_fit(cloud(3, n_points=300), sample_weight=np.full(300, 2.0))
    assert_allclose(fit.gmm.means_, before, rtol=0.0, atol=0.0)
    assert np.abs(after.gmm.means_ - before).max() > 1e-3
    assert (fit.n_blocks, after.n_blocks) == (0, 1)


def test_weights_of_a_block_are_replication() -> None:
    x, y = cloud(2, n_points=300), cloud(2, n_points=100)
    times = np.random.default_rng(0).integers(1, 4, size=100)
    fit = start_online_em(x, 2, "full")
    assert_allclose(
        fit.partial_fit(y, times).gmm.means_,
        fit.partial_fit(np.repeat(y, times, axis=0)).gmm.means_,
        rtol=1e-9,
    )


def test_memory_does_not_grow_with_the_number_of_blocks() -> None:
    fit = start_online_em(cloud(1, n_points=2000), 3, "full")
    tracemalloc.start()
    for seed in range(5):
        fit = fit.partial_fit(cloud(seed, n_points=2000))
    few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    for seed in range(30):
        fit = fit.partial_fit(cloud(seed, n_points=2000))
    many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many < 1.2 * few


@pytest.mark.parametrize("settings", [{"decay": 0.5}, {"decay": 1.1}, {"delay": 0.5}])
def test_settings_out_of_range_are_refused(settings) -> None:
    x = cloud(0)
    with pytest.raises(ModelError):
        start_online_em(x, 2, "diag", **settings)
    with pytest.raises(ModelError, match="dimensions"):
        start_online_em(x, 2, "diag").partial_fit(x[:, :2])
