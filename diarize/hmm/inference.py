"""Posteriors, best path and expected transitions of a hidden Markov chain with known transitions.

Log likelihoods (T, K) of T frames under K states come from any model; transitions are log probabilities. Runs
may have a minimum duration. Forward-backward and Viterbi follow Rabiner (1989); `semi_markov` makes them
fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.hmm.semi_markov import Chain, MaxPlus, SumProduct, sweep, window_sums
from diarize.mixtures.subnormals import exp_flush_to_zero
from diarize.mixtures.validation import Float64Array, IntArray, slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["PathCounts", "expected_counts", "forward_backward", "viterbi"]

_BATCH_SIZE = 1 << 14


class PathCounts(NamedTuple):
    """posteriors (T, K); log_evidence in nats; starts (K,): P(first state); transitions (K, K): expected.

    With a minimum duration only free steps are counted: staying after the forced frames, and leaving.
    """

    posteriors: Float64Array
    log_evidence: float
    starts: Float64Array
    transitions: Float64Array


class _Problem(NamedTuple):
    """Checked arrays: emissions (T, K) less the largest of each row, their sum, and the chain."""

    emissions: Float64Array
    removed: float
    chain: Chain
    windows: Float64Array


def forward_backward(
    log_likelihoods: ArrayLike,
    log_startprob: ArrayLike,
    log_transmat: ArrayLike,
    min_duration: int | Sequence[int] = 1,
) -> tuple[Float64Array, float]:
    """Posteriors of the states, and the log evidence.

    Parameters
    ----------
    log_likelihoods : (T, K), of every frame under every state, nats
    log_startprob : (K,), of the first state; -inf forbids it
    log_transmat : (K, K), from row to column; -inf forbids a step
    min_duration : frames that every run of a state lasts at least, one number for all or one per state;
        whole runs only, at both ends, and never more than T

    Returns
    -------
    P(state | all frames), (T, K) with rows that sum to 1, and the log evidence in nats.

    Raises
    ------
    ModelError
        For shapes that disagree, NaN or +inf, and when no path at all is possible.

    References
    ----------
    Rabiner 1989, "A tutorial on hidden Markov models", equations 18 to 27.

    """
    problem = _problem(log_likelihoods, log_startprob, log_transmat, min_duration)
    posteriors, log_mass, _, _ = _smooth(problem)
    return posteriors, log_mass + problem.removed


def expected_counts(
    log_likelihoods: ArrayLike,
    log_startprob: ArrayLike,
    log_transmat: ArrayLike,
    min_duration: int | Sequence[int] = 1,
) -> PathCounts:
    """Posteriors, with the expected counts that re-estimating the chain needs.

    Parameters
    ----------
    log_likelihoods, log_startprob, log_transmat, min_duration : as for ``forward_backward``

    Returns
    -------
    Posteriors, log likelihood, and expected starts and transitions.

    Raises
    ------
    ModelError
        As ``forward_backward`` does.

    References
    ----------
    Rabiner 1989, "A tutorial on hidden Markov models", equation 37.

    """
    problem = _problem(log_likelihoods, log_startprob, log_transmat, min_duration)
    posteriors, log_mass, free, suffix = _smooth(problem)
    transitions = _transition_counts(problem, free, suffix, log_mass)
    starts = np.exp(problem.chain.log_startprob + suffix[0] - log_mass)
    return PathCounts(posteriors, log_mass + problem.removed, starts / starts.sum(), transitions)


def viterbi(
    log_likelihoods: ArrayLike,
    log_startprob: ArrayLike,
    log_transmat: ArrayLike,
    min_duration: int | Sequence[int] = 1,
) -> IntArray:
    """The most probable path.

    Parameters
    ----------
    log_likelihoods, log_startprob, log_transmat, min_duration : as for ``forward_backward``

    Returns
    -------
    The state of every frame, (T,); ties prefer to stay.

    Raises
    ------
    ModelError
        As ``forward_backward`` does.

    References
    ----------
    Viterbi 1967, "Error bounds for convolutional codes"; Rabiner 1989, equations 30 to 35.

    """
    problem = _problem(log_likelihoods, log_startprob, log_transmat, min_duration)
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = sweep(problem.emissions, problem.windows, problem.chain, MaxPlus)
    _require_path(forward.free[-1])
    entered = forward.entered
    return _trace_back(
        problem, forward.free, _entries(problem.chain, forward.free) if entered is None else entered
    )


def _entries(chain: Chain, free: Float64Array) -> Float64Array:
    """Best score (T, K) of entering k at t, which the sweep does not compute when runs have no minimum."""
    out = np.empty_like(free)
    out[0] = chain.log_startprob
    ring = MaxPlus(chain.leaving)
    for part in slices(len(free) - 1, _BATCH_SIZE):
        out[part.start + 1 : part.stop + 1] = ring.entering(np.ascontiguousarray(free[part].T)).T
    return out


def _smooth(problem: _Problem) -> tuple[Float64Array, float, Float64Array, Float64Array]:
    """Posteriors, log mass of all paths, and log masses (T, K) of prefixes free at t and of suffixes
    that start at t.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = sweep(problem.emissions, problem.windows, problem.chain, SumProduct)
        _require_path(forward.free[-1])
        log_mass = float(np.logaddexp.reduce(forward.free[-1]))
        back = problem.emissions[::-1]
        reverse = problem.chain._replace(
            log_startprob=np.zeros_like(problem.chain.log_startprob), leaving=problem.chain.leaving.T
        )
        backward = sweep(back, window_sums(back, reverse.durations), reverse, SumProduct)
    suffix = backward.free[::-1]
    masses = _free_masses(problem, forward.free, suffix, log_mass)
    if forward.entered is not None:
        _add_forced(masses, forward.entered + suffix - log_mass, problem.chain.durations)
    masses /= masses.sum(axis=1, keepdims=True)
    return masses, log_mass, forward.free, suffix


