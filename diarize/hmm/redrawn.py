"""Forward–backward over a chain that stays in its state or draws a new one, which may be the same.

A transition costs one number a state instead of a table, so a step is linear in the number of states. The
chain of VBx (Landini et al. 2022, equation 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.mixtures.subnormals import exp_zeroed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["smooth_redrawn"]


def smooth_redrawn(scores: Array, stay: Array, weights: Array) -> tuple[Array, float, Array]:
    """Forward–backward of a chain that stays in its state or draws a new one.

    Parameters
    ----------
    scores : (T, S), log likelihoods of every point under every state, nats
    stay : (T,), probability that a point has the state of the one before
    weights : (S,), of the states that are drawn, the first one's too

    Returns
    -------
    Responsibilities (T, S), log evidence in nats, and expected numbers of draws (S,).

    References
    ----------
    Landini, Profant, Diez & Burget 2022, "Bayesian HMM clustering of x-vector sequences", equation 1.

    """
    top = scores.max(axis=1)
    density = exp_zeroed(scores - top[:, None])
    drawn = (1 - stay)[:, None] * weights
    forward, scale = _forward(density, stay, drawn, weights)
    backward = _backward(density, stay, weights, scale)
    gamma = forward * backward
    gamma /= gamma.sum(axis=1, keepdims=True)
    later = drawn[1:] * density[1:] * backward[1:] / scale[1:, None]
    return gamma, float(np.log(scale).sum() + top.sum()), gamma[0] + later.sum(axis=0)


def _forward(density: Array, stay: Array, drawn: Array, weights: Array) -> tuple[Array, Array]:
    forward, scale = np.empty_like(density), np.empty(len(density))
    state = weights * density[0]
    for t in range(len(density)):
        if t:
            state = (stay[t] * state + drawn[t]) * density[t]
        scale[t] = total = state.sum()
        state = state / total
        forward[t] = state
    return forward, scale


def _backward(density: Array, stay: Array, weights: Array, scale: Array) -> Array:
    backward = np.ones_like(density)
    for t in range(len(density) - 1, 0, -1):
        ahead = density[t] * backward[t]
        backward[t - 1] = (stay[t] * ahead + (1 - stay[t]) * (weights @ ahead)) / scale[t]
    return backward
