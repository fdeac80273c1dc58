"""k-means: hand-worked, against scikit-learn, and as the hard isotropic limit of a spherical mixture."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans as TheirKMeans

from diarize.errors import ModelError
from diarize.mixtures import GMM, fit_kmeans, seed_points
from diarize.mixtures.kmeans import nearest


def test_four_points_by_hand() -> None:
    x = np.array([[0.0], [1.0], [9.0], [10.0]])
    result = fit_kmeans(x, np.array([[0.0], [1.0]]))
    # assignments 0 | 1 9 10, then 0 1 | 9 10: squared distances 64 + 81, then 2 * 0.5 within each pair
    assert_allclose(result.centres, [[0.5], [9.5]], rtol=1e-15)
    assert_array_equal(result.labels, [0, 0, 1, 1])
    assert result.inertias[0] == 64.0 + 81.0
    assert result.inertias[-1] == 1.0


def test_descent_agrees_with_scikit_learn(blobs) -> None:
    x = blobs[0]
    start = x[[3, 50, 400]]
    theirs = TheirKMeans(3, init=start, n_init=1, tol=0.0, algorithm="lloyd").fit(x)
    ours = fit_kmeans(x, start)
    assert_allclose(ours.centres, theirs.cluster_centers_, rtol=1e-9, atol=1e-12)
    assert_array_equal(ours.labels, theirs.labels_)
    assert_allclose(ours.inertias[-1], theirs.inertia_, rtol=1e-9)


def test_inertia_never_rises_and_weights_are_replication(blobs) -> None:
    x = blobs[0][:200]
    times = np.random.default_rng(0).integers(0, 3, size=len(x))
    start = x[:4]
    weighted = fit_kmeans(x, start, times.astype(float))
    repeated = fit_kmeans(np.repeat(x, times, axis=0), start)
    assert np.all(np.diff(weighted.inertias) <= 0.0)
    assert_allclose(weighted.inertias[-1], repeated.inertias[-1], rtol=1e-10)
    assert_allclose(weighted.centres, repeated.centres, rtol=1e-10, atol=1e-12)


def test_a_centre_without_points_moves_to_the_farthest() -> None:
    x = np.array([[0.0], [1.0], [2.0], [50.0]])
    result = fit_kmeans(x, np.array([[1.0], [-1000.0]]))
    assert_allclose(np.sort(result.centres[:, 0]), [1.0, 50.0], rtol=1e-15)
    once = fit_kmeans(x, np.array([[1.0], [-1000.0]]), max_iter=1)
    assert_allclose(once.centres, [[53.0 / 4.0], [50.0]], rtol=1e-15)


def test_shrinking_spherical_mixtures_assign_as_lloyd_does(blobs) -> None:
    x = blobs[0]
    centres = x[[1, 2, 3]]
    softness = []
    for variance in (1.0, 1e-2, 1e-4):
        r = GMM(np.full(3, 1 / 3), centres, np.full(3, variance), "spherical").responsibilities(x)
        softness.append(float((1.0 - r.max(axis=1)).mean()))
    assert softness[0] > softness[1] > softness[2]
    assert_array_equal(r.argmax(axis=1), nearest(x, centres)[0])
    # and one M-step of the means is one step of Lloyd's
    step = (r.T @ x) / r.sum(axis=0)[:, None]
    assert_allclose(step, fit_kmeans(x, centres, max_iter=1).centres, atol=2e-3, rtol=0.0)


def test_seeds_are_distinct_and_spread() -> None:
    x = np.concatenate([np.zeros((500, 2)), np.full((1, 2), 9.0), np.full((1, 2), -9.0)])
    chosen = seed_points(x, 3, np.random.default_rng(0))
    assert len(np.unique(x[chosen], axis=0)) == 3
    with pytest.raises(ModelError, match="3 distinct points"):
        seed_points(x, 4, np.random.default_rng(0))


def test_seeds_never_have_weight_zero() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    weights = np.where(np.arange(50) < 5, 1.0, 0.0)
    for seed in range(20):
        assert seed_points(x, 5, np.random.default_rng(seed), weights).max() < 5
