"""EM: hand-worked steps, laws that hold for any data, and step-for-step agreement with scikit-learn."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from diarize.errors import ModelError
from diarize.mixtures import COVARIANCE_TYPES, GMM, fit_gmm
from diarize.mixtures.em import (
    EMSettings,
    SufficientStatistics,
    e_step,
    em_run,
    gather_statistics,
    m_step,
    maximize,
)
from diarize.mixtures.fitting import fit_data
from diarize.mixtures.gaussian import (
    covariance_shape,
    log_densities,
    precision_cholesky,
    quadratic_pairs,
    symmetric_matrices,
)
from diarize.mixtures.init import _distinct_points
from diarize.mixtures.quadratic_design import QuadraticDesign, sums_of_products
from diarize.mixtures.standardize import standardize

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from(COVARIANCE_TYPES)


def cloud(seed: int, n_points: int = 150, n_dims: int = 3, n_clusters: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_clusters, n_dims)) * 3.0
    return centres[rng.integers(0, n_clusters, n_points)] + rng.normal(size=(n_points, n_dims)) @ (
        np.eye(n_dims) + 0.4 * rng.normal(size=(n_dims, n_dims))
    )


def start_for(x: np.ndarray, covariance_type: str, n_components: int = 3, seed: int = 0) -> GMM:
    rng = np.random.default_rng(seed)
    shape = covariance_shape(covariance_type, n_components, x.shape[1])
    spread = np.cov(x.T)
    if covariance_type in ("spherical", "tied_spherical"):
        covariances = np.full(shape, np.trace(spread) / x.shape[1])
    else:
        covariances = np.broadcast_to(np.diag(spread) if covariance_type == "diag" else spread, shape)
    means = x[rng.choice(len(x), n_components, replace=False)]
    return GMM(np.full(n_components, 1.0 / n_components), means, covariances, covariance_type)


def assert_same(a: GMM, b: GMM, rtol: float = 1e-6, atol: float = 1e-9) -> None:
    assert_allclose(a.weights_, b.weights_, rtol=rtol, atol=atol)
    assert_allclose(a.means_, b.means_, rtol=rtol, atol=atol)
    assert_allclose(a.covariances_, b.covariances_, rtol=rtol, atol=atol)


def test_one_step_on_three_points_by_hand() -> None:
    x = np.array([[0.0], [1.0], [3.0]])
    start = GMM([0.5, 0.5], [[0.0], [3.0]], [[1.0], [1.0]], "diag")
    # r for component 0: 1 / (1 + exp(3x - 4.5)), because log N(x|3) - log N(x|0) = 3x - 4.5
    r = 1.0 / (1.0 + np.exp(3.0 * x[:, 0] - 4.5))
    mean = np.sum(r * x[:, 0]) / r.sum()
    gmm, trace = fit_gmm(x, 2, "diag", init_params=start, max_iter=1, reg_covar=0.0)
    assert_allclose(gmm.weights_, [r.sum() / 3.0, 1.0 - r.sum() / 3.0], rtol=1e-12)
    assert_allclose(gmm.means_[0], [mean], rtol=1e-12)
    assert_allclose(gmm.covariances_[0], [np.sum(r * (x[:, 0] - mean) ** 2) / r.sum()], rtol=1e-11)
    assert_allclose(trace.lower_bounds_[0], start.score(x), rtol=1e-12)


def test_one_component_is_the_sample_mean_and_covariance(blobs) -> None:
    x = blobs[0]
    gmm, trace = fit_gmm(x, 1, "full")
    assert_allclose(gmm.means_[0], x.mean(axis=0), rtol=1e-10)
    assert_allclose(gmm.covariances_[0], np.cov(x.T, bias=True), rtol=1e-10)
    assert trace.converged_


def test_two_points_two_components_land_on_the_floor() -> None:
    x = np.array([[-1.0], [1.0]])
    gmm, trace = fit_gmm(x, 2, "diag", reg_covar=0.01, init_params=np.array([[-0.5], [0.5]]))
    # data variance 1, so the floor is 0.01 and each component sits on its own point
    assert_allclose(gmm.means_, [[-1.0], [1.0]], rtol=1e-9)
    assert_allclose(gmm.covariances_, [[0.01], [0.01]], rtol=1e-9)
    assert trace.floored == (0, 1)
    assert "floor" in trace.notes[0]


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_steps_agree_with_scikit_learn(covariance_type: str, steps: int, blobs) -> None:
    x = blobs[0] * [1.0, 10.0, 0.1] + [100.0, 0.0, -3.0]
    start = start_for(x, covariance_type)
    precisions = {
        "full": np.linalg.inv,
        "tied": np.linalg.inv,
        "diag": np.reciprocal,
        "spherical": np.reciprocal,
    }[covariance_type](start.covariances_)
    theirs = GaussianMixture(
        3,
        covariance_type=covariance_type,
        reg_covar=0.0,
        tol=0.0,
        max_iter=steps,
        weights_init=start.weights_,
        means_init=start.means_,
        precisions_init=precisions,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(x)
    ours, trace = fit_gmm(
        x, 3, covariance_type, init_params=start, max_iter=steps, tol=-np.inf, reg_covar=0.0
    )
    assert trace.n_iter_ == steps
    assert_same(ours, GMM(theirs.weights_, theirs.means_, theirs.covariances_, covariance_type))
    assert_allclose(trace.lower_bounds_[-1], theirs.score(x), rtol=1e-6)
    assert_allclose(ours.score_samples(x), theirs.score_samples(x), rtol=1e-6)
    assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("reg_covar", [0.0, 0.05, 0.5])
@LAW
@given(seed=SEEDS)
def test_the_bound_never_falls(covariance_type: str, reg_covar: float, seed: int) -> None:
    x = cloud(seed)
    data = fit_data(x, None, covariance_type, reg_covar)
    parameters = standardize(start_for(x, covariance_type).parameters, data.standardizer)
    parameters = m_step(e_step(data, parameters), data, covariance_type, reg_covar)[0]
    bounds = []
    for _ in range(8):
        statistics = e_step(data, parameters)
        bounds.append(statistics.log_likelihood / len(x))
        if statistics.counts.min() < 3.5:  # a component about to become singular without a floor
            break
        parameters = m_step(statistics, data, covariance_type, reg_covar)[0]
    assert np.all(np.diff(bounds) >= -1e-9)


@LAW
@given(seed=SEEDS, covariance_type=KINDS)
def test_permuting_components_permutes_the_fit(seed: int, covariance_type: str) -> None:
    x = cloud(seed)
    start, order = start_for(x, covariance_type), [2, 0, 1]
    covariances = start.covariances_ if covariance_type.startswith("tied") else start.covariances_[order]
    moved = GMM(start.weights_[order], start.means_[order], covariances, covariance_type)
    a, _ = fit_gmm(x, 3, covariance_type, init_params=start, max_iter=5, tol=-np.inf)
    b, _ = fit_gmm(x, 3, covariance_type, init_params=moved, max_iter=5, tol=-np.inf)
    assert_allclose(b.means_, a.means_[order], rtol=1e-7, atol=1e-8)
    assert_allclose(b.weights_, a.weights_[order], rtol=1e-7)


@LAW
@given(seed=SEEDS, covariance_type=KINDS)
def test_permuting_points_changes_nothing(seed: int, covariance_type: str) -> None:
    x = cloud(seed)
    start = start_for(x, covariance_type)
    mixed = np.random.default_rng(seed).permutation(x)
    a, _ = fit_gmm(x, 3, covariance_type, init_params=start, max_iter=5, tol=-np.inf)
    b, _ = fit_gmm(mixed, 3, covariance_type, init_params=start, max_iter=5, tol=-np.inf)
    assert_same(a, b)


@LAW
@given(seed=SEEDS, covariance_type=KINDS, shift=st.floats(-1e6, 1e6), exponent=st.integers(-20, 20))
def test_shifting_and_scaling_the_data_shifts_and_scales_the_fit(
    seed: int, covariance_type: str, shift: float, exponent: int
) -> None:
    x, scale = cloud(seed), 2.0**exponent
    y = scale * (x + shift)
    a, ta = fit_gmm(x, 3, covariance_type, random_state=seed, max_iter=8, tol=-np.inf, n_init=1)
    b, tb = fit_gmm(y, 3, covariance_type, random_state=seed, max_iter=8, tol=-np.inf, n_init=1)
    assert_allclose(b.means_ / scale - shift, a.means_, rtol=1e-5, atol=1e-7)
    assert_allclose(b.covariances_ / scale**2, a.covariances_, rtol=1e-5, atol=1e-7)
    assert_allclose(tb.lower_bounds_[-1], ta.lower_bounds_[-1] - 3 * np.log(scale), rtol=1e-6, atol=1e-6)


@LAW
@given(seed=SEEDS, covariance_type=st.sampled_from(["full", "tied", "spherical"]))
def test_rotating_the_data_rotates_the_fit(seed: int, covariance_type: str) -> None:
    x = cloud(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    start = start_for(x, covariance_type)
    turned = start.covariances_ if covariance_type == "spherical" else turn @ start.covariances_ @ turn.T
    a, ta = fit_gmm(x, 3, covariance_type, init_params=start, max_iter=6, tol=-np.inf)
    b, tb = fit_gmm(
        x @ turn.T,
        3,
        covariance_type,
        max_iter=6,
        tol=-np.inf,
        init_params=GMM(start.weights_, start.means_ @ turn.T, turned, covariance_type),
    )
    assert_allclose(b.means_, a.means_ @ turn.T, rtol=1e-6, atol=1e-7)
    assert_allclose(tb.lower_bounds_[-1], ta.lower_bounds_[-1], rtol=1e-8)


@LAW
@given(seed=SEEDS, covariance_type=KINDS)
def test_weights_are_replication(seed: int, covariance_type: str) -> None:
    x = cloud(seed, n_points=80)
    times = np.random.default_rng(seed).integers(0, 4, size=len(x))
    start = start_for(x, covariance_type)
    a, ta = fit_gmm(x, 3, covariance_type, init_params=start, sample_weight=times, max_iter=5, tol=-np.inf)
    b, tb = fit_gmm(
        np.repeat(x, times, axis=0), 3, covariance_type, init_params=start, max_iter=5, tol=-np.inf
    )
    assert_same(a, b)
    steps = min(
        len(ta.lower_bounds_), len(tb.lower_bounds_)
    )  # at a fixed point rounding decides who stops first
    assert_allclose(ta.lower_bounds_[:steps], tb.lower_bounds_[:steps], rtol=1e-9)
    assert_allclose(ta.lower_bounds_[-1], tb.lower_bounds_[-1], rtol=1e-9)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_fused_statistics_equal_plain_sums(covariance_type: str) -> None:
    """More points than a slice, against responsibilities and sums written out."""
    x = cloud(5, n_points=9000)
    w = np.random.default_rng(0).uniform(0.0, 2.0, len(x))
    start = start_for(x, covariance_type)
    data = fit_data(x, w, covariance_type, 0.0)
    local = standardize(start.parameters, data.standardizer)
    z = (x - data.standardizer.shift) @ data.standardizer.forward.T
    joint = log_densities(z, local.means, local.covariances, covariance_type) + np.log(local.weights)
    top = joint.max(axis=1, keepdims=True)
    r = np.exp(joint - top)
    log_prob = np.log(r.sum(axis=1)) + top[:, 0]
    r *= (w / r.sum(axis=1))[:, None]
    statistics = e_step(data, local)
    assert_allclose(statistics.counts, r.sum(axis=0), rtol=1e-10)
    assert_allclose(statistics.first, r.T @ z, rtol=1e-9, atol=1e-8)
    assert_allclose(statistics.log_likelihood, w @ log_prob, rtol=1e-10)
    fitted = m_step(statistics, data, covariance_type, 0.0)[0]
    scatter = np.stack([(r[:, k, None] * (z - fitted.means[k])).T @ (z - fitted.means[k]) for k in range(3)])
    full = scatter / r.sum(axis=0)[:, None, None]
    wanted = {
        "full": full,
        "tied": scatter.sum(axis=0) / w.sum(),
        "diag": np.diagonal(full, axis1=1, axis2=2),
        "spherical": np.diagonal(full, axis1=1, axis2=2).mean(axis=1),
        "tied_spherical": np.trace(scatter.sum(axis=0)) / (3.0 * w.sum()),
    }[covariance_type]
    assert_allclose(fitted.covariances, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_dims", range(1, 9))
def test_every_pair_of_dimensions_has_one_feature(n_dims: int) -> None:
    rows, columns = quadratic_pairs(n_dims)
    pairs = {frozenset(pair) for pair in zip(rows.tolist(), columns.tolist(), strict=True)}
    assert len(rows) == len(pairs) == n_dims * (n_dims + 1) // 2
    z = np.random.default_rng(0).normal(size=n_dims)
    assert_allclose(symmetric_matrices((z[rows] * z[columns])[None], n_dims)[0], np.outer(z, z), rtol=1e-15)
    x = np.random.default_rng(1).normal(size=(50, n_dims))
    data = fit_data(x, None, "full", 1e-6)
    features = QuadraticDesign(data.standardizer, "full", 50, np.dtype(np.float64)).of(x)
    y = (x - data.standardizer.shift) @ data.standardizer.forward.T
    assert_allclose(features[n_dims:-1], (y[:, rows] * y[:, columns]).T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("covariance_type", ["diag", "full", "spherical"])
def test_a_variance_below_the_rounding_of_its_sums_is_raised_to_it(covariance_type: str) -> None:
    """Sums of one point at (3, 4) counted ten times: no variance, and squares that cannot resolve any."""
    z = np.array([3.0, 4.0])
    rows, columns = quadratic_pairs(2)
    squares = {"diag": z**2, "full": z[rows] * z[columns], "spherical": np.array([25.0])}[covariance_type]
    sums = SufficientStatistics(np.array([10.0]), 10.0 * z[None], 10.0 * squares[None], 0.0)
    fitted, floored = maximize(sums, np.eye(2), covariance_type, 0.0, 1e-6)
    assert floored == (0,)
    wanted = {"diag": [[9e-6, 16e-6]], "full": [12.5e-6 * np.eye(2)], "spherical": [12.5e-6]}[covariance_type]
    assert_allclose(fitted.covariances, wanted, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize("covariance_type", ["diag", "full"])
def test_float32_resolves_a_component_a_hundred_times_narrower_than_the_data(covariance_type: str) -> None:
    """Stated bound: half a percent of its variance."""
    rng = np.random.default_rng(0)
    narrow = rng.integers(0, 2, 20_000)[:, None] == 1
    x = np.where(narrow, 1.5 + 0.01 * rng.normal(size=(20_000, 3)), rng.normal(size=(20_000, 3))).astype(
        np.float32
    )
    start = GMM([0.5, 0.5], [[0.0] * 3, [1.5] * 3], [[1.0] * 3, [1e-4] * 3], "diag")
    a, _ = fit_gmm(x.astype(np.float64), 2, covariance_type, init_params=start, max_iter=20, tol=-np.inf)
    b, _ = fit_gmm(x, 2, covariance_type, init_params=start, max_iter=20, tol=-np.inf)
    ours, theirs = (
        np.diag(g.covariances_[1]) if covariance_type == "full" else g.covariances_[1] for g in (b, a)
    )
    assert_allclose(ours, theirs, rtol=5e-3)


@pytest.mark.parametrize(
    ("n_components", "n_features"), [(3, 10), (8, 231), (100, 41), (125, 9), (600, 5), (30, 34)]
)
def test_products_by_blocks_equal_the_whole(n_components: int, n_features: int) -> None:
    rng = np.random.default_rng(0)
    r, rows = rng.random((n_components, 300)), rng.normal(size=(n_features, 300))
    assert_allclose(sums_of_products(r, rows), r @ rows.T, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_many_components_in_many_dimensions_agree_with_scikit_learn(covariance_type: str) -> None:
    """Sizes at which products go by blocks and divisions go to the features."""
    x = cloud(6, n_points=1500, n_dims=12, n_clusters=30)
    start = start_for(x, covariance_type, n_components=30)
    theirs = GaussianMixture(30, covariance_type=covariance_type, reg_covar=0.0)
    theirs.weights_, theirs.means_, theirs.covariances_ = start.weights_, start.means_, start.covariances_
    theirs.precisions_cholesky_ = precision_cholesky(start.covariances_, covariance_type)
    _, log_r = theirs._e_step(x)
    theirs._m_step(x, log_r)
    ours, _ = fit_gmm(x, 30, covariance_type, init_params=start, max_iter=1, tol=-np.inf, reg_covar=0.0)
    assert_same(ours, GMM(theirs.weights_, theirs.means_, theirs.covariances_, covariance_type))


def test_the_same_seed_gives_the_same_bits(blobs) -> None:
    for init in ("k-means++", "kmeans", "random_from_data", "random"):
        a, ta = fit_gmm(blobs[0], 3, "full", init_params=init, random_state=4)
        b, tb = fit_gmm(blobs[0], 3, "full", init_params=init, random_state=4)
        assert_array_equal(a.means_, b.means_)
        assert_array_equal(a.covariances_, b.covariances_)
        assert_array_equal(ta.lower_bounds_, tb.lower_bounds_)


@pytest.mark.parametrize("init", ["k-means++", "kmeans", "random_from_data"])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_starts_find_well_separated_clusters(init: str, covariance_type: str) -> None:
    rng = np.random.default_rng(8)
    truth = np.repeat([0, 1, 2], [300, 200, 100])
    x = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])[truth] + rng.normal(size=(600, 2))
    gmm, trace = fit_gmm(x, 3, covariance_type, init_params=init)
    assert_array_equal(gmm.predict(x), truth)  # heaviest first: the canonical order is the order of the truth
    assert trace.start == init
    assert len(trace.restarts) == 5
    assert trace.lower_bounds_[-1] >= max(trace.restarts) - 1e-12


def test_a_fit_from_a_mixture_keeps_the_order_of_its_components(blobs) -> None:
    first, _ = fit_gmm(blobs[0], 3, "full")
    flipped = GMM(first.weights_[::-1], first.means_[::-1], first.covariances_[::-1], "full")
    again, trace = fit_gmm(blobs[0], 3, "full", init_params=flipped)
    assert_allclose(again.means_, flipped.means_, atol=0.05, rtol=0.0)
    assert trace.n_iter_ <= 3
    assert trace.start == "given mixture"


def test_a_mixture_of_another_covariance_may_start_a_fit(blobs) -> None:
    diag, trace_diag = fit_gmm(blobs[0], 3, "diag")
    _, trace_full = fit_gmm(blobs[0], 3, "full", init_params=diag)
    assert trace_full.lower_bounds_[-1] > trace_diag.lower_bounds_[-1]
    assert_allclose(trace_full.lower_bounds_[0], trace_diag.lower_bounds_[-1], rtol=1e-9)


def test_restarts_keep_the_best_and_large_data_go_on_from_a_subsample() -> None:
    x = cloud(3, n_points=12_000, n_clusters=5)
    gmm, trace = fit_gmm(x, 5, "full", n_init=3)
    assert len(trace.restarts) == 3
    assert_allclose(trace.lower_bounds_[-1], gmm.score_samples(x).mean(), rtol=1e-10)
    assert np.all(np.diff(trace.lower_bounds_) >= 0.0)


def test_the_best_restart_is_kept() -> None:
    x = cloud(7, n_points=400, n_clusters=8)
    _, trace = fit_gmm(x, 8, "spherical", init_params="random_from_data", n_init=6)
    assert max(trace.restarts) - min(trace.restarts) > 0.01
    assert trace.lower_bounds_[-1] == max(trace.restarts)


def test_random_points_never_start_where_the_weight_is_zero() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    weights = np.where(np.arange(60) < 6, 1.0, 0.0)
    for seed in range(10):
        assert _distinct_points(x, 5, np.random.default_rng(seed), weights).max() < 6
    with pytest.raises(ModelError, match="6 distinct points"):
        _distinct_points(x, 7, np.random.default_rng(0), weights)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("shape", [(10, 20), (300, 3)])
def test_dimensions_that_depend_are_floored_and_named(covariance_type: str, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    x[:, 2] = x[:, 0] + x[:, 1]
    gmm, trace = fit_gmm(x, 2, covariance_type)
    assert np.isfinite(gmm.score_samples(x)).all()
    assert any("depend" in note for note in trace.notes) == (covariance_type in ("full", "tied"))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_vanishing_component_is_moved_and_named(covariance_type: str) -> None:
    x = cloud(1)
    shape = covariance_shape(covariance_type, 2, 3)
    flat = covariance_type not in ("full", "tied")
    wide = np.full(shape, 9.0) if flat else np.broadcast_to(9.0 * np.eye(3), shape)
    start = GMM([0.5, 0.5], [x[0], [1e3, 1e3, 1e3]], wide, covariance_type)
    gmm, trace = fit_gmm(x, 2, covariance_type, init_params=start)
    assert trace.repaired == (1,)
    assert gmm.weights_.min() > 0.01
    assert "vanished" in trace.notes[-1]


def test_stopping_early_is_said(blobs) -> None:
    _, trace = fit_gmm(blobs[0], 3, "full", max_iter=1, n_init=1, tol=0.0)
    assert not trace.converged_
    assert "1 steps" in trace.notes[0]


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_float32_agrees_with_float64_on_badly_scaled_data(covariance_type: str, offset: float) -> None:
    """Stated bound: 1e-3 of each parameter's own spread after 20 steps, offset and scales far apart."""
    scales = np.array([1.0, 1.0, 1.0]) if covariance_type == "spherical" else np.array([1e-3, 1.0, 1e4])
    x32 = ((cloud(2, n_points=4000) + offset) * scales).astype(np.float32)
    x64 = x32.astype(np.float64)
    start = start_for(x64, covariance_type)
    a, ta = fit_gmm(x64, 3, covariance_type, init_params=start, max_iter=20, tol=-np.inf)
    b, tb = fit_gmm(x32, 3, covariance_type, init_params=start, max_iter=20, tol=-np.inf)
    deviations = x64.std(axis=0)
    assert_allclose(b.means_ / deviations, a.means_ / deviations, atol=1e-3, rtol=0.0)
    assert_allclose(b.weights_, a.weights_, atol=1e-3, rtol=0.0)
    assert_allclose(tb.lower_bounds_[-1], ta.lower_bounds_[-1], atol=1e-4, rtol=0.0)
    assert_allclose(
        b.covariances_, a.covariances_, rtol=1e-2, atol=1e-3 * float(np.abs(a.covariances_).min())
    )


