"""Hidden Markov chains: by hand, against the plain recursion over every sub-state, and against hmmlearn."""

# ruff: noqa: D103 (the names of the tests are the sentences)

from __future__ import annotations

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from diarize.errors import ModelError
from diarize.hmm import expected_counts, forward_backward, sticky_transitions, viterbi
from diarize.hmm.semi_markov import Chain, MaxPlus, SumProduct, sweep, window_sums

from . import LAW


def expanded(log_startprob, log_transmat, durations):
    """The chain of tied sub-states written out: state of each, start, transitions, allowed ends."""
    places = [(k, d) for k, duration in enumerate(durations) for d in range(duration)]
    n = len(places)
    a = np.full((n, n), -np.inf)
    for i, (k, d) in enumerate(places):
        for j, (m, e) in enumerate(places):
            last = d == durations[k] - 1
            if not last and m == k and e == d + 1:
                a[i, j] = 0.0
            elif last and ((m == k and e == d) or (m != k and e == 0)):
                a[i, j] = log_transmat[k, m]
    start = np.array([log_startprob[k] if d == 0 else -np.inf for k, d in places])
    end = np.array([0.0 if d == durations[k] - 1 else -np.inf for k, d in places])
    return np.array([k for k, _ in places]), start, a, end


def plain(e, log_startprob, log_transmat, durations):
    """Posteriors, evidence, best score by the sequential recursion over all sub-states."""
    states, start, a, end = expanded(log_startprob, log_transmat, durations)
    emissions = e[:, states]
    alpha, best, beta = (np.empty_like(emissions) for _ in range(3))
    alpha[0] = best[0] = start + emissions[0]
    for t in range(1, len(e)):
        alpha[t] = logsumexp(alpha[t - 1][:, None] + a, axis=0) + emissions[t]
        best[t] = np.max(best[t - 1][:, None] + a, axis=0) + emissions[t]
    evidence = logsumexp(alpha[-1] + end)
    if not np.isfinite(evidence):
        return None, evidence, -np.inf
    beta[-1] = end
    for t in range(len(e) - 2, -1, -1):
        beta[t] = logsumexp(a + (emissions[t + 1] + beta[t + 1])[None], axis=1)
    gamma = np.exp(alpha + beta - evidence)
    posteriors = np.stack([gamma[:, states == k].sum(axis=1) for k in range(e.shape[1])], axis=1)
    return posteriors, evidence, np.max(best[-1] + end)


def path_score(labels, e, log_startprob, log_transmat, durations):
    """Log probability of one labelling, or -inf if a run is too short."""
    runs = np.split(np.arange(len(labels)), np.flatnonzero(np.diff(labels)) + 1)
    if any(len(run) < min(durations[labels[run[0]]], len(labels)) for run in runs):
        return -np.inf
    score = log_startprob[labels[0]] + e[np.arange(len(labels)), labels].sum()
    for run in runs:
        k = labels[run[0]]
        free_steps = len(run) - min(durations[k], len(labels))
        score += free_steps * log_transmat[k, k] if free_steps else 0.0
        if run[-1] + 1 < len(labels):
            score += log_transmat[k, labels[run[-1] + 1]]
    return score


def test_two_frames_by_hand() -> None:
    start, step = np.log([0.5, 0.5]), np.log([[0.9, 0.1], [0.2, 0.8]])
    e = np.log([[0.5, 0.25], [0.1, 0.4]])
    paths = {(i, j): 0.5 * np.exp(e[0, i] + step[i, j] + e[1, j]) for i in (0, 1) for j in (0, 1)}
    total = sum(paths.values())
    posteriors, evidence = forward_backward(e, start, step)
    assert_allclose(evidence, np.log(total), rtol=1e-14)
    assert_allclose(posteriors[0, 0], (paths[0, 0] + paths[0, 1]) / total, rtol=1e-13)
    assert_allclose(posteriors[1, 0], (paths[0, 0] + paths[1, 0]) / total, rtol=1e-13)
    assert tuple(viterbi(e, start, step)) == max(paths, key=paths.get)
    counts = expected_counts(e, start, step)
    assert_allclose(
        counts.transitions, np.array([[paths[i, j] / total for j in (0, 1)] for i in (0, 1)]), rtol=1e-12
    )
    assert_allclose(counts.starts, posteriors[0], rtol=1e-12)


