"""Factor analysis: by hand, against dense Gaussians, by law, and on planted loadings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles
from scipy.stats import multivariate_normal

from diarize.errors import ModelError
from diarize.models import factors
from diarize.models.factors import (
    Observations,
    Statistics,
    fit_factors,
    fit_speaker_and_window,
    lower,
    observations_at,
    observed,
    packed,
    posterior_means,
    unpacked,
)

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)


def symmetric(rng, n, size):
    """Symmetric matrices (n, size, size)."""
    half = rng.normal(size=(n, size, size))
    return half + half.transpose(0, 2, 1)


def drawn(rng, n, shape, rank, nuisances=1):
    """Statistics of n windows with soft counts, and loadings for them; nothing planted."""
    k, d = shape
    statistics = Statistics(rng.uniform(0.1, 9.0, (n, k)), rng.normal(size=(n, k, d)) * 3)
    return statistics, rng.normal(size=(k, d, rank)), rng.normal(size=(k, d, nuisances))


def planted(seed, n=600, *, shape=(5, 3), rank=2, factor=None):
    """Statistics made by the model: sums N (V y) and noise of variance N; loadings (K, D, rank)."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(*shape, rank)) * 0.7
    counts = rng.uniform(5, 60, (n, shape[0]))
    y = rng.normal(size=(n, rank)) if factor is None else factor
    shift = np.einsum("kdr,nr->nkd", loadings, y)
    noise = rng.normal(size=(n, *shape)) * np.sqrt(counts)[..., None]
    return Statistics(counts, counts[..., None] * shift + noise), loadings


def flat(loadings):
    """(K, D, R) as (K·D, R)."""
    return loadings.reshape(-1, loadings.shape[-1])


def dense_log_likelihood(statistics, loadings):
    """log p of every window's mean offsets, a Gaussian with covariance N⁻¹ + V Vᵀ, written out."""
    total, v = 0.0, flat(loadings)
    for counts, sums in zip(*statistics, strict=True):
        n = np.repeat(counts, sums.shape[1])
        total += multivariate_normal.logpdf(sums.ravel() / n, cov=np.diag(1 / n) + v @ v.T)
    return total


