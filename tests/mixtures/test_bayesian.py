"""Variational mixtures: the bound, its pieces by hand, pruning, and step-for-step agreement with
scikit-learn.
"""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import digamma
from scipy.stats import beta, dirichlet, multivariate_normal, wishart
from scipy.stats import t as student
from sklearn.mixture import BayesianGaussianMixture

from diarize.errors import ModelError
from diarize.mixtures import COVARIANCE_TYPES, WEIGHT_PRIOR_TYPES, BayesianGMM, fit_bayesian_gmm, fit_gmm
from diarize.mixtures.bayesian_fitting import _prior
from diarize.mixtures.conjugate import (
    Wishart,
    beta_divergence,
    dirichlet_divergence,
    expected_log_sticks,
    log_precision_excess,
    wishart_divergence,
)
from diarize.mixtures.em import gather_statistics
from diarize.mixtures.fitting import fit_data
from diarize.mixtures.npz import load_arrays, save_arrays
from diarize.mixtures.quadratic_design import local_scores
from diarize.mixtures.standardize import unstandardize
from diarize.mixtures.variational import (
    bound_and_sums,
    divergence,
    expected_log_weights,
    posterior_of,
    score_offsets,
)

from . import LAW
from .test_em import cloud

PRIORS = ("dirichlet_process", "dirichlet_distribution")


@pytest.mark.parametrize("weights", PRIORS)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_steps_agree_with_scikit_learn(covariance_type: str, weights: str, steps: int) -> None:
    x = cloud(7, n_points=300) * [1.0, 5.0, 0.2] + 3.0
    r = np.random.default_rng(1).dirichlet(np.ones(4), size=len(x))
    kind = weights.replace(" ", "_") if weights == "dirichlet_process" else "dirichlet_distribution"
    theirs = BayesianGaussianMixture(
        n_components=4, covariance_type=covariance_type, reg_covar=0.0, weight_concentration_prior_type=kind
    )
    theirs._check_parameters(x)
    theirs._initialize(x, r)
    data = fit_data(x, None, covariance_type, 0.0)
    prior = _prior(data, weights, 0.25, 1.0, None)
    posterior = posterior_of(gather_statistics(data, r, covariance_type), prior, data, covariance_type)
    for _ in range(steps):
        _, log_r = theirs._e_step(x)
        theirs._m_step(x, log_r)
        posterior = posterior_of(bound_and_sums(data, posterior, prior)[1], prior, data, covariance_type)
    mixture = unstandardize(posterior.mixture, data.standardizer)
    assert_allclose(mixture.means, theirs.means_, rtol=1e-6)
    assert_allclose(mixture.covariances, theirs.covariances_, rtol=1e-6, atol=1e-10)
    assert_allclose(posterior.precision, theirs.mean_precision_, rtol=1e-6)
    if covariance_type != "tied":
        assert_allclose(posterior.freedom, theirs.degrees_of_freedom_, rtol=1e-6)


@pytest.mark.parametrize("weights", PRIORS)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
@LAW
@given(seed=st.integers(0, 2**32 - 1), concentration=st.sampled_from([1e-3, 0.1, 1.0, 50.0]))
def test_the_bound_never_falls(covariance_type: str, weights: str, seed: int, concentration: float) -> None:
    x = cloud(seed, n_points=80)
    data = fit_data(x, None, covariance_type, 0.0)
    prior = _prior(data, weights, concentration, 0.5, None)
    r = np.random.default_rng(seed).dirichlet(np.ones(5), size=len(x))
    posterior = posterior_of(gather_statistics(data, r, covariance_type), prior, data, covariance_type)
    bounds = []
    for _ in range(12):
        bound, statistics = bound_and_sums(data, posterior, prior)
        bounds.append(bound)
        posterior = posterior_of(statistics, prior, data, covariance_type)
    assert np.all(np.diff(bounds) >= -1e-10)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical", "tied"])
