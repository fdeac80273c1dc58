"""Collapsed Gibbs: against the exact posterior over all partitions, and against the variational answer."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from diarize.errors import ModelError
from diarize.mixtures import NormalInverseWishart, fit_bayesian_gmm, log_partition_evidence, sample_partitions
from diarize.mixtures.gibbs import _Clusters


def partitions(n: int) -> list[np.ndarray]:
    """All partitions of n points, clusters numbered by first appearance."""
    grown = [[0]]
    for _ in range(n - 1):
        grown = [[*labels, k] for labels in grown for k in range(max(labels) + 2)]
    return [np.array(labels) for labels in grown]


PRIOR = NormalInverseWishart(np.array([0.0, 1.0]), 0.5, np.array([[1.0, 0.3], [0.3, 2.0]]), 4.0)


def test_predictive_is_the_student_density_of_the_textbook() -> None:
    x = np.random.default_rng(0).normal(size=(6, 2)) * 2.0
    clusters = _Clusters(x, PRIOR)
    for point in range(5):
        clusters.add(point, 0)
    clusters.remove(2, 0)
    mine = x[[0, 1, 3, 4]]
    kappa, freedom = PRIOR.mean_precision + 4, PRIOR.degrees_of_freedom + 4
    mean = (PRIOR.mean_precision * PRIOR.mean + mine.sum(axis=0)) / kappa
    away = mine.mean(axis=0) - PRIOR.mean
    centred = mine - mine.mean(axis=0)
    scale = PRIOR.scale + centred.T @ centred + PRIOR.mean_precision * 4 / kappa * np.outer(away, away)
    shape = scale * (kappa + 1) / (kappa * (freedom - 1))
    wanted = multivariate_t(mean, shape, df=freedom - 1).logpdf(x[5])
    fresh = multivariate_t(
        PRIOR.mean,
        PRIOR.scale * 1.5 / (0.5 * (PRIOR.degrees_of_freedom - 1)),
        df=PRIOR.degrees_of_freedom - 1,
    ).logpdf(x[5])
    assert_allclose(clusters.log_predictive(5, np.array([0, 1])), [wanted, fresh], rtol=1e-10)


def test_evidence_is_the_chain_of_predictives() -> None:
    x = np.random.default_rng(1).normal(size=(5, 2))
    labels = np.array([0, 1, 0, 0, 1])
    clusters = _Clusters(x, PRIOR)
    total, sizes = 0.0, [0, 0]
    for point, label in enumerate(labels):
        weight = sizes[label] if sizes[label] else 2.0
        total += np.log(weight / (2.0 + point)) + clusters.log_predictive(point, np.array([label]))[0]
        clusters.add(point, label)
        sizes[label] += 1
    assert_allclose(log_partition_evidence(x, labels, PRIOR, 2.0), total, rtol=1e-10)


def test_samples_follow_the_exact_posterior_over_partitions() -> None:
    x = np.array([[0.0, 0.0], [0.5, 0.2], [3.0, 2.0], [3.2, 2.5], [1.6, 1.2]])
    every = partitions(5)
    assert len(every) == 52
    logs = np.array([log_partition_evidence(x, labels, PRIOR, 1.0) for labels in every])
    exact = np.exp(logs - logsumexp(logs))
    run = sample_partitions(
        x, weight_concentration_prior=1.0, prior=PRIOR, n_sweeps=3000, burn_in=50, random_state=3
    )
    together = sum(p * (labels[:, None] == labels) for p, labels in zip(exact, every, strict=True))
    assert_allclose(run.co_occurrence, together, atol=0.03, rtol=0.0)
    sizes = np.bincount([labels.max() + 1 for labels in every], weights=exact, minlength=6)
    assert_allclose(np.bincount(run.n_components, minlength=6) / len(run.labels_), sizes, atol=0.03, rtol=0.0)


def test_sampled_and_variational_posteriors_agree_where_the_answer_is_known() -> None:
    rng = np.random.default_rng(8)
    truth = np.repeat([0, 1, 2], [30, 20, 15])
    x = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])[truth] + rng.normal(size=(65, 2))
    run = sample_partitions(
        x,
        n_sweeps=120,
        burn_in=40,
        weight_concentration_prior=0.1,
        prior=NormalInverseWishart(x.mean(axis=0), 0.05, np.eye(2), 4.0),
    )
    model, _ = fit_bayesian_gmm(
        x, 6, "full", weight_concentration_prior=0.1, mean_precision_prior=0.05, max_iter=1000, tol=1e-8
    )
    r = model.predict_proba(x)
    assert np.bincount(run.n_components).argmax() == 3
    assert model.n_used == 3
    same = truth[:, None] == truth
    assert_allclose(run.co_occurrence, same, atol=0.15, rtol=0.0)
    assert_allclose(r @ r.T, same, atol=0.15, rtol=0.0)


def test_the_same_seed_gives_the_same_partitions() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    a, b = (sample_partitions(x, n_sweeps=10, burn_in=2, random_state=5) for _ in range(2))
    assert_array_equal(a.labels_, b.labels_)
    assert a.labels_.shape == (8, 30)
    assert a.log_joint.shape == (10,)
    assert_array_equal(a.labels_[:, 0], np.zeros(8))
    with pytest.raises(ValueError, match="read-only"):
        a.labels_[0, 0] = 1


def test_in_place_updates_do_not_drift() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 3)) * [1.0, 50.0, 0.1] + 100.0
    prior = NormalInverseWishart(x.mean(axis=0), 0.01, np.cov(x.T), 5.0)
    worn, new = _Clusters(x, prior), _Clusters(x, prior)
    for _ in range(50):
        for point in range(40):
            worn.add(point, 0)
        for point in range(39, 10, -1):
            worn.remove(point, 0)
        for point in range(11):
            worn.remove(point, 0)
    for point in range(20):
        worn.add(point, 0)
        new.add(point, 0)
    assert_allclose(worn.log_predictive(30, np.array([0])), new.log_predictive(30, np.array([0])), rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_concentration_prior": 0.0},
        {"n_sweeps": 5, "burn_in": 5},
        {"burn_in": -1},
        {"prior": PRIOR._replace(degrees_of_freedom=0.5)},
        {"prior": PRIOR._replace(mean_precision=0.0)},
        {"prior": PRIOR._replace(mean=np.zeros(3))},
        {"prior": PRIOR._replace(scale=-np.eye(2))},
    ],
)
def test_settings_out_of_range_are_refused(settings) -> None:
    with pytest.raises(ModelError):
        sample_partitions(np.random.default_rng(0).normal(size=(10, 2)), **settings)
    with pytest.raises(ModelError, match="constant"):
        sample_partitions(np.ones((10, 2)))