def _free_masses(
    problem: _Problem, free: Float64Array, suffix: Float64Array, log_mass: float
) -> Float64Array:
    """P(frame t is at or after frame D_k of a run of k), from prefix and suffix, counting the shared window
    once.
    """
    out = np.zeros_like(free)
    if (problem.chain.durations == 1).all():
        shared = np.where(np.isfinite(problem.emissions), problem.emissions, 0.0)
        np.subtract(free, shared, out=out)
        out += suffix
        out -= out.max(axis=1, keepdims=True)  # row by row, so that errors do not accumulate over time
        return exp_flush_to_zero(out)
    for k, duration in enumerate(problem.chain.durations):
        late, early = slice(int(duration) - 1, None), slice(0, len(free) - int(duration) + 1)
        shared = np.where(np.isfinite(problem.windows[late, k]), problem.windows[late, k], 0.0)
        out[late, k] = exp_flush_to_zero(free[late, k] + suffix[early, k] - shared - log_mass)
    return out


def _add_forced(masses: Float64Array, begins: Float64Array, durations: IntArray) -> None:
    """Add P(frame t is among the first D_k - 1 of a run of k), from the log posterior that a run begins."""
    for k, duration in enumerate(durations):
        if duration > 1:
            masses[:, k] += _moving_sum(exp_flush_to_zero(begins[:, k]), int(duration) - 1)


def _moving_sum(values: Float64Array, width: int) -> Float64Array:
    """Sum of the last `width` values at each place."""
    sums = np.concatenate([np.zeros(width, dtype=np.float64), np.cumsum(values)])
    return np.asarray(np.maximum(sums[width:] - sums[:-width], 0.0), dtype=np.float64)


def _transition_counts(
    problem: _Problem, free: Float64Array, suffix: Float64Array, log_mass: float
) -> Float64Array:
    n_states = len(problem.chain.leaving)
    counts = np.zeros((n_states, n_states), dtype=np.float64)
    for part in slices(len(free) - 1, _BATCH_SIZE):
        before, after = free[part], suffix[part.start + 1 : part.stop + 1]
        for j in range(n_states):
            counts[j] += exp_flush_to_zero(
                before[:, j, None] + problem.chain.leaving[j] + after - log_mass
            ).sum(axis=0)
    counts[np.diag_indices(n_states)] = _expected_stays(problem, free, suffix, log_mass)
    return counts