def test_the_bound_of_one_component_is_the_evidence(covariance_type: str) -> None:
    """With K = 1 and one dimension the posterior is exact, so the bound is log p(x): a Student density."""
    x = np.array([[0.5], [1.5], [4.0]])
    data = fit_data(x, None, covariance_type, 0.0)
    prior = _prior(data, "dirichlet_distribution", 1.0, 1.0, None)
    posterior = posterior_of(
        gather_statistics(data, np.ones((3, 1)), covariance_type), prior, data, covariance_type
    )
    bound, _ = bound_and_sums(data, posterior, prior)
    # predictive chain of normal-gamma: Student with 2a degrees, centre m, scale² b (k + 1) / (a k)
    m, k, a, b = x.mean(), 1.0, 0.5, 0.5 * np.var(x, ddof=1)
    evidence = 0.0
    for value in x[:, 0]:
        evidence += student(2 * a, m, np.sqrt(b * (k + 1) / (a * k))).logpdf(value)
        b += 0.5 * k * (value - m) ** 2 / (k + 1)
        m, k, a = (k * m + value) / (k + 1), k + 1, a + 0.5
    assert_allclose(3.0 * bound, evidence, rtol=1e-10)


def test_a_restricted_posterior_has_the_lower_bound() -> None:
    """Full, diag and spherical bound the evidence of one model; each restriction can only lose."""
    x = cloud(5, n_points=200)
    x = (x - x.mean(axis=0)) @ np.linalg.inv(
        np.linalg.cholesky(np.cov(x.T))
    ).T  # so that all priors are the same
    bounds = []
    for covariance_type in ("full", "diag", "spherical"):
        data = fit_data(x, None, covariance_type, 0.0)
        prior = _prior(data, "dirichlet_distribution", 1.0, 1.0, None)
        r = np.random.default_rng(0).dirichlet(np.ones(2), size=200)
        posterior = posterior_of(gather_statistics(data, r, covariance_type), prior, data, covariance_type)
        bounds.append(-divergence(posterior, prior) / 200.0 + _fit_to(r, data, posterior, prior))
    assert bounds[0] > bounds[1] > bounds[2]


def _fit_to(r, data, posterior, prior) -> float:
    """The expected log density under fixed responsibilities, per point, without their entropy."""
    log_weights = expected_log_weights(posterior.counts, prior.weights, prior.concentration)
    offsets = log_weights + score_offsets(posterior.precision, posterior.freedom, data.x.shape[1])
    total = 0.0
    for part, scores in local_scores(data.x, posterior.mixture, data.standardizer, offsets):
        total += float(np.sum(r[part].T * scores))
    return total / len(r)


def test_divergences_agree_with_sampling_and_scipy() -> None:
    rng = np.random.default_rng(0)
    q, p = np.array([3.0, 1.0, 5.0]), np.array([1.0, 2.0, 0.5])
    draws = dirichlet(q).rvs(40_000, random_state=rng)
    sampled = np.mean([dirichlet(q).logpdf(d) - dirichlet(p).logpdf(d) for d in draws[:4000]])
    assert_allclose(dirichlet_divergence(q, p), sampled, rtol=0.05)
    assert_allclose(dirichlet_divergence(q, q), 0.0, rtol=0.0, atol=1e-12)
    sticks = beta(3.0, 2.0).rvs(40_000, random_state=rng)
    sampled = np.mean(beta(3.0, 2.0).logpdf(sticks) - beta(1.0, 4.0).logpdf(sticks))
    assert_allclose(beta_divergence(np.array([3.0]), np.array([2.0]), 4.0), sampled, rtol=0.03)
    w, w0 = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[1.0, -0.2], [-0.2, 0.5]])
    lam = wishart(6.0, w).rvs(20_000, random_state=rng)
    assert_allclose(
        log_precision_excess(np.array([6.0]), 2)[0] + np.linalg.slogdet(6.0 * w)[1],
        np.linalg.slogdet(lam)[1].mean(),
        atol=0.02,
        rtol=0.0,
    )
    moved = lam.transpose(1, 2, 0)
    sampled = np.mean(wishart(6.0, w).logpdf(moved) - wishart(4.0, w0).logpdf(moved))
    ours = wishart_divergence(
        Wishart(np.array([6.0]), np.array([-np.linalg.slogdet(w)[1]]), 2),
        Wishart(np.array([4.0]), np.array([-np.linalg.slogdet(w0)[1]]), 2),
        np.array([np.trace(np.linalg.solve(w0, w))]),
    )
    assert_allclose(ours, [sampled], rtol=0.03)