def test_em_stops_on_a_loss_and_keeps_the_better_mixture(blobs) -> None:
    """At a fixed point rounding may lose a little; the trace still never falls."""
    x = blobs[0]
    best, _ = fit_gmm(x, 3, "full", tol=1e-13, max_iter=2000)
    data = fit_data(x, None, "full", 1e-6)
    start = standardize(best.parameters, data.standardizer)
    run = em_run(data, start, EMSettings(50, -np.inf, 1e-6))
    assert np.all(np.diff(run.bounds) >= 0.0)


def test_weights_are_replication_where_a_component_vanishes() -> None:
    """Points that do not count are not explained badly: none of them is where it is moved to."""
    x = np.vstack((cloud(1), [[80.0, 80.0, 80.0]]))
    times = np.random.default_rng(0).integers(1, 4, len(x))
    times[-1] = 0
    start = GMM([0.5, 0.5], [x[0], [1e3, 1e3, 1e3]], np.full((2, 3), 9.0), "diag")
    a, trace = fit_gmm(x, 2, "diag", init_params=start, sample_weight=times, max_iter=20, tol=-np.inf)
    b, _ = fit_gmm(np.repeat(x, times, axis=0), 2, "diag", init_params=start, max_iter=20, tol=-np.inf)
    assert trace.repaired == (1,)
    assert_same(a, b)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_statistics_of_labels_count_by_weight(covariance_type: str) -> None:
    """More points than a slice, some of which do not count at all."""
    x = cloud(2, n_points=5000)
    times = np.random.default_rng(0).integers(0, 4, len(x))
    r = np.random.default_rng(1).dirichlet(np.ones(3), len(x))
    found = gather_statistics(fit_data(x, times.astype(float), covariance_type, 0.0), r, covariance_type)
    assert_allclose(found.counts, r.T @ times, rtol=1e-9)
    repeated = np.repeat(x, times, axis=0)
    wanted = m_step(
        gather_statistics(
            fit_data(repeated, None, covariance_type, 0.0), np.repeat(r, times, axis=0), covariance_type
        ),
        fit_data(repeated, None, covariance_type, 0.0),
        covariance_type,
        0.0,
    )[0]
    got = m_step(found, fit_data(x, times.astype(float), covariance_type, 0.0), covariance_type, 0.0)[0]
    assert_allclose(got.means, wanted.means, rtol=1e-7, atol=1e-9)
    assert_allclose(got.covariances, wanted.covariances, rtol=1e-7, atol=1e-9)


def test_a_density_that_is_not_finite_is_refused() -> None:
    """Rather than compared with the next."""
    x = cloud(0)
    data = fit_data(x, None, "diag", 0.0)
    start = start_for(x, "diag").parameters
    broken = start._replace(means=np.full_like(start.means, 1e200))
    with np.errstate(all="ignore"), pytest.raises(ModelError, match="not finite; raise reg_covar"):
        em_run(data, broken, EMSettings(5, 1e-6, 0.0))