def _expected_stays(
    problem: _Problem, free: Float64Array, suffix: Float64Array, log_mass: float
) -> Float64Array:
    """Expected steps within a run after its forced frames: free at t - 1, and the suffix seen from t's
    window.
    """
    out = np.zeros(len(problem.chain.leaving), dtype=np.float64)
    for k, duration in enumerate(problem.chain.durations):
        late, early = slice(int(duration), None), slice(1, len(free) - int(duration) + 1)
        before = free[int(duration) - 1 : -1, k]
        possible = np.isfinite(problem.windows[late, k])
        follows = suffix[early, k] - np.where(possible, problem.windows[late, k], 0.0)
        steps = before + problem.chain.stay[k] + problem.emissions[late, k] + follows - log_mass
        out[k] = exp_flush_to_zero(np.where(possible, steps, -np.inf)).sum()
    return out


def _trace_back(problem: _Problem, free: Float64Array, entered: Float64Array) -> IntArray:
    """Labels (T,), traced back run by run from the best last state."""
    n_frames, n_states = free.shape
    newest = np.empty((n_frames, n_states), dtype=np.int64)
    for k, duration in enumerate(problem.chain.durations):
        came = np.full(n_frames, -np.inf, dtype=np.float64)
        came[int(duration) - 1 :] = entered[: n_frames - int(duration) + 1, k]
        came += problem.windows[:, k]
        stayed = np.full(n_frames, -np.inf, dtype=np.float64)
        stayed[1:] = free[:-1, k] + problem.chain.stay[k] + problem.emissions[1:, k]
        newest[:, k] = np.maximum.accumulate(np.where(came > stayed, np.arange(n_frames), -1))
    labels = np.empty(n_frames, dtype=np.int64)
    end, state = n_frames - 1, int(np.argmax(free[-1]))
    while end >= 0:
        begin = int(newest[end, state]) - int(problem.chain.durations[state]) + 1
        labels[begin : end + 1] = state
        end = begin - 1
        if end >= 0:
            state = int(np.argmax(free[end] + problem.chain.leaving[:, state]))
    return labels


def _problem(
    log_likelihoods: ArrayLike,
    log_startprob: ArrayLike,
    log_transmat: ArrayLike,
    min_duration: int | Sequence[int],
) -> _Problem:
    emissions = np.asarray(log_likelihoods, dtype=np.float64)
    if emissions.ndim != 2 or emissions.size == 0:
        raise ModelError(
            f"log_likelihoods have shape {emissions.shape}; allowed is (frames, states), at least one of each"
        )
    n_frames, n_states = emissions.shape
    start = _log_probabilities(log_startprob, (n_states,), "log_startprob")
    transition = _log_probabilities(log_transmat, (n_states, n_states), "log_transmat")
    tops = emissions.max(axis=1)
    if not np.isfinite(tops).all():
        bad = int(np.flatnonzero(~np.isfinite(tops))[0])
        raise ModelError(
            f"frame {bad} has log likelihoods {emissions[bad]}; allowed is at least one finite value, no NaN"
        )
    durations = np.minimum(_durations(min_duration, n_states), n_frames)
    emissions = emissions - tops[:, None]
    leaving = np.where(np.eye(n_states, dtype=np.bool_), -np.inf, transition)
    windows = window_sums(emissions, durations)
    chain = Chain(start, np.diagonal(transition), leaving, durations)
    return _Problem(emissions, float(tops.sum()), chain, windows)


def _durations(min_duration: int | Sequence[int], n_states: int) -> IntArray:
    durations = np.asarray(min_duration)
    if durations.dtype.kind not in "iu" or durations.shape not in ((), (n_states,)) or (durations < 1).any():
        raise ModelError(
            f"min_duration is {min_duration}; allowed is a whole number of frames from 1, or one for each of "
            f"{n_states} states"
        )
    return np.array(np.broadcast_to(durations, (n_states,)), dtype=np.int64)


def _log_probabilities(values: ArrayLike, shape: tuple[int, ...], name: str) -> Float64Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ModelError(f"{name} has shape {array.shape}; allowed is {shape}; give one entry per state")
    if np.isnan(array).any() or (array == np.inf).any():
        raise ModelError(
            f"{name} holds NaN or +inf; allowed are log probabilities; use -inf to forbid a step"
        )
    return array


def _require_path(last: Float64Array) -> None:
    if not np.isfinite(last).any():
        raise ModelError(
            "no path through the states is possible; every step is forbidden by -inf somewhere; "
            "allow more transitions or shorten min_duration"
        )
