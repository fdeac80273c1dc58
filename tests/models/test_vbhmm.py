"""The variational Markov model of latent points: against enumeration, by law, and on planted speakers."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.special import logsumexp

from diarize.hmm.redrawn import smooth_redrawn
from diarize.models import vbhmm
from diarize.models.factors import Observations, moved, packed, pooled_log_evidence, unpacked
from diarize.models.vbhmm import fit_voices, merge_path

from . import LAW

SEEDS = st.integers(0, 2**32 - 1)


def observations(rng, n, rank, knows=2.0):
    """Random observations (n) of a latent (rank,), none of them contradictory."""
    half = rng.normal(size=(n, rank, rank)) * np.sqrt(knows / rank)
    precision = half @ half.transpose(0, 2, 1)
    linear = np.einsum("nij,nj->ni", precision, rng.normal(size=(n, rank)))
    return Observations(linear, packed(precision))


def shares(rng, n, n_states):
    """Random responsibilities (n, n_states)."""
    return rng.dirichlet(np.ones(n_states), size=n)


def planted(seed, n_speakers, n=120, rank=8, knows=3.0):
    """Windows of speakers who hold turns: observations, chances to stay, and who spoke."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_speakers, rank)) * 1.2
    labels = np.repeat(rng.integers(0, n_speakers, n), rng.integers(2, 6, n))[:n]
    half = rng.normal(size=(n, rank, 2 * rank)) * np.sqrt(knows / (2 * rank))
    precision = half @ half.transpose(0, 2, 1)
    noise = np.einsum("nij,nj->ni", half, rng.normal(size=(n, 2 * rank)))
    linear = np.einsum("nij,nj->ni", precision, points[labels]) + noise
    return Observations(linear, packed(precision)), np.full(n, 0.8), labels


def evidence_of(observed, chosen):
    """log ∫ N(y; 0, I) Π exp(ρᵀy − ½ yᵀΦy) dy over the chosen observations, densely."""
    linear = observed.linear[chosen].sum(axis=0)
    matrix = np.eye(len(linear)) + unpacked(observed.precision[chosen].sum(axis=0))
    return 0.5 * (linear @ np.linalg.inv(matrix) @ linear - np.log(np.linalg.det(matrix)))


def step(stay, weights, before, after):
    """P(after | before): stays, or draws, which may draw the same again."""
    return stay * (before == after) + (1 - stay) * weights[after]


def paths(stay, weights):
    """Every path of the chain with its prior probability."""
    for path in product(range(len(weights)), repeat=len(stay)):
        chance = weights[path[0]]
        for t in range(1, len(stay)):
            chance *= step(stay[t], weights, path[t - 1], path[t])
        yield np.array(path), chance


def chain(seed, n, n_states):
    """Chances to stay (n,), the same for no two steps, and weights (n_states,)."""
    rng = np.random.default_rng(seed)
    return rng, rng.uniform(0, 1, n), rng.dirichlet(np.ones(n_states))