@LAW
@given(
    seed=st.integers(0, 2**32 - 1),
    n_frames=st.integers(1, 80),
    durations=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    scale=st.sampled_from([0.1, 2.0, 30.0]),
    stay=st.sampled_from([0.0, 0.3, 0.99, 1.0]),
)
def test_blocks_and_chains_equal_the_plain_recursion(seed, n_frames, durations, scale, stay) -> None:
    rng = np.random.default_rng(seed)
    n_states = len(durations)
    e = rng.normal(size=(n_frames, n_states)) * scale
    chain = sticky_transitions(n_states, stay, rng.uniform(0.1, 1.0, n_states))
    clipped = [min(d, n_frames) for d in durations]
    wanted, evidence, best = plain(e, *chain, clipped)
    if not np.isfinite(evidence):
        with pytest.raises(ModelError, match="no path"):
            forward_backward(e, *chain, durations)
        return
    posteriors, ours = forward_backward(e, *chain, durations)
    assert_allclose(ours, evidence, rtol=1e-10, atol=1e-10)
    assert_allclose(posteriors, wanted, rtol=0.0, atol=1e-9)
    assert_allclose(posteriors.sum(axis=1), np.ones(n_frames), rtol=1e-12)
    labels = viterbi(e, *chain, durations)
    assert_allclose(path_score(labels, e, *chain, clipped), best, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("block", [1, 2, 7, 50, 1000])
@pytest.mark.parametrize("weak", [False, True])
@pytest.mark.parametrize("forced", [False, True])
def test_any_block_length_gives_the_same_sweep(block: int, weak: bool, forced: bool) -> None:
    """Weak evidence with a memory much longer than a block needs many rounds and still agrees."""
    rng = np.random.default_rng(3)
    e = rng.normal(size=(400, 3)) * (1e-3 if weak else 2.0)
    start, step = sticky_transitions(3, 0.999 if weak else 0.9, [0.5, 0.3, 0.2])
    durations = np.array([1, 4, 2] if forced else [1, 1, 1])
    off = np.where(np.eye(3, dtype=bool), -np.inf, step)
    chain = Chain(start, np.diagonal(step), off, durations)
    with np.errstate(divide="ignore", invalid="ignore"):
        for kind in (SumProduct, MaxPlus):
            whole = sweep(e, window_sums(e, durations), chain, kind, length=400)
            parts = sweep(e, window_sums(e, durations), chain, kind, length=block)
            assert_allclose(parts.free, whole.free, rtol=0.0, atol=1e-8)


def test_a_sweep_takes_steps_by_the_square_root_of_the_frames(monkeypatch) -> None:
    """Ten thousand frames in about two hundred and thirty steps: a warm-up, and two rounds of a hundred."""
    calls = []
    entering = MaxPlus.entering
    monkeypatch.setattr(MaxPlus, "entering", lambda ring, values: calls.append(1) or entering(ring, values))
    e = np.random.default_rng(0).normal(size=(10_000, 3)) * 3.0
    viterbi(e, *sticky_transitions(3, 0.9))
    assert len(calls) < 400


def test_agrees_with_hmmlearn() -> None:
    rng = np.random.default_rng(0)
    hmm = GaussianHMM(4, covariance_type="diag")
    start, step = sticky_transitions(4, 0.95, [1.0, 2.0, 3.0, 4.0])
    hmm.startprob_, hmm.transmat_ = np.exp(start), np.exp(step)
    hmm.means_, hmm.covars_ = rng.normal(size=(4, 2)) * 2.0, np.ones((4, 2))
    x, _ = hmm.sample(3000, random_state=1)
    e = hmm._compute_log_likelihood(x)
    evidence, posteriors = hmm.score_samples(x)
    ours, ours_evidence = forward_backward(e, start, step)
    assert_allclose(ours_evidence, evidence, rtol=1e-10)
    assert_allclose(ours, posteriors, rtol=1e-6, atol=1e-12)
    score, path = hmm.decode(x)
    labels = viterbi(e, start, step)
    assert_array_equal(labels, path)
    assert_allclose(path_score(labels, e, start, step, [1] * 4), score, rtol=1e-10)


def test_expected_transitions_sum_to_the_number_of_steps() -> None:
    rng = np.random.default_rng(2)
    e, chain = rng.normal(size=(500, 3)), sticky_transitions(3, 0.8)
    counts = expected_counts(e, *chain)
    assert_allclose(counts.transitions.sum(), 499.0, rtol=1e-9)
    assert_allclose(counts.transitions.sum(axis=1), counts.posteriors[:-1].sum(axis=0), rtol=1e-9)
    assert_allclose(counts.transitions.sum(axis=0), counts.posteriors[1:].sum(axis=0), rtol=1e-9)


def test_expected_transitions_are_the_slope_of_the_evidence() -> None:
    rng = np.random.default_rng(6)
    e, (start, step) = rng.normal(size=(60, 3)), sticky_transitions(3, 0.7, [3.0, 2.0, 1.0])
    for durations in ([1, 1, 1], [4, 1, 3]):
        counts = expected_counts(e, start, step, durations)
        for i in range(3):
            for j in range(3):
                nudge = np.zeros((3, 3))
                nudge[i, j] = 1e-5
                up = forward_backward(e, start, step + nudge, durations)[1]
                down = forward_backward(e, start, step - nudge, durations)[1]
                assert_allclose(counts.transitions[i, j], (up - down) / 2e-5, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("durations", [[1, 1, 1], [4, 1, 3]])
def test_counts_come_with_the_evidence_and_the_first_state_of_long_recordings(durations) -> None:
    """Thousands of nats below 0, of which no exponential is left."""
    e, chain = np.random.default_rng(8).normal(size=(3000, 3)) * 3 - 5, sticky_transitions(3, 0.8)
    counts, (posteriors, evidence) = (f(e, *chain, durations) for f in (expected_counts, forward_backward))
    assert counts.log_evidence == evidence < -9000
    assert_allclose(counts.starts, posteriors[0], rtol=1e-9)


@pytest.mark.parametrize("durations", [[1, 1], [3, 2]])
def test_a_frame_that_a_state_cannot_have_is_the_limit_of_an_unlikely_one(durations) -> None:
    e, chain = np.random.default_rng(9).normal(size=(30, 2)), sticky_transitions(2, 0.7)
    unlikely, impossible = (np.where(np.arange(60).reshape(30, 2) == 23, low, e) for low in (-1e5, -np.inf))
    for ours, theirs in zip(
        *(expected_counts(each, *chain, durations) for each in (impossible, unlikely)), strict=True
    ):
        assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    assert_array_equal(viterbi(impossible, *chain, durations), viterbi(unlikely, *chain, durations))


@pytest.mark.parametrize("durations", [1, 3])
def test_parts_of_a_long_recording_are_joined_without_a_seam(durations, monkeypatch) -> None:
    e, chain = np.random.default_rng(10).normal(size=(60, 3)) * 2, sticky_transitions(3, 0.6)
    path, counts = viterbi(e, *chain, durations), expected_counts(e, *chain, durations)
    monkeypatch.setattr("diarize.hmm.inference._BATCH_SIZE", 7)
    assert_array_equal(viterbi(e, *chain, durations), path)
    assert_allclose(expected_counts(e, *chain, durations).transitions, counts.transitions, rtol=1e-12)


def test_of_two_paths_as_good_the_one_that_stays_is_taken() -> None:
    assert_array_equal(viterbi(np.zeros((9, 2)), *sticky_transitions(2, 0.5)), np.zeros(9))


@pytest.mark.parametrize("first", [1, 2, 5])
def test_the_first_run_may_be_one_frame(first) -> None:
    labels = np.repeat([0, 1], [first, 4])
    assert_array_equal(viterbi(9.0 * np.eye(2)[labels], *sticky_transitions(2, 0.5)), labels)


@LAW
@given(seed=st.integers(0, 2**32 - 1), duration=st.integers(1, 40))
def test_every_run_lasts_its_minimum(seed: int, duration: int) -> None:
    e = np.random.default_rng(seed).normal(size=(200, 3)) * 5.0
    labels = viterbi(e, *sticky_transitions(3, 0.5), duration)
    edges = np.flatnonzero(np.diff(labels)) + 1
    assert np.diff(np.concatenate([[0], edges, [200]])).min() >= duration


def test_a_recording_shorter_than_the_minimum_is_one_run() -> None:
    e = np.random.default_rng(1).normal(size=(5, 3))
    start, step = sticky_transitions(3, 0.9, [1.0, 2.0, 3.0])
    posteriors, evidence = forward_backward(e, start, step, [9, 6, 400])
    whole = start + e.sum(axis=0)
    assert_allclose(evidence, logsumexp(whole), rtol=1e-12)
    assert_allclose(posteriors, np.tile(np.exp(whole - logsumexp(whole)), (5, 1)), rtol=1e-10)
    assert_array_equal(viterbi(e, start, step, 9), np.full(5, whole.argmax()))


def test_nothing_underflows() -> None:
    """A state forced by the chain through frames that contradict it by thousands of nats."""
    e = np.zeros((60, 2))
    e[:, 1] = -900.0
    start, step = np.log([1e-300, 1.0]), np.log([[0.5, 0.5], [0.5, 0.5]])
    wanted, evidence, _ = plain(e, start, step, [1, 30])
    posteriors, ours = forward_backward(e, start, step, [1, 30])
    assert_allclose(ours, evidence, rtol=1e-12)
    assert_allclose(posteriors, wanted, rtol=0.0, atol=1e-9)
    one_way = np.array([[-np.inf, 0.0], [-np.inf, 0.0]])
    _, forced = forward_backward(e, np.array([0.0, -np.inf]), one_way)
    assert_allclose(forced, -900.0 * 59, rtol=1e-12)


def test_forbidden_paths_are_refused_rather_than_nan() -> None:
    stuck = np.where(np.eye(2, dtype=bool), 0.0, -np.inf)
    e = np.array([[0.0, -np.inf], [-np.inf, 0.0]])
    for function in (forward_backward, viterbi, expected_counts):
        with pytest.raises(ModelError, match="no path"):
            function(e, np.log([0.5, 0.5]), stuck)


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros(3), np.zeros(3), np.zeros((3, 3))),
        (np.zeros((2, 3)), np.zeros(2), np.zeros((3, 3))),
        (np.zeros((2, 3)), np.zeros(3), np.zeros((2, 3))),
        (np.full((2, 3), np.nan), np.zeros(3), np.zeros((3, 3))),
        (np.full((2, 3), -np.inf), np.zeros(3), np.zeros((3, 3))),
        (np.zeros((2, 3)), np.full(3, np.nan), np.zeros((3, 3))),
        (np.zeros((2, 3)), np.zeros(3), np.zeros((3, 3)), 0),
        (np.zeros((2, 3)), np.zeros(3), np.zeros((3, 3)), 1.5),
        (np.zeros((2, 3)), np.zeros(3), np.zeros((3, 3)), [1, 2]),
    ],
)
def test_arguments_out_of_range_are_refused(arguments) -> None:
    with pytest.raises(ModelError):
        forward_backward(*arguments)
    with pytest.raises(ModelError):
        viterbi(*arguments)


def test_sticky_rows_are_distributions() -> None:
    start, step = sticky_transitions(4, 0.9, [1.0, 0.0, 2.0, 1.0])
    assert_allclose(np.exp(step).sum(axis=1), np.ones(4), rtol=1e-14)
    assert_allclose(np.diag(np.exp(step)), np.full(4, 0.9), rtol=1e-14)
    assert_allclose(np.exp(start), [0.25, 0.0, 0.5, 0.25], rtol=1e-14)
    assert_allclose(np.exp(step)[0], [0.9, 0.0, 0.1 * 2 / 3, 0.1 / 3], rtol=1e-13)
    assert_array_equal(sticky_transitions(1, 0.3).log_transmat, [[0.0]])
    for bad in (
        {"n_states": 0, "stay": 0.5},
        {"n_states": 2, "stay": 1.5},
        {"n_states": 2, "stay": 0.5, "weights": [0, 0]},
    ):
        with pytest.raises(ModelError):
            sticky_transitions(**bad)
