"""PCA: by hand, against scikit-learn, and its laws."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import decomposition

from diarize.errors import ModelError
from diarize.mixtures import PCA, fit_gmm, fit_pca
from diarize.mixtures.npz import save_arrays

from .test_em import cloud


def test_points_on_a_line_by_hand() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0], [-3.0, -4.0]])
    pca = fit_pca(x, 1)
    assert_allclose(pca.components_, [[0.6, 0.8]], rtol=1e-14)
    assert_allclose(pca.explained_variance_, [50.0 / 2.0], rtol=1e-14)
    assert_allclose(pca.explained_variance_ratio_, [1.0], rtol=1e-14)
    assert_allclose(pca.transform(x), [[0.0], [5.0], [-5.0]], rtol=1e-14, atol=1e-14)
    assert_allclose(pca.inverse_transform([[10.0]]), [[6.0, 8.0]], rtol=1e-14)


@pytest.mark.parametrize("whiten", [False, True])
def test_agrees_with_scikit_learn(whiten: bool) -> None:
    x = cloud(3, n_points=400, n_dims=6)
    ours, theirs = fit_pca(x, 4, whiten=whiten), decomposition.PCA(4, whiten=whiten).fit(x)
    y, z = ours.transform(x), theirs.transform(x)
    assert_allclose(ours.components_, theirs.components_, rtol=1e-8, atol=1e-9)
    assert_allclose(y, z, rtol=1e-8, atol=1e-9)
    assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-9)
    assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-9)
    assert_allclose(
        ours.inverse_transform(y), theirs.inverse_transform(theirs.transform(x)), rtol=1e-8, atol=1e-9
    )


def test_a_share_keeps_the_fewest_axes_that_reach_it() -> None:
    x = np.random.default_rng(0).normal(size=(5000, 4)) * [4.0, 2.0, 1.0, 0.1]
    shares = fit_pca(x, 4).explained_variance_ratio_
    for share in (0.5, 0.9, 0.99, 0.9999):
        kept = len(fit_pca(x, share).components_)
        assert shares[:kept].sum() >= share > shares[: kept - 1].sum()


def test_weights_are_replication_and_whitening_is_white() -> None:
    x = cloud(1, n_points=100, n_dims=5)
    times = np.random.default_rng(0).integers(1, 4, size=100)
    a, b = fit_pca(x, 3, sample_weight=times), fit_pca(np.repeat(x, times, axis=0), 3)
    assert_allclose(a.components_, b.components_, rtol=1e-8, atol=1e-10)
    assert_allclose(a.explained_variance_, b.explained_variance_, rtol=1e-10)
    y = fit_pca(x, 3, whiten=True).transform(x)
    assert_allclose(np.cov(y.T), np.eye(3), atol=1e-10, rtol=0.0)


def test_full_covariances_after_reduction_where_dimensions_are_many() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 80)
    x = rng.normal(size=(80, 120)) * 0.1
    x[:, :2] += np.array([[0.0, 0.0], [8.0, 3.0]])[truth]
    reduced = fit_pca(x, 2).transform(x)
    gmm, _ = fit_gmm(reduced, 2, "full")
    labels = gmm.predict(reduced)
    assert np.mean(labels == truth) in (0.0, 1.0)


def test_a_saved_projection_is_restored(tmp_path) -> None:
    pca = fit_pca(cloud(2, n_dims=5), 2, whiten=True)
    pca.save(tmp_path / "p.npz")
    back = PCA.load(tmp_path / "p.npz")
    assert (back.total_variance, back.whiten) == (pca.total_variance, True)
    for name in ("mean_", "components_", "explained_variance_"):
        assert_array_equal(getattr(back, name), getattr(pca, name))
    fit_gmm(cloud(2), 2, "diag", n_init=1)[0].save(tmp_path / "g.npz")
    with pytest.raises(ModelError):
        PCA.load(tmp_path / "g.npz")


@pytest.mark.parametrize("n_components", [0, 4, 2.5, 1.0, 0.0, True])
def test_numbers_out_of_range_are_refused(n_components) -> None:
    with pytest.raises(ModelError, match="n_components"):
        fit_pca(cloud(0), n_components)


def test_data_without_variance_are_refused() -> None:
    with pytest.raises(ModelError, match="vary"):
        fit_pca(np.ones((5, 3)), 1)
    flat = np.outer(np.arange(5.0), [1.0, 2.0])
    with pytest.raises(ModelError, match="no variance"):
        fit_pca(flat, 2, whiten=True)


@pytest.mark.parametrize(
    ("shape", "variances"), [((2,), 2), ((2, 4), 2), ((2, 3), 3)], ids=["flat", "wide", "many"]
)
def test_axes_that_do_not_fit_are_refused(shape, variances) -> None:
    with pytest.raises(ModelError, match=rf"components_ have shape \({shape[0]},.*; mean_ has \(3,\)"):
        PCA(np.zeros(3), np.ones(shape), np.ones(variances), 1.0)


def test_a_file_of_another_model_with_the_same_arrays_is_named(tmp_path) -> None:
    pca = fit_pca(cloud(2, n_dims=5), 2)
    names = ("mean", "components", "explained_variance")
    arrays = {name: getattr(pca, f"{name}_") for name in names} | {"total": np.array([pca.total_variance])}
    save_arrays(tmp_path / "l.npz", "lda", arrays)
    with pytest.raises(ModelError, match=r"l\.npz holds a lda; allowed is a pca"):
        PCA.load(tmp_path / "l.npz")
    save_arrays(tmp_path / "l.npz", "pca", arrays | {"total": np.ones(2)})
    with pytest.raises(ModelError, match="load it with the class that saved it"):
        PCA.load(tmp_path / "l.npz")