class TestForwardBackward:
    @LAW
    @given(
        seed=SEEDS, n=st.integers(1, 6), n_states=st.integers(1, 3), scale=st.sampled_from([0.3, 5.0, 80.0])
    )
    def test_they_are_sums_over_all_paths(self, seed, n, n_states, scale):
        """Responsibilities, evidence, and expected numbers of draws, with a chance to stay of each step."""
        rng, stay, weights = chain(seed, n, n_states)
        scores = rng.normal(size=(n, n_states)) * scale - 300
        logs, gamma, draws = [], [], []
        for path, chance in paths(stay, weights):
            logs.append(np.log(chance) + scores[np.arange(n), path].sum())
            gamma.append(np.eye(n_states)[path])
            drawn = np.eye(n_states)[path[0]]
            for t in range(1, n):
                share = (1 - stay[t]) * weights[path[t]] / step(stay[t], weights, path[t - 1], path[t])
                drawn = drawn + share * np.eye(n_states)[path[t]]
            draws.append(drawn)
        mass = np.exp(np.array(logs) - logsumexp(logs))
        found, evidence, drawn = smooth_redrawn(scores, stay, weights)
        assert_allclose(evidence, logsumexp(logs), rtol=1e-10)
        assert_allclose(found, np.tensordot(mass, gamma, 1), rtol=0, atol=1e-9)
        assert_allclose(drawn, mass @ draws, rtol=0, atol=1e-9)

    def test_two_steps_by_hand(self):
        """Even weights, stay ½: ¾ to stay in all, so paths AA, BB have ⅜ and AB, BA ⅛."""
        scores, stay = np.log([[2.0, 1.0], [1.0, 3.0]]), np.array([0.0, 0.5])
        gamma, evidence, _ = smooth_redrawn(scores, stay, np.array([0.5, 0.5]))
        masses = {"AA": 3 / 8 * 2, "AB": 1 / 8 * 6, "BA": 1 / 8, "BB": 3 / 8 * 3}
        total = sum(masses.values())
        assert_allclose(evidence, np.log(total), rtol=1e-12)
        assert_allclose(gamma[0, 0], (masses["AA"] + masses["AB"]) / total, rtol=1e-12)
        assert_allclose(gamma[1, 1], (masses["AB"] + masses["BB"]) / total, rtol=1e-12)

    def test_the_first_chance_to_stay_means_nothing(self):
        """There is nobody to stay with."""
        rng, stay, weights = chain(3, 5, 2)
        scores = rng.normal(size=(5, 2))
        other = np.concatenate(([0.99], stay[1:]))
        for one, two in zip(
            smooth_redrawn(scores, stay, weights), smooth_redrawn(scores, other, weights), strict=True
        ):
            assert_array_equal(one, two)


