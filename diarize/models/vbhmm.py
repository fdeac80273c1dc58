"""A variational hidden Markov model whose states are latent Gaussian points, and the search for their number.

Each state s has a point y_s ~ N(0, I); each observation says exp(ρᵀy − ½ yᵀΦy) of the point of the state that
made it (``factors.Observations``). The chain stays in its state or draws a new one from weights π. The lower
bound on the marginal likelihood prices every further state exactly, which BIC does only asymptotically.

Diez, Burget, Landini & Černocký 2020, "Analysis of speaker diarization based on Bayesian HMM with eigenvoice
priors"; here without scaling factors (Fa = Fb = 1), and with merging instead of pruning alone, for the bound
is easily stuck with one speaker in two states.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.models.factors import AT_ONCE, RIDGE, Observations, lower, pooled_log_evidence, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["VoicesFit", "fit_voices", "merge_path", "residuals"]

TOLERANCE = 1e-2  # nats: far below what makes two numbers of speakers equivalent
SMALLEST = 1e-3  # weight under which a state is given up


@dataclass(frozen=True, slots=True)
class VoicesFit:
    """One solution: ``responsibilities`` (T, S); ``weights`` π (S,); ``points`` posterior means (S, R);
    ``bound`` in nats, the last of ``bounds`` (n_iter,).
    """

    responsibilities: Array
    weights: Array
    points: Array
    bounds: Array

    @property
    def n_states(self) -> int:
        """How many states are left."""
        return len(self.weights)

    @property
    def bound(self) -> float:
        """Variational lower bound on the log marginal likelihood, up to a constant of the data."""
        return float(self.bounds[-1])

    @property
    def log_evidence(self) -> float:
        """Estimate of that log marginal likelihood: the bound sees one of S! modes, which differ in the names
        of the states alone (Bishop 2006, section 10.2.4).
        """
        return self.bound + lgamma(self.n_states + 1)


def _state_posteriors(observations: Observations, responsibilities: Array) -> tuple[Array, Array]:
    """Means (S, R) and covariances (S, R, R) of the states' points."""
    linear = responsibilities.T @ observations.linear
    precision = unpacked(responsibilities.T @ observations.precision)
    covariance = np.linalg.inv(precision + np.eye(linear.shape[1]))
    return np.matmul(covariance, linear[..., None])[..., 0], covariance


def _expected_log_likelihoods(observations: Observations, mean: Array, covariance: Array) -> Array:
    """E[ρᵀy − ½ yᵀΦy] of every observation under every state, (T, S)."""
    second = lower(covariance + mean[:, :, None] * mean[:, None, :])
    scores: Array = observations.linear @ mean.T - 0.5 * (observations.precision @ second.T)
    return scores


def _divergence(mean: Array, covariance: Array) -> float:
    """Σ KL(q(y_s) ‖ N(0, I)) in nats."""
    traces = np.trace(covariance, axis1=1, axis2=2)
    return float(
        0.5 * np.sum(traces + np.sum(mean**2, axis=1) - mean.shape[1] - np.linalg.slogdet(covariance)[1])
    )


def _smoothed(scores: Array, stay: Array, weights: Array) -> tuple[Array, float, Array]:
    """Forward–backward of a chain that stays with ``stay`` (T,) or draws from ``weights`` (S,).

    Returns responsibilities (T, S), log evidence and expected numbers of draws (S,).
    """
    top = scores.max(axis=1)
    density = np.exp(scores - top[:, None])
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


def fit_voices(
    observations: Observations, stay: Array, responsibilities: Array, n_iter: int, *, keep_all: bool = False
) -> VoicesFit:
    """Variational EM from ``responsibilities`` (T, S) until the bound rises no more.

    Empty states are dropped unless ``keep_all``.

    ``stay`` (T,): probability that observation t has the state of the one before.
    """
    weights = np.full(responsibilities.shape[1], 1 / responsibilities.shape[1])
    bounds: list[float] = []
    while len(bounds) < n_iter:
        mean, covariance = _state_posteriors(observations, responsibilities)
        scores = _expected_log_likelihoods(observations, mean, covariance)
        responsibilities, evidence, draws = _smoothed(scores, stay, weights)
        weights = draws / draws.sum()
        if not keep_all and (weights < SMALLEST).any():
            responsibilities, weights = _pruned(responsibilities, weights)
            bounds = []
            continue
        bounds.append(evidence - _divergence(mean, covariance))
        if len(bounds) > 1 and bounds[-1] - bounds[-2] < TOLERANCE:
            break
    return VoicesFit(responsibilities, weights, mean, np.array(bounds))


def _pruned(responsibilities: Array, weights: Array) -> tuple[Array, Array]:
    """Without the states that hardly anything is drawn from; rows sum to one again."""
    kept = weights >= SMALLEST
    left = responsibilities[:, kept] + np.finfo(np.float64).tiny
    return left / left.sum(axis=1, keepdims=True), weights[kept] / weights[kept].sum()


def _closest_pair(observations: Observations, responsibilities: Array) -> tuple[int, int]:
    """The two states whose union loses the least evidence."""
    linear = responsibilities.T @ observations.linear
    precision = responsibilities.T @ observations.precision
    alone = pooled_log_evidence(linear, precision)
    i, j = np.triu_indices(len(alone), 1)
    gain = pooled_log_evidence(linear[i] + linear[j], precision[i] + precision[j]) - alone[i] - alone[j]
    best = int(gain.argmax())
    return int(i[best]), int(j[best])


def _united(responsibilities: Array, pair: tuple[int, int]) -> Array:
    merged = responsibilities.copy()
    merged[:, pair[0]] += merged[:, pair[1]]
    return np.delete(merged, pair[1], axis=1)


def merge_path(
    observations: Observations, stay: Array, responsibilities: Array, *, first: int = 8, then: int = 4
) -> dict[int, VoicesFit]:
    """Solutions by number of states, from what ``responsibilities`` (T, S) settle to down to one state.

    Between numbers, the two states whose union loses the least evidence are merged; ``first`` and ``then``
    are the iterations after the start and after each merge.
    """
    path: dict[int, VoicesFit] = {}
    fit = fit_voices(observations, stay, responsibilities, first)
    while True:
        path[fit.n_states] = fit
        if fit.n_states == 1:
            return path
        pair = _closest_pair(observations, fit.responsibilities)
        fit = fit_voices(observations, stay, _united(fit.responsibilities, pair), then)


def residuals(observations: Observations, responsibilities: Array) -> Array:
    """What the states leave unexplained of every observation, whitened, (T, R).

    Under a state at y an observation's ρ is N(Φy, Φ), so Φ^(−½)(ρ − Φy) is standard normal. y is the mean of
    the states' points by ``responsibilities`` (T, S): an observation between two states fits neither.
    """
    points, _ = _state_posteriors(observations, responsibilities)
    expected = responsibilities @ points
    whitened = np.empty(observations.linear.shape)
    ridge = RIDGE * np.eye(points.shape[1])
    for start in range(0, len(whitened), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        matrix = unpacked(observations.precision[part].astype(np.float64))
        left = observations.linear[part] - np.matmul(matrix, expected[part][..., None])[..., 0]
        root = np.linalg.cholesky(matrix + ridge)
        whitened[part] = np.linalg.solve(root, left[..., None])[..., 0]
    return whitened