class TestPacking:
    @LAW
    @given(seed=SEEDS, size=st.integers(1, 7), n=st.integers(0, 3))
    def test_a_trace_is_a_scalar_product_of_triangles(self, seed, size, n):
        """tr(A B) = packed(A) · lower(B), and unpacked gives back what was packed."""
        rng = np.random.default_rng(seed)
        a, b = symmetric(rng, n, size), symmetric(rng, n, size)
        assert packed(a).shape == lower(b).shape == (n, size * (size + 1) // 2)
        assert_allclose((packed(a) * lower(b)).sum(axis=1), np.trace(a @ b, axis1=1, axis2=2), atol=1e-10)
        assert_allclose(unpacked(packed(a)), a, rtol=1e-15)

    def test_two_by_two_by_hand(self):
        """Row by row of the lower triangle, the off-diagonal doubled."""
        a = np.array([[1.0, 2.0], [2.0, 5.0]])
        assert_array_equal(packed(a), [1, 4, 5])
        assert_array_equal(lower(a), [1, 2, 5])
        assert_array_equal(unpacked(np.array([1.0, 4.0, 5.0])), a)

    def test_the_type_of_numbers_stays(self):
        """Half the memory stays half the memory."""
        a = np.eye(3, dtype=np.float32)
        assert packed(a).dtype == unpacked(packed(a)).dtype == np.float32


class TestObserved:
    def test_one_dimension_by_hand(self):
        """N = (2, 3), f = (1, 2), V = (1, 2), U = (1, 1): A = 1 + 5, VᵀNU = 2 + 6."""
        statistics = Statistics(np.array([[2.0, 3.0]]), np.array([[[1.0], [2.0]]]))
        v, u = np.array([[[1.0]], [[2.0]]]), np.array([[[1.0]], [[1.0]]])
        linear, precision = observed(statistics, v, u)
        assert_allclose(linear, [[5 - 8 * 3 / 6]], rtol=1e-14)
        assert_allclose(precision, [[14 - 8 * 8 / 6]], rtol=1e-14)
        assert_allclose(posterior_means(Observations(linear, precision)), [[1 / (1 + 10 / 3)]], rtol=1e-14)

    @LAW
    @given(seed=SEEDS, n=st.integers(1, 4), shape=st.tuples(st.integers(1, 4), st.integers(1, 3)))
    def test_the_window_is_integrated_out_of_the_dense_gaussian(self, seed, n, shape):
        """Mean offsets given y are Gaussian with mean V y and covariance N⁻¹ + U Uᵀ."""
        statistics, v, u = drawn(np.random.default_rng(seed), n, shape, 3, 2)
        linear, precision = observed(statistics, v, u)
        for i in range(n):
            counts = np.repeat(statistics.counts[i], shape[1])
            weight = np.linalg.inv(np.diag(1 / counts) + flat(u) @ flat(u).T)
            offset = statistics.sums[i].ravel() / counts
            assert_allclose(linear[i], flat(v).T @ weight @ offset, rtol=1e-7, atol=1e-8)
            assert_allclose(unpacked(precision[i]), flat(v).T @ weight @ flat(v), rtol=1e-7, atol=1e-8)

    @LAW
    @given(seed=SEEDS)
    def test_the_posterior_is_that_of_the_joint_gaussian(self, seed):
        """y and x solved for together: the y part of the mean is what the window alone says of y."""
        statistics, v, u = drawn(np.random.default_rng(seed), 3, (3, 2), 2, 2)
        found = posterior_means(observed(statistics, v, u))
        both = np.hstack((flat(v), flat(u)))
        for i in range(3):
            counts = np.diag(np.repeat(statistics.counts[i], 2))
            joint = np.linalg.solve(np.eye(4) + both.T @ counts @ both, both.T @ statistics.sums[i].ravel())
            assert_allclose(found[i], joint[:2], rtol=1e-8, atol=1e-10)

    def test_without_window_loadings_it_is_plain_eigenvoices(self):
        """ρ = Vᵀf and Φ = VᵀNV."""
        statistics, v, u = drawn(np.random.default_rng(1), 4, (3, 2), 2, 2)
        linear, precision = observed(statistics, v, 0 * u)
        f = statistics.sums.reshape(4, -1)
        assert_allclose(linear, f @ flat(v), rtol=1e-13)
        gram = np.einsum("kdr,nk,kds->nrs", v, statistics.counts, v)
        assert_allclose(unpacked(precision), gram, rtol=1e-12)

    def test_windows_are_each_their_own(self):
        """In another order, twice, or more than are held at a time: the same rows."""
        statistics, v, u = drawn(np.random.default_rng(2), 5, (3, 2), 2, 1)
        order = np.random.default_rng(0).integers(0, 5, 2 * factors.AT_ONCE + 3)
        alone = observed(statistics, v, u)
        many = observed(Statistics(statistics.counts[order], statistics.sums[order]), v, u)
        assert_allclose(many.linear, alone.linear[order], rtol=1e-10, atol=1e-12)
        assert_allclose(many.precision, alone.precision[order], rtol=1e-10, atol=1e-12)
        assert_allclose(posterior_means(many), posterior_means(alone)[order], rtol=1e-9, atol=1e-12)

    def test_a_windows_own_factor_makes_two_halves_worth_more_than_the_whole(self):
        """Halves with a nuisance each average it out; without nuisances a half and a half are the whole."""
        statistics, v, u = drawn(np.random.default_rng(3), 1, (4, 2), 2, 2)
        half = Statistics(statistics.counts / 2, statistics.sums / 2)
        plain = [observed(s, v, 0 * u) for s in (statistics, half)]
        assert_allclose(2 * plain[1].linear, plain[0].linear, rtol=1e-13)
        assert_allclose(2 * plain[1].precision, plain[0].precision, rtol=1e-13)
        nuisance = [unpacked(observed(s, v, u).precision)[0] for s in (statistics, half)]
        assert np.linalg.eigvalsh(2 * nuisance[1] - nuisance[0]).min() > 0

    def test_no_windows_at_all(self):
        """Nothing observed, in the right shape."""
        statistics, v, u = drawn(np.random.default_rng(0), 0, (3, 2), 4, 1)
        linear, precision = observed(statistics, v, u)
        assert (linear.shape, precision.shape) == ((0, 4), (0, 10))
        assert posterior_means(Observations(linear, precision)).shape == (0, 4)

    @LAW
    @given(seed=SEEDS, n=st.integers(1, 5), rank=st.integers(1, 4))
    def test_means_and_observations_are_inverse_to_each_other(self, seed, n, rank):
        """ρ = (I + Φ) mean, both ways."""
        statistics, v, u = drawn(np.random.default_rng(seed), n, (4, 2), rank, 1)
        there = observed(statistics, v, u)
        back = observations_at(posterior_means(there), there.precision)
        assert_allclose(back.linear, there.linear, rtol=1e-8, atol=1e-9)
        assert_array_equal(back.precision, there.precision)


class TestFit:
    @LAW
    @given(seed=SEEDS)
    def test_the_likelihood_never_falls(self, seed):
        """Computed densely after every step, from any start, whether or not the data follow the model."""
        statistics, start, _ = drawn(np.random.default_rng(seed), 12, (3, 2), 2)
        found = [dense_log_likelihood(statistics, start)]
        for _ in range(6):
            start = fit_factors(statistics, 2, 1, start=start)
            found.append(dense_log_likelihood(statistics, start))
        assert np.diff(found).min() > -1e-4
        assert found[-1] > found[0]

    def test_a_planted_subspace_is_found(self):
        """Directions to a few degrees and the covariance V Vᵀ, which no rotation of factors changes."""
        statistics, truth = planted(0)
        found = fit_factors(statistics, 2, 30)
        assert np.degrees(subspace_angles(flat(found), flat(truth)).max()) < 3
        wanted = flat(truth) @ flat(truth).T
        error = np.linalg.norm(flat(found) @ flat(found).T - wanted) / np.linalg.norm(wanted)
        assert error < 0.12
        assert dense_log_likelihood(statistics, found) > dense_log_likelihood(statistics, truth)

    def test_factors_come_out_standard_normal(self):
        """Minimum divergence: second moments of the factors are the identity when the steps have settled."""
        statistics, _ = planted(1)
        mean, covariance = factors._posterior(statistics, fit_factors(statistics, 2, 100))
        moment = (covariance + mean[:, :, None] * mean[:, None, :]).mean(axis=0)
        assert_allclose(moment, np.eye(2), rtol=0, atol=2e-3)

    def test_windows_may_come_in_any_order_and_twice(self):
        """Order does not matter, and everything twice is the same model."""
        statistics, _ = planted(2, 60)
        once = fit_factors(statistics, 2, 4)
        for order in (np.random.default_rng(0).permutation(60), np.tile(np.arange(60), 2)):
            again = fit_factors(Statistics(*(x[order] for x in statistics)), 2, 4)
            assert_allclose(again, once, rtol=1e-4, atol=1e-6)

    def test_the_seed_decides_the_start_alone(self):
        """Same seed, same bits; another seed finds the same subspace."""
        statistics, _ = planted(3)
        one, two, other = (fit_factors(statistics, 2, 25, seed=s) for s in (5, 5, 6))
        assert_array_equal(one, two)
        assert not np.array_equal(one, other)
        assert np.degrees(subspace_angles(flat(one), flat(other)).max()) < 0.5

    def test_a_component_that_no_frame_reached_does_no_harm(self):
        """Its loadings are finite and nearly nothing."""
        statistics, _ = planted(4, 50)
        statistics.counts[:, 2] = 0
        statistics.sums[:, 2] = 0
        found = fit_factors(statistics, 2, 5)
        assert np.isfinite(found).all()
        assert_allclose(found[2], 0, atol=1e-9)

    def test_nothing_to_fit_is_an_error(self):
        """In one line."""
        with pytest.raises(ModelError, match="at least one window"):
            fit_factors(Statistics(np.zeros((0, 2)), np.zeros((0, 2, 3))), 1, 1)

    @pytest.mark.parametrize(("seed", "degrees"), [(7, 2.0), (8, 1.0)])
    def test_speaker_and_window_loadings_are_told_apart(self, seed, degrees):
        """What windows of one class share, and what scatters within it, each in its own loadings."""
        rng = np.random.default_rng(seed)
        classes = np.repeat(np.arange(150), 8)
        y = rng.normal(size=(150, 2))[classes]
        x = rng.normal(size=(1200, 2))
        statistics, truth = planted(seed, 1200, shape=(6, 3), rank=4, factor=np.hstack((y, x)))
        speaker, window = fit_speaker_and_window(statistics, classes, (2, 2), n_iter=20)
        wanted_speaker, wanted_window = flat(truth)[:, :2], flat(truth)[:, 2:]
        assert np.degrees(subspace_angles(flat(speaker), wanted_speaker).max()) < 9
        assert np.degrees(subspace_angles(flat(window), wanted_window).max()) < degrees
        # and not the other way round
        assert np.degrees(subspace_angles(flat(speaker), wanted_window).min()) > 20
        for found, wanted in ((speaker, wanted_speaker), (window, wanted_window)):
            size = np.linalg.norm(flat(found) @ flat(found).T) / np.linalg.norm(wanted @ wanted.T)
            assert 0.75 < size < 1.25

    def test_loadings_start_from_the_seed(self):
        """Speakers from the seed itself, windows from the next one, so that the two differ."""
        statistics, _ = planted(4, 50)
        speaker, window = fit_speaker_and_window(statistics, np.arange(50) // 5, (2, 2), seed=6, n_iter=0)
        for found, seed in ((speaker, 6), (window, 7)):
            assert_array_equal(found, 0.1 * np.random.default_rng(seed).standard_normal(found.shape))

    def test_pooling_sums_over_the_windows_of_a_class(self):
        """Two of class 0, one of class 1."""
        statistics = Statistics(np.array([[1.0], [2.0], [4.0]]), np.array([[[1.0]], [[5.0]], [[7.0]]]))
        counts, sums = factors._pooled(statistics, np.array([0, 0, 1]))
        assert_array_equal(counts, [[3], [4]])
        assert_array_equal(sums, [[[6]], [[7]]])


def test_the_joint_precision_is_positive():
    """Marginal precisions are positive semidefinite however strong the nuisance."""
    statistics, v, u = drawn(np.random.default_rng(9), 6, (3, 2), 3, 2)
    for matrix in unpacked(observed(statistics, v, 100 * u).precision):
        assert np.linalg.eigvalsh(matrix).min() > -1e-8