class TestBound:
    @LAW
    @given(seed=SEEDS, n=st.integers(2, 30), n_states=st.integers(1, 4), keep_all=st.booleans())
    def test_it_never_falls(self, seed, n, n_states, keep_all):
        """While the number of states stays: fit_voices begins the trace anew when it drops one."""
        rng, stay, _ = chain(seed, n, n_states)
        start = shares(rng, n, n_states)
        fit = fit_voices(observations(rng, n, 3), stay, start, 30, keep_all=keep_all)
        assert (np.diff(fit.bounds) > -1e-8).all()
        assert fit.bound == fit.bounds[-1]
        assert 1 <= len(fit.bounds) <= 30

    @LAW
    @given(seed=SEEDS, n=st.integers(1, 6), n_states=st.integers(1, 3))
    def test_it_is_under_the_exact_evidence(self, seed, n, n_states):
        """Every path enumerated, every point integrated out; the first step's weights are even."""
        rng, stay, _ = chain(seed, n, n_states)
        observed = observations(rng, n, 2, knows=4.0)
        exact = logsumexp(
            [
                np.log(chance) + sum(evidence_of(observed, path == s) for s in range(n_states))
                for path, chance in paths(stay, np.full(n_states, 1 / n_states))
            ]
        )
        bound = fit_voices(observed, stay, shares(rng, n, n_states), 1, keep_all=True).bound
        assert bound <= exact + 1e-8

    @pytest.mark.parametrize("n_states", [1, 2, 3])
    def test_with_states_far_apart_the_evidence_is_the_bound_and_all_its_modes(self, n_states):
        """Two observations of each state, every path enumerated; the bound alone lacks the log of S!."""
        truth = np.repeat(np.arange(n_states), 2)
        points = np.array([[9.0, 0.0], [-9.0, 0.0], [0.0, 9.0]])[truth]
        observed = Observations(4 * points, np.tile(packed(4 * np.eye(2)), (len(truth), 1)))
        stay, weights = np.zeros(len(truth)), np.full(n_states, 1 / n_states)
        exact = logsumexp(
            [
                np.log(chance) + sum(evidence_of(observed, path == s) for s in range(n_states))
                for path, chance in paths(stay, weights)
            ]
        )
        fit = fit_voices(observed, stay, 0.98 * np.eye(n_states)[truth] + 0.02 / n_states, 20)
        assert_allclose(fit.log_evidence, exact, rtol=0, atol=1e-6)
        assert_allclose(fit.bound + np.log(math.factorial(n_states)), exact, rtol=0, atol=1e-6)

    @LAW
    @given(seed=SEEDS, n=st.integers(1, 40), rank=st.integers(1, 5))
    def test_with_one_state_it_is_the_exact_evidence(self, seed, n, rank):
        """There is nothing to approximate when everything is one speaker's."""
        observed = observations(np.random.default_rng(seed), n, rank)
        fit = fit_voices(observed, np.full(n, 0.5), np.ones((n, 1)), 5)
        assert_allclose(fit.bounds[0], evidence_of(observed, np.arange(n)), rtol=1e-9, atol=1e-9)
        assert_allclose(fit.bound, fit.bounds[0], rtol=0, atol=1e-9)
        assert_array_equal(fit.responsibilities, np.ones((n, 1)))

    def test_the_evidence_of_one_dimension_is_its_integral(self):
        """By quadrature, of ρ = 1.5 and Φ = 0.7."""
        mass, _ = quad(lambda y: np.exp(1.5 * y - 0.35 * y * y - 0.5 * y * y) / np.sqrt(2 * np.pi), -20, 20)
        observed = Observations(np.array([[1.5]]), np.array([[0.7]]))
        fit = fit_voices(observed, np.array([0.5]), np.ones((1, 1)), 2)
        assert_allclose(fit.bound, np.log(mass), rtol=1e-9)
        assert_allclose(pooled_log_evidence(*(x[0] for x in observed)), np.log(mass), rtol=1e-9)
        assert_allclose(fit.points, [[1.5 / 1.7]], rtol=1e-12)

    def test_the_divergence_from_the_prior_by_hand(self):
        """One observation ρ = 4, Φ = 3: the point is N(1, ¼), and the usual three terms are its price."""
        observed = Observations(np.array([[4.0], [0.0]]), np.array([[3.0], [0.0]]))
        found = vbhmm._states(observed, np.eye(2), None)
        assert_allclose(found.mean, [[1.0], [0.0]], rtol=1e-14)
        assert_allclose(found.covariance, [[[0.25]], [[1.0]]], rtol=1e-14)
        assert_allclose(found.divergence, 0.5 * (0.25 + 1.0 - 1.0 + np.log(4.0)), rtol=1e-12)


def together(observed, responsibilities, common):
    """Posterior mean and covariance of all states' points, prior and log evidence, in one big Gaussian."""
    n_states, rank = responsibilities.shape[1], observed.linear.shape[1]
    prior = np.kron(np.eye(n_states), np.eye(rank)) + np.kron(np.ones((n_states, n_states)), common)
    linear = (responsibilities.T @ observed.linear).ravel()
    heard = np.zeros_like(prior)
    for s, phi in enumerate(unpacked(responsibilities.T @ observed.precision)):
        heard[s * rank : (s + 1) * rank, s * rank : (s + 1) * rank] = phi
    spread = np.linalg.inv(np.linalg.inv(prior) + heard)
    mean = spread @ linear
    evidence = 0.5 * (linear @ mean + np.linalg.slogdet(spread)[1] - np.linalg.slogdet(prior)[1])
    return mean, spread, prior, evidence


def common_covariance(rng, rank):
    """Of what all states share, (rank, rank)."""
    half = rng.normal(size=(rank, rank))
    return half @ half.T


