"""k-means: hand-worked, against scikit-learn, and as the hard isotropic limit of a spherical mixture."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans as TheirKMeans

from diarize.errors import ModelError
from diarize.mixtures import GMM, fit_kmeans
from diarize.mixtures.kmeans import assign_nearest, kmeans_plusplus


def test_four_points_by_hand() -> None:
    x = np.array([[0.0], [1.0], [9.0], [10.0]])
    result = fit_kmeans(x, 2, init=[[0.0], [1.0]])
    # assignments 0 | 1 9 10, then 0 1 | 9 10: squared distances 64 + 81, then 2 * 0.5 within each pair
    assert_allclose(result.cluster_centers_, [[0.5], [9.5]], rtol=1e-15)
    assert_array_equal(result.labels_, [0, 0, 1, 1])
    assert result.inertias_[0] == 64.0 + 81.0
    assert result.inertias_[-1] == 1.0


def test_descent_agrees_with_scikit_learn(blobs) -> None:
    x = blobs[0]
    start = x[[3, 50, 400]]
    theirs = TheirKMeans(3, init=start, n_init=1, tol=0.0, algorithm="lloyd").fit(x)
    ours = fit_kmeans(x, 3, init=start)
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-12)
    assert_array_equal(ours.labels_, theirs.labels_)
    assert_allclose(ours.inertia_, theirs.inertia_, rtol=1e-9)
    assert ours.n_iter_ == len(ours.inertias_) - 1
    fresh = np.random.default_rng(1).normal(size=(50, 3)) * 5
    assert_array_equal(ours.predict(fresh), theirs.predict(fresh))


def test_inertia_never_rises_and_weights_are_replication(blobs) -> None:
    x = blobs[0][:200]
    times = np.random.default_rng(0).integers(0, 3, size=len(x))
    start = x[:4]
    weighted = fit_kmeans(x, 4, init=start, sample_weight=times)
    repeated = fit_kmeans(np.repeat(x, times, axis=0), 4, init=start)
    assert np.all(np.diff(weighted.inertias_) <= 0.0)
    assert_allclose(weighted.inertias_[-1], repeated.inertias_[-1], rtol=1e-10)
    assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-10, atol=1e-12)


def test_a_centre_without_points_moves_to_the_farthest() -> None:
    x = np.array([[0.0], [1.0], [2.0], [50.0]])
    result = fit_kmeans(x, 2, init=[[1.0], [-1000.0]])
    assert_allclose(np.sort(result.cluster_centers_[:, 0]), [1.0, 50.0], rtol=1e-15)
    once = fit_kmeans(x, 2, init=[[1.0], [-1000.0]], max_iter=1)
    assert_allclose(once.cluster_centers_, [[53.0 / 4.0], [50.0]], rtol=1e-15)


def test_shrinking_spherical_mixtures_assign_as_lloyd_does(blobs) -> None:
    x = blobs[0]
    centres = x[[1, 2, 3]]
    softness = []
    for variance in (1.0, 1e-2, 1e-4):
        r = GMM(np.full(3, 1 / 3), centres, np.full(3, variance), "spherical").predict_proba(x)
        softness.append(float((1.0 - r.max(axis=1)).mean()))
    assert softness[0] > softness[1] > softness[2]
    assert_array_equal(r.argmax(axis=1), assign_nearest(x, centres)[0])
    # and one M-step of the means is one step of Lloyd's
    step = (r.T @ x) / r.sum(axis=0)[:, None]
    assert_allclose(step, fit_kmeans(x, 3, init=centres, max_iter=1).cluster_centers_, atol=2e-3, rtol=0.0)


def test_seeds_are_distinct_and_spread() -> None:
    x = np.concatenate([np.zeros((500, 2)), np.full((1, 2), 9.0), np.full((1, 2), -9.0)])
    chosen = kmeans_plusplus(x, 3, np.random.default_rng(0))
    assert len(np.unique(x[chosen], axis=0)) == 3
    with pytest.raises(ModelError, match="3 distinct points"):
        kmeans_plusplus(x, 4, np.random.default_rng(0))


def test_seeds_never_have_weight_zero() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    weights = np.where(np.arange(50) < 5, 1.0, 0.0)
    for seed in range(20):
        assert kmeans_plusplus(x, 5, np.random.default_rng(seed), weights).max() < 5


def test_a_fit_from_seeds_is_the_same_every_time_and_finds_the_blobs(blobs) -> None:
    x, truth = blobs
    a, b = (fit_kmeans(x, 3, random_state=4) for _ in range(2))
    assert_array_equal(a.labels_, b.labels_)
    purest = [np.bincount(truth[a.labels_ == k]).max() for k in range(3)]
    assert sum(purest) > 0.8 * len(x)


@pytest.mark.parametrize(
    ("n_clusters", "init"), [(0, "k-means++"), (2, "furthest"), (2, [[0.0, 0.0, 0.0]]), (1, [[0.0]])]
)
def test_other_starts_are_refused(blobs, n_clusters, init) -> None:
    with pytest.raises(ModelError):
        fit_kmeans(blobs[0], n_clusters, init=init)
