"""Forward–backward for a sticky chain, which keeps its state or draws one by weights, possibly the same.

The transitions are one weight per state and not a table, so a step is linear in the number of states. The
chain of VBx (Landini et al. 2022, equation 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.mixtures.subnormals import exp_flush_to_zero

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["forward_backward_sticky"]


def forward_backward_sticky(scores: Array, stay: Array, weights: Array) -> tuple[Array, float, Array]:
    """Forward–backward of a chain that keeps its state or draws one by weights, possibly the same.

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
    density = exp_flush_to_zero(scores - top[:, None])
    before, after = _expected(density, stay, weights)
    forward = before * density
    scale = forward.sum(axis=1)
    gamma = np.divide(forward * after, weights, out=np.zeros_like(forward), where=weights > 0)
    gamma /= gamma.sum(axis=1, keepdims=True)
    drawn = (1 - stay)[:, None] * weights
    drawn[0] = weights  # the first state is drawn
    draws = gamma * np.divide(drawn, before, out=np.zeros_like(before), where=before > 0)
    return gamma, float(np.log(scale).sum() + top.sum()), draws.sum(axis=0)


def _expected(density: Array, stay: Array, weights: Array) -> tuple[Array, Array]:
    """Probabilities (T, S) of the states at each time given the past, and given the future.

    The chain is reversible, so one recursion computes both.
    """
    n = len(density)
    both = np.stack((density, density[::-1]), axis=1)
    stays = np.stack((stay[1:], stay[:0:-1]), axis=1)[..., None]
    drawn = (1 - stays) * weights
    expected = np.empty_like(both)
    expected[0] = weights
    found, total = np.empty_like(both[0]), np.empty((2, 1))
    steps = zip(expected[:-1], both[: n - 1], stays, drawn, expected[1:], strict=True)
    for here, likely, staying, new, there in steps:
        np.multiply(here, likely, out=found)
        np.add.reduce(found, axis=1, keepdims=True, out=total)
        np.divide(staying, total, out=total)
        np.multiply(found, total, out=found)
        np.add(found, new, out=there)
    return expected[:, 0], expected[::-1, 1]
