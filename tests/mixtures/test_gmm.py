"""A mixture as a value: densities by hand and against SciPy, criteria, samples, files, and clear refusals."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import dataclasses
import io
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from diarize.errors import ModelError
from diarize.mixtures import COVARIANCE_TYPES, GMM, fit_gmm, log_densities, n_parameters
from diarize.mixtures.fitting import FitTrace
from diarize.mixtures.gaussian import cast_covariances, covariance_shape, full_covariances, precision_cholesky
from diarize.mixtures.npz import save_arrays


def random_gmm(covariance_type: str, n_components: int = 3, n_dims: int = 4, seed: int = 0) -> GMM:
    rng = np.random.default_rng(seed)
    shape = covariance_shape(covariance_type, n_components, n_dims)
    if covariance_type in ("full", "tied"):
        half = rng.normal(size=(*shape[:-1], n_dims + 2))
        covariances = half @ half.swapaxes(-1, -2)
    else:
        covariances = rng.uniform(0.5, 2.0, size=shape)
    return GMM(
        rng.dirichlet(np.full(n_components, 5.0)),
        rng.normal(size=(n_components, n_dims)) * 3.0,
        covariances,
        covariance_type,
    )


def test_two_components_by_hand() -> None:
    gmm = GMM([0.25, 0.75], [[0.0], [2.0]], [1.0, 4.0], "spherical")
    near = 0.25 * np.exp(-0.5) / np.sqrt(2 * np.pi)
    far = 0.75 * np.exp(-0.5 * 1.0 / 4.0) / np.sqrt(2 * np.pi * 4.0)
    assert_allclose(gmm.score_samples([[1.0]]), [np.log(near + far)], rtol=1e-13)
    assert_allclose(gmm.predict_proba([[1.0]]), [[near / (near + far), far / (near + far)]], rtol=1e-13)
    assert_array_equal(gmm.predict([[0.0], [2.0]]), [0, 1])


@pytest.mark.parametrize("asked", ["score_samples", "predict_proba", "predict", "score", "aic", "bic", "icl"])
def test_points_of_other_dimensions_are_refused(asked: str) -> None:
    with pytest.raises(ModelError, match=r"^x has 3 dimensions; this model has 4; pass the features it was"):
        getattr(random_gmm("diag"), asked)(np.zeros((5, 3)))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_densities_agree_with_scipy(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    x = np.random.default_rng(1).normal(size=(3000, 4)) * 4.0
    full = full_covariances(gmm.covariances_, covariance_type, 3, 4)
    wanted = np.stack(
        [multivariate_normal(m, c).logpdf(x) for m, c in zip(gmm.means_, full, strict=True)], axis=1
    )
    assert_allclose(log_densities(x, gmm.means_, gmm.covariances_, covariance_type), wanted, rtol=1e-11)
    joint = wanted + np.log(gmm.weights_)
    assert_allclose(gmm.score_samples(x), logsumexp(joint, axis=1), rtol=1e-11)
    assert_allclose(
        gmm.predict_proba(x), np.exp(joint - logsumexp(joint, axis=1)[:, None]), rtol=1e-9, atol=1e-14
    )
    assert_array_equal(gmm.predict(x), joint.argmax(axis=1))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_densities_keep_their_digits_far_from_the_origin(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    x = gmm.sample(500, random_state=3)[0]
    moved = dataclasses.replace(gmm, means_=gmm.means_ + 2.0**20)
    assert_allclose(moved.score_samples(x + 2.0**20), gmm.score_samples(x), atol=1e-7, rtol=0.0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_precision_factors_invert_the_covariance(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    factors = precision_cholesky(gmm.covariances_, covariance_type)
    if covariance_type in ("full", "tied"):
        product = factors @ factors.swapaxes(-1, -2) @ gmm.covariances_
        assert_allclose(product, np.broadcast_to(np.eye(4), product.shape), atol=1e-10, rtol=0.0)
        assert_array_equal(np.tril(factors, -1), np.zeros_like(factors))
    else:
        assert_allclose(factors**2 * gmm.covariances_, np.ones_like(factors), rtol=1e-14)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES[:4])
def test_parameter_counts_and_criteria_agree_with_scikit_learn(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    x = gmm.sample(400, random_state=5)[0]
    theirs = GaussianMixture(3, covariance_type=covariance_type)
    theirs.weights_, theirs.means_, theirs.covariances_ = gmm.weights_, gmm.means_, gmm.covariances_
    theirs.precisions_cholesky_ = precision_cholesky(gmm.covariances_, covariance_type)
    assert gmm.n_parameters == n_parameters(covariance_type, 3, 4) == theirs._n_parameters()
    assert_allclose(gmm.bic(x), theirs.bic(x), rtol=1e-12)
    assert_allclose(gmm.aic(x), theirs.aic(x), rtol=1e-12)
    r = gmm.predict_proba(x)
    assert_allclose(gmm.icl(x) - gmm.bic(x), -2.0 * np.sum(r * np.log(r)), rtol=1e-9)


def test_weights_count_points() -> None:
    gmm = random_gmm("full")
    x = gmm.sample(50, random_state=2)[0]
    times = np.random.default_rng(0).integers(0, 4, size=50)
    repeated = np.repeat(x, times, axis=0)
    assert_allclose(gmm.score(x, times), gmm.score(repeated), rtol=1e-12)
    assert_allclose(gmm.bic(x, times), gmm.bic(repeated), rtol=1e-12)
    assert_allclose(gmm.icl(x, times), gmm.icl(repeated), rtol=1e-12)
    assert_allclose(gmm.aic(x, times), gmm.aic(repeated), rtol=1e-12)


def test_effective_sample_size_scales_the_evidence() -> None:
    gmm = random_gmm("diag")
    x = gmm.sample(300, random_state=4)[0]
    wanted = gmm.n_parameters * np.log(30.0) - 2.0 * 30.0 * gmm.score(x)
    assert_allclose(gmm.bic(x, n_samples=30.0), wanted, rtol=1e-12)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_samples_have_the_moments_of_the_mixture(covariance_type: str) -> None:
    gmm = random_gmm(covariance_type)
    x, labels = gmm.sample(40_000, random_state=9)
    again, _ = gmm.sample(40_000, random_state=9)
    assert_array_equal(x, again)
    assert_allclose(np.bincount(labels) / len(labels), gmm.weights_, atol=0.01, rtol=0.0)
    full = full_covariances(gmm.covariances_, covariance_type, 3, 4)
    for k in range(3):
        assert_allclose(np.cov(x[labels == k].T), full[k], atol=0.12 * np.abs(full[k]).max(), rtol=0.0)
        assert_allclose(x[labels == k].mean(axis=0), gmm.means_[k], atol=0.15, rtol=0.0)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_saved_mixture_is_restored_bit_for_bit(covariance_type: str, tmp_path) -> None:
    gmm = random_gmm(covariance_type)
    gmm.save(tmp_path / "m.npz")
    back = GMM.load(tmp_path / "m.npz")
    assert back.covariance_type == covariance_type
    for name in ("weights_", "means_", "covariances_"):
        assert_array_equal(getattr(back, name), getattr(gmm, name))
    gmm.save(tmp_path / "n.npz")
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "n.npz").read_bytes()


def rewritten(path, name: str, payload: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members[name] = payload
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def test_loading_refuses_everything_that_is_not_a_mixture(tmp_path) -> None:
    path = tmp_path / "m.npz"
    with pytest.raises(ModelError, match="cannot read"):
        GMM.load(path)
    path.write_bytes(b"not a zip file")
    with pytest.raises(ModelError, match="not a saved model"):
        GMM.load(path)
    gmm = random_gmm("diag")
    hostile = {
        "means.npy": npy(np.array([{"a": 1}], dtype=object), allow_pickle=True),
        "weights.npy": npy(np.array([1.0, 2.0, 3.0])),
        "covariances.npy": npy(np.ones((2, 4))),
        "header.npy": npy(np.array("something else")),
    }
    for name, payload in hostile.items():
        gmm.save(path)
        rewritten(path, name, payload)
        with pytest.raises(ModelError):
            GMM.load(path)


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_reading(tmp_path) -> None:
    path = tmp_path / "m.npz"
    random_gmm("diag").save(path)
    header = np.lib.format.header_data_from_array_1_0(np.ones((3, 4)))
    header["shape"] = (1 << 20, 1 << 20)
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    rewritten(path, "means.npy", out.getvalue())
    with pytest.raises(ModelError, match="not a saved model"):
        GMM.load(path)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (([0.5, 0.5], [[0.0]], [[1.0]], "diag"), "allowed are"),
        (([1.0], [[0.0, 1.0]], [[1.0]], "diag"), "needs"),
        (([0.7, 0.7], [[0.0], [1.0]], [[1.0], [1.0]], "diag"), "sum to"),
        (([1.0], [[np.nan]], [[1.0]], "diag"), "NaN"),
        (([1.0], [[0.0]], [[-1.0]], "diag"), "component 0"),
        (([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[0.0]]], "full"), "component 1"),
        (([1.0], [[0.0]], [[1.0]], "round"), "full, tied, diag, spherical"),
    ],
)
def test_impossible_mixtures_are_refused(fields, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        GMM(*fields)


@pytest.mark.parametrize("bounds", [[], [[0.0], [1.0]], [1.0, 0.5], 1.0])
def test_impossible_traces_are_refused(bounds) -> None:
    with pytest.raises(ModelError, match="one row of numbers that never fall"):
        FitTrace(bounds, converged_=True, start="given")


def test_a_mixture_cannot_be_changed() -> None:
    gmm = random_gmm("diag")
    with pytest.raises(dataclasses.FrozenInstanceError):
        gmm.means_ = gmm.means_ + 1.0
    with pytest.raises(ValueError, match="read-only"):
        gmm.means_[0, 0] = 1.0


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros(5), "shape"),
        (np.zeros((0, 2)), "at least one point"),
        (
            np.array([[0.0, np.nan], [1.0, 2.0]]),
            r"^x\[0, 1\] is nan; allowed are finite numbers; remove or fill such points$",
        ),
        (np.array([["a", "b"]]), "real numbers"),
        (np.arange(8.0).reshape(4, 2) * [1.0, 0.0], "dimension 1 of x is constant"),
        (np.arange(4.0).reshape(2, 2), "2 points"),
        (np.repeat(np.arange(4.0).reshape(2, 2), 5, axis=0), "2 distinct points"),
    ],
)
def test_data_that_cannot_be_fitted_are_named(x: np.ndarray, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        fit_gmm(x, 3, "diag")


@pytest.mark.parametrize(
    "settings",
    [
        {"n_components": 0},
        {"covariance_type": "round"},
        {"init_params": "luck"},
        {"reg_covar": 1.0},
        {"reg_covar": -0.1},
        {"tol": float("nan")},
        {"n_init": 0},
        {"max_iter": -1},
        {"sample_weight": np.ones(3)},
        {"sample_weight": -np.ones(20)},
        {"sample_weight": np.zeros(20)},
        {"init_params": np.zeros((5, 2))},
        {"init_params": random_gmm("diag")},
    ],
)
def test_settings_out_of_range_are_refused(settings) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ModelError):
        fit_gmm(x, **{"n_components": 2, **settings})


@pytest.mark.parametrize("given", COVARIANCE_TYPES)
@pytest.mark.parametrize("wanted", COVARIANCE_TYPES)
def test_covariances_of_another_kind_are_averages_of_the_full_ones(given: str, wanted: str) -> None:
    """Over components by weight for tied, over dimensions for spherical; nothing else is made up."""
    gmm = random_gmm(given)
    full = full_covariances(gmm.covariances_, given, 3, 4)
    by_hand = {
        "full": full,
        "tied": sum(w * each for w, each in zip(gmm.weights_, full, strict=True)),
        "diag": np.array([[each[d, d] for d in range(4)] for each in full]),
        "spherical": np.array([np.trace(each) / 4 for each in full]),
        "tied_spherical": sum(w * np.trace(each) / 4 for w, each in zip(gmm.weights_, full, strict=True)),
    }
    assert_allclose(cast_covariances(gmm.parameters, wanted), by_hand[wanted], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("n_samples", [0, -1])
def test_no_points_cannot_be_drawn(n_samples: int) -> None:
    with pytest.raises(ModelError, match=f"n_samples is {n_samples}; allowed is at least 1"):
        random_gmm("diag").sample(n_samples)


@pytest.mark.parametrize("n_samples", [0.0, -3.0, np.nan])
def test_evidence_of_no_points_is_refused(n_samples: float) -> None:
    gmm = random_gmm("diag")
    with pytest.raises(ModelError, match=f"n_samples is {n_samples}; allowed is a number above zero"):
        gmm.bic(gmm.sample(10)[0], n_samples=n_samples)


def test_a_file_of_another_model_is_named(tmp_path) -> None:
    gmm = random_gmm("diag")
    arrays = {name: getattr(gmm, f"{name}_") for name in ("weights", "means", "covariances")}
    save_arrays(tmp_path / "t.npz", "tmm-diag", arrays)
    with pytest.raises(ModelError, match=r"t\.npz holds a tmm; allowed is a gmm"):
        GMM.load(tmp_path / "t.npz")


def test_criteria_of_more_points_than_a_slice_are_sums_over_all() -> None:
    """The entropy of the responsibilities, too."""
    gmm = random_gmm("full", n_components=3, n_dims=4)
    x, _ = gmm.sample(40_000, random_state=1)
    r = gmm.predict_proba(x)
    entropy = -float(np.sum(r * np.log(np.maximum(r, 1e-300))))
    assert entropy > 1.0
    assert_allclose(gmm.criteria(x).log_likelihood, gmm.score_samples(x).sum(), rtol=1e-10)
    assert_allclose(gmm.score(x), gmm.score_samples(x).mean(), rtol=1e-12)
    assert_allclose(gmm.icl(x) - gmm.bic(x), 2.0 * entropy, rtol=1e-7)