class TestShared:
    @LAW
    @given(seed=SEEDS, n_states=st.integers(1, 4), rank=st.integers(1, 3))
    def test_points_and_what_they_share_are_one_gaussian(self, seed, n_states, rank):
        """Means, covariances and divergence, against all of it inverted at once."""
        rng = np.random.default_rng(seed)
        observed, common = observations(rng, 12, rank), common_covariance(rng, rank)
        responsibilities = shares(rng, 12, n_states)
        found = vbhmm._states(observed, responsibilities, common)
        mean, spread, prior, _ = together(observed, responsibilities, common)
        assert_allclose(found.mean.ravel(), mean, rtol=1e-6, atol=1e-8)
        for s in range(n_states):
            part = slice(s * rank, (s + 1) * rank)
            assert_allclose(found.covariance[s], spread[part, part], rtol=1e-6, atol=1e-8)
        inverse = np.linalg.inv(prior)
        divergence = np.trace(inverse @ spread) + mean @ inverse @ mean - len(mean)
        divergence += np.linalg.slogdet(prior)[1] - np.linalg.slogdet(spread)[1]
        assert_allclose(found.divergence, divergence / 2, rtol=1e-6, atol=1e-7)

    def test_two_points_by_hand(self):
        """ρ = 2 and 0, Φ = 1, C = 1: r has the precision 1 + ½ + ½ and the linear term 1, so it lies at ½."""
        observed = Observations(np.array([[2.0], [0.0]]), np.array([[1.0], [1.0]]))
        found = vbhmm._states(observed, np.eye(2), np.eye(1))
        assert_allclose(found.common, [0.5], rtol=1e-12)
        assert_allclose(found.mean, [[1.25], [0.25]], rtol=1e-12)
        assert_allclose(found.covariance, np.full((2, 1, 1), 0.5 + 0.125), rtol=1e-12)

    @LAW
    @given(seed=SEEDS, n=st.integers(1, 6), n_states=st.integers(1, 3))
    def test_the_bound_is_under_the_exact_evidence(self, seed, n, n_states):
        """Every path enumerated, all points and what they share integrated out together."""
        rng, stay, _ = chain(seed, n, n_states)
        observed, common = observations(rng, n, 2, knows=4.0), common_covariance(rng, 2)
        exact = logsumexp(
            [
                np.log(chance) + together(observed, np.eye(n_states)[path], common)[3]
                for path, chance in paths(stay, np.full(n_states, 1 / n_states))
            ]
        )
        start = shares(rng, n, n_states)
        bound = fit_voices(observed, stay, start, 1, shared=common, keep_all=True).bound
        assert bound <= exact + 1e-8
        if n_states == 1:
            assert_allclose(bound, exact, rtol=1e-8, atol=1e-8)

    @LAW
    @given(seed=SEEDS, n=st.integers(2, 30), n_states=st.integers(1, 4))
    def test_the_bound_never_falls(self, seed, n, n_states):
        """However much is shared."""
        rng, stay, _ = chain(seed, n, n_states)
        start, common = shares(rng, n, n_states), common_covariance(rng, 3)
        fit = fit_voices(observations(rng, n, 3), stay, start, 30, shared=common)
        assert (np.diff(fit.bounds) > -1e-8).all()

    def test_nothing_shared_is_as_if_nothing_were_said_of_it(self):
        """To rounding."""
        observed, stay, _ = planted(3, 3)
        start = shares(np.random.default_rng(0), len(stay), 5)
        one, two = (fit_voices(observed, stay, start, 10, shared=c) for c in (None, np.zeros((8, 8))))
        assert_allclose(one.bounds, two.bounds, rtol=1e-10)
        assert_allclose(one.responsibilities, two.responsibilities, atol=1e-8)

    def test_what_all_share_tells_nobody_from_anybody(self):
        """All points moved by an offset: known to be shared, it moves only the level of the curve."""
        observed, stay, labels = planted(4, 3)
        offset, common = np.array([30.0, -20.0, *np.zeros(6)]), np.diag([1e8, 1e8, *np.zeros(6)])
        away = Observations(observed.linear + unpacked(observed.precision) @ offset, observed.precision)
        start = 0.9 * np.eye(6)[(labels + 3 * (np.arange(len(labels)) % 2))] + 0.1 / 6
        here, there = (merge_path(each, stay, start, shared=common) for each in (observed, away))
        assert here.keys() == there.keys()
        level = there[1].bound - here[1].bound
        for k in here:
            assert_allclose(there[k].bound - here[k].bound, level, rtol=0, atol=0.1)
            assert_allclose(there[k].responsibilities, here[k].responsibilities, atol=0.02)
        alone = merge_path(away, stay, start)
        assert max(alone, key=lambda k: alone[k].bound) != max(here, key=lambda k: here[k].bound)

    def test_the_closest_pair_is_the_same_wherever_all_are(self):
        """The offset would make every union cheaper, those of much evidence most."""
        common = np.diag([1e8, 0.0, 0.0])
        for seed in range(20):
            rng = np.random.default_rng(seed)
            here, responsibilities = observations(rng, 12, 3), shares(rng, 12, 5)
            away = moved(here, np.array([-200.0, 0.0, 0.0]))
            one, other = (vbhmm._closest_pair(each, responsibilities, common) for each in (here, away))
            assert one == other

    def test_residuals_know_what_is_shared(self):
        """Of windows far off together nothing is left where they may be."""
        rng = np.random.default_rng(5)
        precision = packed(np.tile(50 * np.eye(2), (40, 1, 1)))
        linear = 50 * np.array([6.0, 0.0]) + np.sqrt(50) * rng.normal(size=(40, 2))
        observed = Observations(linear, precision)
        one = np.ones((40, 1))
        known = vbhmm.residuals(observed, one, np.diag([100.0, 0.0]))
        assert np.abs(known.mean(axis=0)).max() < 0.01
        assert vbhmm.residuals(observed, one).mean(axis=0)[0] > 2 * np.abs(known.mean(axis=0)).max()


