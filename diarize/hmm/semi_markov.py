"""One sweep of a hidden semi-Markov recursion over millions of frames, with few Python-level steps.

A state k is a run of at least D_k frames: entered with mass E, forced through D_k frames, then free to stay
or to leave. With e the log likelihoods and ⊕ either log-sum-exp or max,

    E_t(k) = ⊕_{j≠k} L_{t-1}(j) + a_jk
    L_t(k) = [L_{t-1}(k) + a_kk + e_t(k)] ⊕ [E_{t-D+1}(k) + W_t(k)],

where W_t(k) sums e over the last D_k frames: the chain of D_k tied sub-states of Rabiner (1989, section IV.D)
at a cost of K² per frame whatever its length. Time is cut into blocks that advance in parallel. Each block
starts from a guess of its incoming values and is repeated until these equal the outgoing values of the block
before. The recursion never widens the distance between two sets of incoming values (it is non-expansive in
the sup norm, and in Hilbert's metric for sums: Birkhoff 1957), so agreement at the seams within a tolerance
is agreement everywhere within that tolerance. In the worst case, when the chain forgets nothing, it takes one
round per block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from diarize.mixtures.subnormals import exp_flush_to_zero

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarize.mixtures.validation import BoolArray, Float64Array, IntArray

__all__ = ["Chain", "MaxPlus", "Semiring", "SumProduct", "Sweep", "sweep", "window_sums"]

_SEAM = 1e-11  # nats: how well neighbouring blocks agree at their seam
_WARM_UP = 32  # frames before a seam from which the first guess is made
# a sum of scaled exponentials under this may have lost terms and is done again in logarithms
_UNDERFLOW = 1e-280


class Semiring(Protocol):
    """How alternatives combine: their sum (all paths) or their maximum (the best path)."""

    def plus(self, a: Float64Array, b: Float64Array) -> Float64Array:
        """Two alternatives of the same shape combined."""
        ...

    def entering(self, values: Float64Array) -> Float64Array:
        """⊕_j values (j, b) + a_jk for every k: (K, b)."""
        ...


class SumProduct:
    """Log-sum-exp over transitions log_a (K, K): a matrix product wherever it is safe, logarithms where
    it is not.
    """

    def __init__(self, log_a: Float64Array) -> None:
        self._log_a = log_a
        self._a_transposed: Float64Array = np.exp(log_a).T

    def plus(self, a: Float64Array, b: Float64Array) -> Float64Array:
        """log(eᵃ + eᵇ)."""
        return np.asarray(np.logaddexp(a, b), dtype=np.float64)

    def entering(self, values: Float64Array) -> Float64Array:
        """log Σ_j exp(values_jb + a_jk), (K, b)."""
        top = _finite(values.max(axis=0))
        sums = self._a_transposed @ exp_flush_to_zero(values - top)
        out = np.log(sums)
        out += top
        lost = sums < _UNDERFLOW
        if lost.any():
            self._repair(out, values, lost)
        return np.asarray(out, dtype=np.float64)

    def _repair(self, out: Float64Array, values: Float64Array, lost: BoolArray) -> None:
        states, columns = np.nonzero(lost)
        terms = values[:, columns] + self._log_a[:, states]
        top = _finite(terms.max(axis=0))
        out[states, columns] = np.log(np.exp(terms - top).sum(axis=0)) + top


class MaxPlus:
    """The best of all transitions log_a (K, K)."""

    def __init__(self, log_a: Float64Array) -> None:
        self._log_a = log_a

    def plus(self, a: Float64Array, b: Float64Array) -> Float64Array:
        """The larger."""
        return np.asarray(np.maximum(a, b), dtype=np.float64)

    def entering(self, values: Float64Array) -> Float64Array:
        """max_j values_jb + a_jk, (K, b)."""
        best: Float64Array = values[0] + self._log_a[0][:, None]
        for j in range(1, len(values)):
            np.maximum(best, values[j] + self._log_a[j][:, None], out=best)
        return best


class Chain(NamedTuple):
    """The states, all in log probabilities.

    log_startprob (K,); stay (K,), once free; leaving (K, K) with -inf on the diagonal; durations (K,) in
    frames, minimal.
    """

    log_startprob: Float64Array
    stay: Float64Array
    leaving: Float64Array
    durations: IntArray


class Sweep(NamedTuple):
    """Log mass (T, K) of paths that are free to leave k after frame t; and of paths that enter k at frame t.

    The second is None where no run has a minimum, because it is not needed then.
    """

    free: Float64Array
    entered: Float64Array | None


class _Blocks(NamedTuple):
    """Frames cut into blocks: (length, K, n_blocks), the last block padded."""

    emissions: Float64Array
    windows: Float64Array


class _Seams(NamedTuple):
    """What enters each block: free (K, n_blocks), entered (D - 1, K, n_blocks), and what was taken off
    them.
    """

    free: Float64Array
    entered: Float64Array
    taken: Float64Array


class _Step(NamedTuple):
    """One step of all blocks: the chain, the semiring, and the loop for this kind of chain."""

    chain: Chain
    ring: Semiring
    advance: Callable[[_Blocks, _Seams, IntArray, _Step], tuple[Float64Array, Float64Array]]


def window_sums(emissions: Float64Array, durations: IntArray) -> Float64Array:
    """Sums (T, K) of the last D_k rows of each column, -inf before row D_k - 1; by doubling, to avoid
    cancellation.
    """
    if (durations == 1).all():
        return emissions
    out = np.empty_like(emissions)
    for k, duration in enumerate(durations):
        out[:, k] = _window_sum(emissions[:, k], int(duration))
    return out


def _window_sum(column: Float64Array, duration: int) -> Float64Array:
    total, covered = np.zeros(len(column), dtype=np.float64), 0
    power, width = column.copy(), 1
    while True:
        if duration & width:
            total = total + _delay(power, covered)
            covered += width
        if width * 2 > duration:
            return total
        power = power + _delay(power, width)
        width *= 2


def _delay(column: Float64Array, steps: int) -> Float64Array:
    if not steps:
        return column
    out = np.full_like(column, -np.inf)
    out[steps:] = column[:-steps]
    return out


def sweep(
    emissions: Float64Array,
    windows: Float64Array,
    chain: Chain,
    kind: type[SumProduct | MaxPlus],
    length: int | None = None,
) -> Sweep:
    """The recursion over emissions (T, K) with their `window_sums`, for the sum of all paths or for the best.

    `length` of a block is the square root of T unless given. Values are absolute: the last row of `free`
    combines to the log mass of all paths (or of the best one) in which every run is whole.
    """
    n_frames = len(emissions)
    longest = int(chain.durations.max())
    length = max(int(np.ceil(np.sqrt(n_frames))) if length is None else length, longest)
    forced = longest > 1
    advanced = _forced_steps if forced else _free_steps
    transitions = chain.leaving.copy()
    if not forced:
        np.fill_diagonal(transitions, chain.stay)
    step = _Step(chain, kind(transitions), advanced)
    cut = _split_blocks(emissions, length)
    blocks = _Blocks(cut, _split_blocks(windows, length) if forced else cut)
    free, entered, taken = _run_blocks(blocks, step, longest - 1)
    offsets = np.concatenate([[0.0], np.cumsum(taken[1:])])
    free += offsets
    if not forced:
        return Sweep(_join_blocks(free, n_frames), None)
    entered += offsets
    return Sweep(_join_blocks(free, n_frames), _join_blocks(entered, n_frames))


def _run_blocks(
    blocks: _Blocks, step: _Step, n_history: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """free and entered (length, K, n_blocks), each block in its own gauge, and what was taken off at
    each seam.
    """
    active = np.arange(blocks.emissions.shape[2])
    seams = _initial_seams(blocks, n_history)
    if len(active) > 1:
        # incoming values depend mostly on the last frames before a block: a cheap first guess
        ends = _Blocks(*(part[-(n_history + _WARM_UP) :] for part in blocks))
        seams, _ = _hand_over(*step.advance(ends, seams, active, step), seams)
    free, entered = step.advance(blocks, seams, active, step)
    seams, active = _hand_over(free, entered, seams)
    while len(active):
        some = _Blocks(*(part[:, :, active] for part in blocks))
        free[:, :, active], entered[:, :, active] = step.advance(
            some, _select_seams(seams, active), active, step
        )
        seams, active = _hand_over(free, entered, seams)
    return free, entered, seams.taken


def _split_blocks(values: Float64Array, length: int) -> Float64Array:
    n_frames, n_states = values.shape
    n_whole, rest = divmod(n_frames, length)
    out = np.zeros((length, n_states, n_whole + (rest > 0)), dtype=np.float64)
    whole = values[: n_whole * length].reshape(n_whole, length, n_states)
    out[:, :, :n_whole] = whole.transpose(1, 2, 0)
    if rest:
        out[:rest, :, -1] = values[n_whole * length :]
    return out


def _join_blocks(blocks: Float64Array, n_frames: int) -> Float64Array:
    length, n_states, n_blocks = blocks.shape
    return np.ascontiguousarray(blocks.transpose(2, 0, 1)).reshape(n_blocks * length, n_states)[:n_frames]


def _initial_seams(blocks: _Blocks, n_history: int) -> _Seams:
    _, n_states, n_blocks = blocks.emissions.shape
    free = np.zeros((n_states, n_blocks), dtype=np.float64)
    free[:, 0] = -np.inf  # no path before the first frame
    entered = np.full((n_history, n_states, n_blocks), -np.inf, dtype=np.float64)
    return _Seams(free, entered, np.zeros(n_blocks, dtype=np.float64))


def _select_seams(seams: _Seams, active: IntArray) -> _Seams:
    return _Seams(seams.free[:, active], seams.entered[:, :, active], seams.taken[active])


def _free_steps(
    blocks: _Blocks, seams: _Seams, active: IntArray, step: _Step
) -> tuple[Float64Array, Float64Array]:
    """free (length, K, n_active) where every run may end at once: staying is a transition like any other."""
    emissions, before = blocks.emissions, seams.free
    free = np.empty_like(emissions)
    for at in range(len(emissions)):
        entering = step.ring.entering(before)
        if at == 0 and active[0] == 0:
            entering[:, 0] = step.chain.log_startprob
        before = np.add(entering, emissions[at], out=free[at])
    return free, free[:0]


def _forced_steps(
    blocks: _Blocks, seams: _Seams, active: IntArray, step: _Step
) -> tuple[Float64Array, Float64Array]:
    """free and entered (length, K, n_active) of the active blocks, one frame of each per step."""
    emissions, windows = blocks
    n_history, states = len(seams.entered), np.arange(emissions.shape[1])
    free = np.empty_like(emissions)
    entered = np.concatenate([seams.entered, np.empty_like(emissions)])
    # the row of `entered` in which a run began that is whole at step 0
    began = n_history + 1 - step.chain.durations
    before, stay = seams.free, step.chain.stay[:, None]
    for at in range(len(emissions)):
        entering = step.ring.entering(before)
        if at == 0 and active[0] == 0:
            entering[:, 0] = step.chain.log_startprob
        entered[n_history + at] = entering
        stayed = before + stay
        stayed += emissions[at]
        arrived = entered[began + at, states]
        arrived += windows[at]
        before = free[at] = step.ring.plus(stayed, arrived)
    return free, entered[n_history:]


def _hand_over(free: Float64Array, entered: Float64Array, used: _Seams) -> tuple[_Seams, IntArray]:
    """Outgoing values of each block, with the largest subtracted; and the blocks whose incoming values
    differ.
    """
    n_history = len(used.entered)
    leaving, recent = free[-1, :, :-1], entered[len(entered) - n_history :, :, :-1]
    tops = leaving.max(axis=0) if not n_history else np.maximum(leaving.max(axis=0), recent.max(axis=(0, 1)))
    tops = _finite(tops)
    seams = _Seams(used.free.copy(), used.entered.copy(), used.taken.copy())
    seams.free[:, 1:], seams.entered[:, :, 1:], seams.taken[1:] = leaving - tops, recent - tops, tops
    moved = _distance(seams.free, used.free).max(axis=0)
    if n_history:
        moved = np.maximum(moved, _distance(seams.entered, used.entered).max(axis=(0, 1)))
    return seams, np.flatnonzero(moved > _SEAM)


def _distance(a: Float64Array, b: Float64Array) -> Float64Array:
    same = a == b  # also where both are minus infinity, whose difference is not a number
    return np.where(same, 0.0, np.abs(np.where(same, 0.0, a) - np.where(same, 0.0, b)))


def _finite(tops: Float64Array) -> Float64Array:
    return np.where(np.isfinite(tops), tops, 0.0)
