"""What points of one group share: against the dense joint posterior, by law, and on planted groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from diarize.errors import ModelError
from diarize.models.factors import Observations, packed, unpacked
from diarize.models.shared import fit_shared, in_units_of, root

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)


def covariance(rng, rank):
    """A random positive definite (rank, rank)."""
    half = rng.normal(size=(rank, 2 * rank))
    return half @ half.T / (2 * rank)


def drawn(seed, sizes, rank, knows=5.0):
    """Groups of so many members whose points share an offset: observations, groups, W and C."""
    rng = np.random.default_rng(seed)
    own, common = covariance(rng, rank), covariance(rng, rank)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    offsets = rng.multivariate_normal(np.zeros(rank), common, len(sizes))[groups]
    points = offsets + rng.multivariate_normal(np.zeros(rank), own, len(groups))
    half = rng.normal(size=(len(groups), rank, 2 * rank)) * np.sqrt(knows / (2 * rank))
    precision = half @ half.transpose(0, 2, 1)
    noise = np.einsum("nij,nj->ni", half, rng.normal(size=(len(groups), 2 * rank)))
    linear = np.einsum("nij,nj->ni", precision, points) + noise
    return Observations(linear, packed(precision)), groups, own, common


def dense(observed, own, common):
    """Posterior mean and covariance of (r, e_1, …, e_n) of one group, and the log evidence, all at once."""
    n, rank = observed.linear.shape
    prior = np.kron(np.diag([0.0] + [1.0] * n), own) + np.kron(np.diag([1.0] + [0.0] * n), common)
    heard = np.zeros_like(prior)
    linear = np.zeros(len(prior))
    for i, (rho, phi) in enumerate(zip(observed.linear, unpacked(observed.precision), strict=True), 1):
        sees = np.zeros((rank, len(prior)))
        sees[:, :rank] = sees[:, i * rank : (i + 1) * rank] = np.eye(rank)
        heard += sees.T @ phi @ sees
        linear += sees.T @ rho
    spread = np.linalg.inv(np.linalg.inv(prior) + heard)
    mean = spread @ linear
    evidence = 0.5 * (linear @ mean + np.linalg.slogdet(spread)[1] - np.linalg.slogdet(prior)[1])
    return mean, spread, evidence


def of_group(observed, groups, g):
    """The rows of one group."""
    return Observations(*(each[groups == g] for each in observed))


def stepped(observed, groups, own, common):
    """One step of EM, out of dense posteriors."""
    rank = len(own)
    theirs, alls = [], []
    for g in np.unique(groups):
        mean, spread, _ = dense(of_group(observed, groups, g), own, common)
        second = spread + np.outer(mean, mean)
        blocks = [second[i : i + rank, i : i + rank] for i in range(0, len(mean), rank)]
        alls.append(blocks[0])
        theirs += blocks[1:]
    return np.mean(theirs, axis=0), np.mean(alls, axis=0)


def log_likelihood(observed, groups, own, common):
    """Of all groups."""
    return sum(dense(of_group(observed, groups, g), own, common)[2] for g in np.unique(groups))


class TestFit:
    @LAW
    @given(seed=SEEDS, sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4), rank=st.integers(1, 3))
    def test_a_step_is_that_of_the_dense_posterior(self, seed, sizes, rank):
        """Every member of a group and its offset in one big Gaussian."""
        observed, groups, *_ = drawn(seed, [*sizes, 2], rank)
        found = fit_shared(observed, groups, 1)
        for one, other in zip(found, stepped(observed, groups, np.eye(rank), np.eye(rank)), strict=True):
            assert_allclose(one, other, rtol=1e-4, atol=1e-5)

    def test_a_step_in_one_dimension_by_hand(self):
        """Two members that say ρ = 3 and 0 with Φ = 1, W = C = 1.

        A member integrated out says Φ/(1 + Φ) = ½ and 3/2 or 0 of r: its precision is 1 + ½ + ½, its mean
        1.5/2. e_i given r has variance ½ and mean ½(ρ − r): means 1.125 and −0.375, variance ½ + ¼ · ½.
        """
        observed = Observations(np.array([[3.0], [0.0]]), np.array([[1.0], [1.0]]))
        own, common = fit_shared(observed, np.array([0, 0]), 1)
        assert_allclose(common, [[0.5 + 0.75**2]], rtol=1e-5)
        assert_allclose(own, [[0.625 + (1.125**2 + 0.375**2) / 2]], rtol=1e-5)

    @LAW
    @given(seed=SEEDS, rank=st.integers(1, 3))
    def test_the_likelihood_never_falls(self, seed, rank):
        """With every step of EM."""
        observed, groups, *_ = drawn(seed, [2, 3, 1, 4], rank)
        values = [
            log_likelihood(observed, groups, *fit_shared(observed, groups, n)) for n in (1, 2, 4, 8, 16)
        ]
        assert (np.diff(values) > -1e-4 * np.abs(values[0])).all()

    def test_planted_covariances_are_found(self):
        """Of 600 groups of four."""
        observed, groups, own, common = drawn(1, [4] * 600, 3, knows=20.0)
        found = fit_shared(observed, groups, 100)
        assert_allclose(found[0], own, rtol=0, atol=0.1)
        assert_allclose(found[1], common, rtol=0, atol=0.2)

    def test_points_of_groups_that_share_nothing_share_nothing(self):
        """Each member in a group drawn at random."""
        observed, groups, *_ = drawn(2, [1] * 900, 2, knows=20.0)
        _, common = fit_shared(observed, groups // 3, 200)
        assert np.linalg.eigvalsh(common)[-1] < 0.1

    @LAW
    @given(seed=SEEDS)
    def test_neither_members_nor_groups_have_an_order(self, seed):
        """Nor do the numbers of groups matter."""
        observed, groups, *_ = drawn(seed, [3, 2, 4], 2)
        rng = np.random.default_rng(seed)
        order = np.concatenate([rng.permutation(np.flatnonzero(groups == g)) for g in rng.permutation(3)])
        one = fit_shared(observed, groups, 5)
        two = fit_shared(Observations(*(each[order] for each in observed)), 7 * groups[order] + 2, 5)
        assert_allclose(one, two, rtol=1e-8, atol=1e-10)

    def test_groups_of_one_tell_nothing(self):
        """In one line."""
        observed, groups, *_ = drawn(0, [1, 1, 1], 2)
        with pytest.raises(ModelError, match="no two points of one group"):
            fit_shared(observed, groups)
        with pytest.raises(ModelError, match="no two points of one group"):
            fit_shared(Observations(*(each[:0] for each in observed)), groups[:0])


class TestUnits:
    def test_roots_by_hand(self):
        """Of a diagonal, of a turned one, and of one with an eigenvalue that rounding made negative."""
        assert_allclose(root(np.diag([4.0, 9.0])), np.diag([2.0, 3.0]), rtol=1e-12)
        assert_allclose(root(np.array([[5.0, 4.0], [4.0, 5.0]])), [[2.0, 1.0], [1.0, 2.0]], rtol=1e-12)
        assert_allclose(root(np.diag([1.0, -1e-12])), np.diag([1.0, 0.0]), atol=1e-12)

    @LAW
    @given(seed=SEEDS, rank=st.integers(1, 5))
    def test_both_together_are_what_they_were(self, seed, rank):
        """W^½ (I + C') W^½ = W + C."""
        rng = np.random.default_rng(seed)
        own, common = covariance(rng, rank), covariance(rng, rank)
        whole = root(own) @ (np.eye(rank) + in_units_of(own, common)) @ root(own)
        assert_allclose(whole, own + common, rtol=1e-6, atol=1e-9)

    def test_without_something_of_ones_own_there_are_no_units(self):
        """A singular W is the caller's mistake, and numpy says so."""
        with pytest.raises(np.linalg.LinAlgError):
            in_units_of(np.zeros((2, 2)), np.eye(2))