class TestFit:
    def test_states_have_no_order(self):
        """Columns of the start in another order are columns of the fit in that order."""
        observed, stay, _ = planted(0, 3)
        start, order = shares(np.random.default_rng(1), 120, 3), [2, 0, 1]
        one, two = (fit_voices(observed, stay, s, 6, keep_all=True) for s in (start, start[:, order]))
        assert_allclose(two.responsibilities, one.responsibilities[:, order], rtol=0, atol=1e-9)
        assert_allclose(two.points, one.points[order], rtol=1e-7, atol=1e-9)
        assert_allclose(two.bounds, one.bounds, rtol=1e-10)

    def test_time_has_no_direction(self):
        """The chain draws from the same weights both ways: reversed windows have reversed shares."""
        observed, stay, _ = planted(1, 2)
        start = shares(np.random.default_rng(1), 120, 2)
        one = fit_voices(observed, stay, start, 1, keep_all=True)
        back = Observations(*(x[::-1] for x in observed))
        two = fit_voices(back, stay, start[::-1], 1, keep_all=True)
        assert_allclose(two.responsibilities[::-1], one.responsibilities, rtol=0, atol=1e-9)
        assert_allclose(two.bound, one.bound, rtol=1e-10)

    def test_states_that_nothing_is_drawn_from_are_given_up_unless_all_are_kept(self):
        """Two speakers from a start of six states, one of which has nothing."""
        observed, stay, labels = planted(2, 2)
        start = np.column_stack((np.eye(2)[labels], np.full((120, 4), 1e-12)))
        start /= start.sum(axis=1, keepdims=True)
        free = fit_voices(observed, stay, start, 20)
        assert free.n_states == 2
        assert_allclose(free.responsibilities.sum(axis=1), 1, rtol=1e-9)
        kept = fit_voices(observed, stay, start, 20, keep_all=True)
        assert kept.n_states == 6
        assert kept.responsibilities.shape == (120, 6)
        for fit in (free, kept):
            assert_allclose(fit.weights.sum(), 1, rtol=1e-12)
            assert_array_equal(fit.responsibilities.argmax(axis=1), labels)

    def test_the_trace_is_of_the_last_number_of_states(self, monkeypatch):
        """What came before a state was dropped is no part of it: another number is another bound."""
        events, pruned, states = [], vbhmm._pruned, vbhmm._states
        monkeypatch.setattr(vbhmm, "_pruned", lambda *each: (events.append("drop"), pruned(*each))[1])
        monkeypatch.setattr(vbhmm, "_states", lambda *each: (events.append("step"), states(*each))[1])
        observed, stay, _ = planted(3, 3)
        fit = fit_voices(observed, stay, shares(np.random.default_rng(0), 120, 8), 40)
        last = len(events) - events[::-1].index("drop")
        assert ("step", "step") in pairwise(events[:last])  # the first of them had a bound
        assert events[last:] == ["step"] * len(fit.bounds)

    def test_what_no_window_knows_stays_undecided(self):
        """Without any evidence even shares stay even and points stay at the prior."""
        nothing = Observations(np.zeros((10, 2)), np.zeros((10, 3)))
        fit = fit_voices(nothing, np.full(10, 0.9), np.full((10, 3), 1 / 3), 5)
        assert_allclose(fit.responsibilities, 1 / 3, rtol=1e-9)
        assert_allclose(fit.points, 0, atol=1e-12)
        assert_allclose(fit.bound, 0, atol=1e-9)


