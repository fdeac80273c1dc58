"""Transitions of a Markov chain as log probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array

__all__ = ["Transitions", "sticky_transitions"]


class Transitions(NamedTuple):
    """log_startprob (K,) of the first state and log_transmat (K, K) from row to column; -inf forbids."""

    log_startprob: Float64Array
    log_transmat: Float64Array


def sticky_transitions(n_states: int, stay: float, weights: ArrayLike | None = None) -> Transitions:
    """Transitions that keep the state with one probability and otherwise choose another state by weights.

    Parameters
    ----------
    n_states : K, 1 or more
    stay : probability that the next frame has the same state, 0 to 1
    weights : (K,), of the first state and of those that are gone to; equal unless given

    Returns
    -------
    Log probabilities of the first state, (K,), and of steps, (K, K).

    Raises
    ------
    ModelError
        For fewer than one state, stay out of range, and weights that are negative or all zero.

    """
    if n_states < 1 or not 0.0 <= stay <= 1.0:
        raise ModelError(
            f"n_states is {n_states} and stay {stay}; allowed are at least 1 state and 0 <= stay <= 1"
        )
    mass = np.ones(n_states, dtype=np.float64) if weights is None else np.asarray(weights, dtype=np.float64)
    if mass.shape != (n_states,) or not np.isfinite(mass).all() or (mass < 0.0).any() or not mass.any():
        raise ModelError(
            f"weights are {np.array2string(mass, threshold=8)}; give {n_states} numbers >= 0, not all 0"
        )
    others = np.where(np.eye(n_states, dtype=np.bool_), 0.0, mass)
    totals = others.sum(axis=1, keepdims=True)
    leave = np.where(totals > 0.0, 1.0 - stay, 0.0)
    transition = leave * others / np.where(totals > 0.0, totals, 1.0)
    np.fill_diagonal(transition, 1.0 - leave[:, 0])  # a state without successors stays
    return Transitions(_log(mass / mass.sum()), _log(transition))


def _log(values: Float64Array) -> Float64Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values), dtype=np.float64)