def test_sticks_by_hand() -> None:
    # two sticks Beta(2, 3) and Beta(1, 1): E log v1, E log(1 - v1) + E log v2
    got = expected_log_sticks(np.array([2.0, 1.0]), np.array([3.0, 1.0]))
    first = digamma(2.0) - digamma(5.0)
    second = digamma(3.0) - digamma(5.0) + digamma(1.0) - digamma(2.0)
    assert_allclose(got, [first, second], rtol=1e-13)


@pytest.mark.parametrize("weights", PRIORS)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_unused_components_are_pruned(covariance_type: str, weights: str) -> None:
    rng = np.random.default_rng(8)
    truth = np.repeat([0, 1, 2], [300, 200, 100])
    x = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])[truth] + rng.normal(size=(600, 2))
    model, trace = fit_bayesian_gmm(
        x,
        8,
        covariance_type,
        weight_concentration_prior_type=weights,
        weight_concentration_prior=1e-2,
        max_iter=2000,
        tol=1e-7,
        n_init=3,
    )
    assert model.n_used == 3
    assert "5 of 8 components are unused" in trace.notes
    assert np.all(np.diff(trace.lower_bounds_) >= 0.0)
    labels = model.predict(x)
    assert all(len(np.unique(labels[truth == k])) == 1 for k in range(3))
    assert_array_equal(
        np.unique(model.gmm.predict(x), return_counts=True)[1][np.argsort(-model.gmm.weights_)],
        [300, 200, 100],
    )
    assert_allclose(model.predict_proba(x).sum(axis=1), np.ones(600), rtol=1e-12)


def test_many_points_bring_the_posterior_to_the_likeliest_mixture(blobs) -> None:
    x = blobs[0]
    likeliest, _ = fit_gmm(x, 3, "full", tol=1e-11, max_iter=2000)
    away = []
    for times in (100.0, 1000.0):  # the prior counts as a fixed number of points, so its pull fades as 1 / n
        model, _ = fit_bayesian_gmm(
            x,
            3,
            "full",
            weight_concentration_prior_type="dirichlet_distribution",
            init_params=likeliest,
            sample_weight=np.full(600, times),
            tol=1e-13,
            max_iter=2000,
        )
        away.append(float(np.abs(model.gmm.means_ - likeliest.means_).max()))
    assert away[1] < 1e-3
    assert_allclose(away[0] / away[1], 10.0, rtol=0.15)
    assert model.gmm.score_samples(multivariate_normal(np.zeros(3)).rvs(5, random_state=0)).shape == (5,)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_rounding_at_the_optimum_never_shows_as_a_fall(covariance_type: str) -> None:
    _, trace = fit_bayesian_gmm(cloud(3), 3, covariance_type, max_iter=3000, tol=-np.inf, n_init=1)
    assert np.all(
        np.diff(trace.lower_bounds_) >= 0.0
    )  # a value that fell would also be refused when it is made
    assert trace.converged_ is (len(trace.lower_bounds_) <= 3000)
    assert trace.converged_  # a step that would lose is not taken, and that is the end


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_weights_are_replication(covariance_type: str) -> None:
    x = cloud(3, n_points=100)
    times = np.random.default_rng(0).integers(1, 4, size=100)
    start, _ = fit_gmm(x, 3, covariance_type, n_init=1)
    a, ta = fit_bayesian_gmm(
        x, 3, covariance_type, init_params=start, sample_weight=times, max_iter=5, tol=-np.inf
    )
    b, tb = fit_bayesian_gmm(
        np.repeat(x, times, axis=0), 3, covariance_type, init_params=start, max_iter=5, tol=-np.inf
    )
    assert_allclose(a.means_, b.means_, rtol=1e-7, atol=1e-9)
    assert_allclose(ta.lower_bounds_, tb.lower_bounds_, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_concentration_prior_type": "uniform"},
        {"weight_concentration_prior": -1.0},
        {"weight_concentration_prior": 0.0},
        {"mean_precision_prior": 0.0},
        {"degrees_of_freedom_prior": 1.0},
        {"n_components": 0},
        {"covariance_type": "tied_spherical"},
        {"n_init": 0},
        {"max_iter": 0},
        {"init_params": "luck"},
        {"init_params": fit_gmm(cloud(0), 2, "diag", n_init=1)[0]},
        {"init_params": fit_gmm(cloud(0), 3, "tied", n_init=1)[0]},
    ],
)
def test_settings_out_of_range_are_refused(settings) -> None:
    with pytest.raises(ModelError):
        fit_bayesian_gmm(cloud(0), **{"n_components": 3, **settings})


