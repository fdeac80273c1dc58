"""Exponentials that leave no subnormal number behind, and what would be slow if they did."""

from __future__ import annotations

import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from diarize.hmm import forward_backward, sticky_transitions
from diarize.hmm.sticky import forward_backward_sticky
from diarize.mixtures import em, fit_bayesian_gmm, fit_gmm, fit_kmeans, fit_pca, kmeans, quadratic_design
from diarize.mixtures import standardize as standardize_module
from diarize.mixtures import threads as blas_threads
from diarize.mixtures.fitting import DEFAULT_REG_COVAR, fit_data
from diarize.mixtures.gaussian import Parameters
from diarize.mixtures.gmm import GMM
from diarize.mixtures.standardize import standardize
from diarize.mixtures.subnormals import exp_flush_to_zero, exp_normal
from diarize.mixtures.validation import slices


def subnormal(values):
    """How many of them are."""
    return int(np.count_nonzero((values != 0) & (np.abs(values) < np.finfo(values.dtype).tiny)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shares_and_their_products_are_normal_numbers(dtype):
    """And sums of them what they were."""
    logs = np.linspace(-2000, 0, 4001).astype(dtype)
    exact = np.exp(logs.astype(np.float64))
    assert subnormal(np.exp(logs)) > 0
    exp_normal(logs)
    assert subnormal(logs) == subnormal(logs * dtype(1e-6)) == 0
    np.testing.assert_allclose(logs, exact, rtol=1e-5, atol=1e-21)
    assert np.isclose(logs.sum(dtype=np.float64), exact.sum(), rtol=1e-6)


def test_zeroed_exponentials_are_zero_or_normal():
    """Impossible stays impossible."""
    logs = np.array([-np.inf, -745.0, -720.0, -708.0, -650.0, 0.0])
    found = exp_flush_to_zero(logs)
    assert subnormal(np.exp(logs)) == 2
    assert subnormal(found) == 0
    assert found[0] == found[1] == 0
    np.testing.assert_array_equal(found[-2:], np.exp(logs[-2:]))


@pytest.mark.parametrize("duration", [1, 3])
def test_posteriors_of_chains_hold_no_subnormal_numbers(duration):
    """Of states a few hundred nats apart, with durations and without."""
    scores = -np.linspace(0, 1500, 400)[:, None] * np.array([0.0, 1.0, 0.7])
    chain = sticky_transitions(3, 0.9)
    gamma, _ = forward_backward(scores, chain.log_startprob, chain.log_transmat, duration)
    assert subnormal(gamma) == 0
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=1e-9)


def far_apart(dtype, apart, n=20_000, k=32, dims=20):
    """Points of clusters that are far apart, and the truth as parameters."""
    rng = np.random.default_rng(0)
    centres = apart * rng.normal(size=(k, dims))
    x = (centres[rng.integers(0, k, n)] + rng.normal(size=(n, dims))).astype(dtype)
    return x, Parameters(np.full(k, 1 / k), centres, np.ones((k, dims)), "diag")


@pytest.mark.parametrize(("dtype", "apart"), [(np.float32, 2.0), (np.float32, 8.0), (np.float64, 8.0)])
def test_responsibilities_hold_no_subnormal_numbers(dtype, apart, monkeypatch):
    """Neither those that EM sums nor those that are given out nor those of a chain of states."""
    seen = []
    sums = em.sums_of_products
    monkeypatch.setattr(em, "sums_of_products", lambda r, rows: seen.append(subnormal(r)) or sums(r, rows))
    x, start = far_apart(dtype, apart, 3000)
    data = fit_data(x, None, "diag", DEFAULT_REG_COVAR)
    em.e_step(data, standardize(start, data.standardizer))
    assert sum(seen) == 0
    mixture = GMM(*start)
    assert subnormal(mixture.predict_proba(x)) == 0
    scores = -np.linspace(0, 1500, 400)[:, None] * np.array([0.0, 1.0, 0.7])
    gamma, *_ = forward_backward_sticky(scores, np.full(400, 0.9), np.full(3, 1 / 3))
    assert subnormal(gamma) == 0


@pytest.mark.parametrize(("dtype", "apart"), [(np.float32, 2.0), (np.float64, 8.0)])
def test_far_components_cost_no_more_than_near_ones(dtype, apart):
    """They cost twenty and eight times as much; the best of several runs, beside each other."""
    runs = []
    for spread in (apart, 0.1):
        x, start = far_apart(dtype, spread)
        data = fit_data(x, None, "diag", DEFAULT_REG_COVAR)
        runs.append((data, standardize(start, data.standardizer)))
    times = {0: [], 1: []}
    with threadpool_limits(limits=1):
        for _ in range(7):
            for which, run in enumerate(runs):
                begin = time.perf_counter()
                em.e_step(*run)
                times[which].append(time.perf_counter() - begin)
    assert min(times[0]) < 2.5 * min(times[1])


def test_threads_change_neither_bits_nor_are_they_waited_for():
    """Sums in another order would differ in the last bits; slices are too small to share."""
    x, start = far_apart(np.float32, 2.0, 3000)
    data = fit_data(x, None, "diag", DEFAULT_REG_COVAR)
    local = standardize(start, data.standardizer)
    found, used = [], []
    normalise = em._normalise

    def noticed(*given):
        used.extend(each["num_threads"] for each in blas_threads.blas().info())
        return normalise(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(em, "_normalise", noticed)
        for threads in (1, 2):
            with threadpool_limits(limits=threads):
                found.append(em.e_step(data, local))
    assert set(used) == {1}
    assert found[0].first.tobytes() == found[1].first.tobytes()


@pytest.mark.parametrize(
    "act", ["fit_gmm", "fit_bayesian_gmm", "fit_kmeans", "fit_pca", "score_samples", "criteria"]
)
def test_whole_fits_and_what_is_asked_of_them_have_one_thread(act, monkeypatch):
    """Two threads took 1.7 times as long where other programs ran."""
    x, start = far_apart(np.float64, 2.0, 300)
    used = []

    def noticed(*given):
        used.extend(each["num_threads"] for each in blas_threads.blas().info())
        return slices(*given)

    for module in (kmeans, quadratic_design, standardize_module):
        monkeypatch.setattr(module, "slices", noticed)
    acts = {
        "fit_gmm": lambda: fit_gmm(x, 2, "full", max_iter=2, n_init=1),
        "fit_bayesian_gmm": lambda: fit_bayesian_gmm(x, 2, "diag", max_iter=2, n_init=1),
        "fit_kmeans": lambda: fit_kmeans(x, 2),
        "fit_pca": lambda: fit_pca(x, 2),
        "score_samples": lambda: GMM(*start).score_samples(x),
        "criteria": lambda: GMM(*start).criteria(x),
    }
    with threadpool_limits(limits=2):
        acts[act]()
        after = {each["num_threads"] for each in blas_threads.blas().info()}
    assert set(used) == {1}
    assert after == {2}
