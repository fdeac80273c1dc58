"""VBx: against enumeration of all assignments, by law, and on planted turns."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from diarize.clustering import vbx
from diarize.clustering.vbx import closest_pair, fit_vbx, merge_path, pool_points

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed, n=7, d=3):
    """Points (n, d), their weights, ψ, and chances to stay."""
    rng = np.random.default_rng(seed)
    psi = rng.uniform(0.3, 6, d)
    points = rng.normal(size=(n, d)) * np.sqrt(1 + psi)
    return points, rng.uniform(0.2, 1, n), psi, rng.uniform(0.1, 0.95, n)


def evidence_of(points, weights, psi, chosen):
    """log ∫ N(y; 0, I) Π exp(w (√ψ xᵀy − ½ ψ y²)) dy over the chosen points, one dimension at a time."""
    known = 1 + psi * weights[chosen].sum()
    linear = np.sqrt(psi) * (weights[chosen, None] * points[chosen]).sum(axis=0)
    return 0.5 * (linear**2 / known - np.log(known)).sum()


def log_marginal(points, weights, psi, stay, pi):
    """The exact log marginal likelihood, every assignment of points to speakers written out."""
    n, n_states = len(points), len(pi)
    terms = []
    for path in product(range(n_states), repeat=n):
        chance = np.log(pi[path[0]])
        for t in range(1, n):
            chance += np.log(stay[t] * (path[t] == path[t - 1]) + (1 - stay[t]) * pi[path[t]])
        labels = np.array(path)
        terms.append(chance + sum(evidence_of(points, weights, psi, labels == s) for s in range(n_states)))
    return logsumexp(terms)


@LAW
@given(seed=SEEDS)
def test_bound_is_under_the_marginal_likelihood_and_never_falls(seed):
    """A bound, by enumeration, with the weights that the fit came to."""
    points, weights, psi, stay = drawn(seed)
    start = np.random.default_rng(seed).dirichlet(np.ones(2), size=len(points))
    fit = fit_vbx(points, weights, psi, stay, start, 12, keep_all=True)
    assert (np.diff(fit.bounds) > -1e-8).all()
    exact = log_marginal(points, weights, psi, stay, np.maximum(fit.weights, 1e-300))
    assert (
        fit.bounds[-1] <= exact + 0.05
    )  # the last step moved the weights a little after the bound was taken


@LAW
@given(seed=SEEDS)
def test_one_speaker_is_exact(seed):
    """With one state there is nothing to approximate."""
    points, weights, psi, stay = drawn(seed)
    fit = fit_vbx(points, weights, psi, stay, np.ones((len(points), 1)), 3)
    assert_allclose(
        fit.log_evidence, evidence_of(points, weights, psi, np.full(len(points), True)), atol=1e-8
    )
    assert_allclose(fit.variances[0], 1 / (1 + psi * weights.sum()))


@LAW
@given(seed=SEEDS)
def test_closest_pair_is_the_best_of_all_merges(seed):
    """By trying all of them with hard labels."""
    points, weights, psi, _ = drawn(seed, n=8)
    labels = np.arange(8) % 4
    hard = np.eye(4)[labels]

    def loss(pair):
        i, j = (labels == each for each in pair)
        apart = evidence_of(points, weights, psi, i) + evidence_of(points, weights, psi, j)
        return apart - evidence_of(points, weights, psi, i | j)

    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    assert closest_pair(points, weights, psi, hard) == min(pairs, key=loss)


def planted(seed, n_speakers, n=150, d=8):
    """Points of speakers who hold turns, and who spoke."""
    rng = np.random.default_rng(seed)
    psi = np.linspace(12, 4, d)
    labels = np.repeat(rng.permutation(np.arange(n) % n_speakers), rng.integers(2, 6, n))[:n]
    centres = rng.normal(size=(n_speakers, d)) * np.sqrt(psi)
    return centres[labels] + rng.normal(size=(n, d)), psi, labels


@pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
def test_best_evidence_is_at_the_planted_number(n_speakers):
    """Merging from twelve finds the speakers, and the bound their number."""
    points, psi, labels = planted(n_speakers, n_speakers)
    weights, stay = np.full(len(points), 0.5), np.full(len(points), 0.8)
    start = np.eye(12)[np.random.default_rng(0).integers(0, 12, len(points))] * 0.9 + 0.1 / 12
    path = merge_path(points, weights, psi, stay, start)
    best = max(path, key=lambda k: path[k].log_evidence)
    assert best == n_speakers
    found = path[best].responsibilities.argmax(axis=1)
    assert len({(a, b) for a, b in zip(labels, found, strict=True)}) == n_speakers


def test_weights_are_replication():
    """A point of weight 2 is two points of weight 1 that belong together."""
    points, _, _ = planted(3, 2, n=20)
    hard = np.eye(2)[np.arange(20) % 2]
    means, total = pool_points(points, np.full(20, 2.0), hard)
    twice, counted = pool_points(np.repeat(points, 2, axis=0), np.ones(40), np.repeat(hard, 2, axis=0))
    assert_allclose(means, twice)
    assert_array_equal(total, counted)


def test_empty_states_are_dropped_unless_kept():
    """A speaker that draws nothing goes; asked for, it stays."""
    points, psi, _ = planted(1, 1, n=30)
    start = np.column_stack((np.ones(30), np.zeros(30))) * (1 - 1e-9) + 5e-10
    weights, stay = np.ones(30), np.full(30, 0.9)
    assert fit_vbx(points, weights, psi, stay, start, 10).n_states == 1
    assert fit_vbx(points, weights, psi, stay, start, 10, keep_all=True).n_states == 2
    assert vbx.MIN_WEIGHT < 1 / 30


@pytest.mark.parametrize(("share", "left"), [(0.0009, 1), (0.0011, 2)])
def test_a_state_with_a_thousandth_of_the_draws_is_kept(share, left):
    """With less it is given up, and the others share what it had."""
    shares = np.tile([1 - share, share], (4, 1))
    responsibilities, pi = vbx._prune(shares, np.array([1 - share, share]))
    assert len(pi) == responsibilities.shape[1] == left
    assert_allclose(pi.sum(), 1)
    assert_allclose(responsibilities.sum(axis=1), 1)


def test_evidence_of_a_speaker_is_the_integral():
    """From the mean and the total weight of the points, as from the points, but for their squares."""
    points, weights, psi, _ = drawn(3)
    everyone = np.full(len(points), True)
    (mean,), (total,) = pool_points(points, weights, np.ones((len(points), 1)))
    assert_allclose(vbx._log_evidence(mean, total, psi), evidence_of(points, weights, psi, everyone))


def test_speakers_without_windows_have_no_place_and_are_merged_first():
    """They lose nothing; a little of a window, however little, has its place."""
    _, weights, psi, _ = drawn(1, n=6)
    points = np.repeat([[9.0] * 3, [-9.0] * 3], 3, axis=0)
    shares = np.zeros((6, 4))
    shares[:3, 0], shares[3:, 2] = 1, 1
    means, total = pool_points(points, weights, shares)
    assert_array_equal(means[[1, 3]], 0)
    assert_array_equal(total[[1, 3]], 0)
    assert {1, 3} & {*closest_pair(points, weights, psi, shares)}
    shares[0, 1] = 1e-10
    assert_allclose(pool_points(points, weights, shares)[0][1], points[0])


def test_merging_settles_eight_steps_at_first_and_four_after_each_merge(monkeypatch):
    """However much there is to gain."""
    monkeypatch.setattr(vbx, "TOLERANCE", -1.0)
    points, psi, labels = planted(3, 3, n=60)
    weights, stay = np.full(60, 0.5), np.full(60, 0.8)
    path = merge_path(points, weights, psi, stay, 0.9 * np.eye(3)[labels] + 0.1 / 3)
    assert [len(path[k].bounds) for k in (3, 2, 1)] == [8, 4, 4]