def test_a_trace_says_that_it_was_stopped_and_what_is_unused() -> None:
    """Both where both are so."""
    x = cloud(3)
    _, early = fit_bayesian_gmm(x, 40, "spherical", max_iter=5, tol=-np.inf, n_init=1)
    assert early.converged_ is False
    assert early.notes[0] == "stopped after 5 steps before the gain fell below tol"
    assert early.notes[1].endswith(" of 40 components are unused")
    _, done = fit_bayesian_gmm(x, 2, "spherical", n_init=1)
    assert (done.converged_, done.notes) == (True, ())


@pytest.mark.parametrize("name", ["counts_", "mean_precision_", "degrees_of_freedom_"])
def test_a_posterior_has_one_row_for_each_component(name: str) -> None:
    posterior, _ = fit_bayesian_gmm(cloud(3), 2, "diag", max_iter=2, tol=-np.inf)
    with pytest.raises(ModelError, match="must have one row per component"):
        dataclasses.replace(posterior, **{name: getattr(posterior, name)[:-1]})


@pytest.mark.parametrize("weights", WEIGHT_PRIOR_TYPES)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_a_saved_posterior_is_restored_bit_for_bit(covariance_type: str, weights: str, tmp_path) -> None:
    x = cloud(3, 120)
    model, _ = fit_bayesian_gmm(x, 4, covariance_type, weight_concentration_prior_type=weights, max_iter=20)
    model.save(tmp_path / "m.npz")
    back = BayesianGMM.load(tmp_path / "m.npz")
    assert (back.covariance_type, back.weight_concentration_prior_type) == (covariance_type, weights)
    assert_array_equal(back.predict_proba(x), model.predict_proba(x))
    for field in dataclasses.fields(model):
        assert_array_equal(getattr(back, field.name), getattr(model, field.name))
    back.save(tmp_path / "n.npz")
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()


def test_loading_refuses_what_is_no_posterior(tmp_path) -> None:
    path = tmp_path / "m.npz"
    fit_gmm(cloud(3, 60), 2, "diag")[0].save(path)
    with pytest.raises(ModelError, match="not a saved model"):
        BayesianGMM.load(path)
    model, _ = fit_bayesian_gmm(cloud(3, 60), 2, "diag")
    names = ("counts", "mean_precision", "degrees_of_freedom", "means", "covariances")
    names += ("weight_concentration_prior",)
    model.save(path)
    kind, arrays = load_arrays(path, names)
    for other in ("gmm-diag", "variational-diag-beta", "variational-diag"):
        save_arrays(path, other, arrays)
        with pytest.raises(ModelError, match="allowed is a variational mixture"):
            BayesianGMM.load(path)
    wrong = {
        "counts": -arrays["counts"],
        "mean_precision": 0 * arrays["mean_precision"],
        "degrees_of_freedom": 0 * arrays["degrees_of_freedom"],
        "weight_concentration_prior": 0 * arrays["weight_concentration_prior"],
        "means": arrays["means"][:1],
        "covariances": -arrays["covariances"],
    }
    for name, array in wrong.items():
        save_arrays(path, kind, {**arrays, name: array})
        with pytest.raises(ModelError):
            BayesianGMM.load(path)