class TestMerging:
    @pytest.mark.parametrize("n_speakers", [1, 2, 3, 5])
    def test_the_planted_number_has_the_best_bound(self, n_speakers):
        """From twelve states started at random shares of whole turns, with nats to spare."""
        observed, stay, labels = planted(n_speakers, n_speakers, n=160)
        start = 0.99 * np.eye(12)[np.arange(160) * 12 // 160] + 0.01 / 12
        path = merge_path(observed, stay, start)
        bounds = {k: fit.bound for k, fit in path.items()}
        best = max(bounds, key=bounds.get)
        assert best == n_speakers
        assert all(bounds[best] - bound > 2 for k, bound in bounds.items() if k != best)
        found = path[best].responsibilities.argmax(axis=1)
        together = found[:, None] == found
        assert (together == (labels[:, None] == labels)).mean() > 0.97

    def test_the_path_goes_down_to_one(self):
        """Every number at most once, each fit with the states that its number says."""
        observed, stay, _ = planted(4, 3)
        path = merge_path(observed, stay, shares(np.random.default_rng(0), 120, 8))
        assert list(path) == sorted(path, reverse=True)
        assert list(path)[-1] == 1
        assert max(path) <= 8
        for k, fit in path.items():
            assert (fit.n_states, fit.responsibilities.shape) == (k, (120, k))

    def test_the_closest_pair_is_one_speaker_cut_in_two(self):
        """Of three states, two of which share a speaker, those two are merged, and their shares added."""
        observed, _, labels = planted(5, 2)
        halves = np.where((labels == 1) & (np.arange(120) % 2 > 0), 2, labels)
        cut = np.eye(3)[halves]
        pair = vbhmm._closest_pair(observed, cut)
        assert pair == (1, 2)
        assert_array_equal(vbhmm._united(cut, pair), np.eye(2)[labels])

    def test_merging_never_loses_a_share(self):
        """Rows sum to one before and after."""
        rows = shares(np.random.default_rng(0), 9, 4)
        united = vbhmm._united(rows, (0, 3))
        assert united.shape == (9, 3)
        assert_allclose(united[:, 0], rows[:, 0] + rows[:, 3], rtol=1e-14)
        assert_array_equal(united[:, 1:], rows[:, 1:3])
