"""A variational hidden Markov model whose states are latent Gaussian points, and the search for their number.

Each state s has a point y_s ~ N(0, I); each observation says exp(ρᵀy − ½ yᵀΦy) of the point of the state that
made it (``factors.Observations``). The chain stays in its state or draws a new one from weights π. The lower
bound on the marginal likelihood prices every further state exactly, which BIC does only asymptotically.

States of one recording may have something in common: then y_s ~ N(r, I) with one r ~ N(0, C) for all of them
(``shared``), which is inferred with the points, jointly and exactly. What tells no state from another has its
price once, not once for every state.

Diez, Burget, Landini & Černocký 2020, "Analysis of speaker diarization based on Bayesian HMM with eigenvoice
priors"; here without scaling factors (Fa = Fb = 1), and with merging instead of pruning alone, for the bound
is easily stuck with one speaker in two states.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from diarize.hmm.redrawn import smooth_redrawn
from diarize.models.factors import (
    AT_ONCE,
    RIDGE,
    Observations,
    gathered,
    lower,
    moved,
    pooled_log_evidence,
    unpacked,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["VoicesFit", "fit_voices", "merge_path", "residuals", "shared_point"]

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


class _States(NamedTuple):
    """Of S states given what is whose: ``mean`` (S, R) and ``covariance`` (S, R, R) of their points;
    ``divergence`` in nats, KL(q ‖ p) of all points and what they share; ``common`` (R,), the mean of that.
    """

    mean: Array
    covariance: Array
    divergence: float
    common: Array


def _states(observations: Observations, responsibilities: Array, shared: Array | None) -> _States:
    """The joint posterior of the states' points and of what they share, exact given ``responsibilities``.

    With Σ_s = (I + Φ_s)⁻¹, y_s given r is N(Σ_s(ρ_s + r), Σ_s), and r is Gaussian with the precision
    C⁻¹ + Σ(I − Σ_s) and the linear term Σ Σ_s ρ_s.
    """
    linear, packed_precision = gathered(observations, responsibilities)
    precision = unpacked(packed_precision)
    alone = np.linalg.inv(precision + np.eye(linear.shape[1]))
    place = np.matmul(alone, linear[..., None])[..., 0]
    common, spread, gained = _in_common(place, alone, shared)
    mean, covariance = place + alone @ common, alone + alone @ spread @ alone
    evidence = gained + 0.5 * (np.sum(linear * place) + np.linalg.slogdet(alone)[1].sum())
    second = covariance + mean[:, :, None] * mean[:, None, :]
    expected = np.sum(linear * mean) - 0.5 * np.sum(precision * second)
    return _States(mean, covariance, float(expected - evidence), common)


def _in_common(place: Array, alone: Array, shared: Array | None) -> tuple[Array, Array, float]:
    """Posterior mean (R,) and covariance (R, R) of r, and what it adds to the log evidence.

    ``place`` Σ_s ρ_s (S, R) and ``alone`` Σ_s (S, R, R): means and covariances of the points were r nought.
    """
    size = place.shape[1]
    if shared is None:
        return np.zeros(size), np.zeros((size, size)), 0.0
    linear, known = place.sum(axis=0), (np.eye(size) - alone).sum(axis=0)
    inner = np.eye(size) + shared @ known
    spread = np.linalg.solve(inner, shared)  # (C⁻¹ + known)⁻¹, which needs no inverse of C
    common = spread @ linear
    return common, spread, float(0.5 * (linear @ common - np.linalg.slogdet(inner)[1]))


def shared_point(observations: Observations, responsibilities: Array, shared: Array | None) -> Array:
    """Where what all states share lies, (R,), given ``responsibilities`` (T, S); 0 if nothing is shared."""
    return _states(observations, responsibilities, shared).common


def _expected_log_likelihoods(observations: Observations, mean: Array, covariance: Array) -> Array:
    """E[ρᵀy − ½ yᵀΦy] of every observation under every state, (T, S)."""
    second = lower(covariance + mean[:, :, None] * mean[:, None, :])
    scores: Array = observations.linear @ mean.T - 0.5 * (observations.precision @ second.T)
    return scores


def fit_voices(
    observations: Observations,
    stay: Array,
    responsibilities: Array,
    n_iter: int,
    *,
    shared: Array | None = None,
    keep_all: bool = False,
) -> VoicesFit:
    """Variational EM from ``responsibilities`` (T, S) until the bound rises no more.

    Empty states are dropped unless ``keep_all``.

    ``stay`` (T,): probability that observation t has the state of the one before; ``shared`` (R, R): C, the
    covariance of what all states have in common, nothing without.
    """
    weights = np.full(responsibilities.shape[1], 1 / responsibilities.shape[1])
    bounds: list[float] = []
    while len(bounds) < n_iter:
        states = _states(observations, responsibilities, shared)
        scores = _expected_log_likelihoods(observations, states.mean, states.covariance)
        responsibilities, evidence, draws = smooth_redrawn(scores, stay, weights)
        weights = draws / draws.sum()
        if not keep_all and (weights < SMALLEST).any():
            responsibilities, weights = _pruned(responsibilities, weights)
            bounds = []
            continue
        bounds.append(evidence - states.divergence)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] < TOLERANCE:
            break
    return VoicesFit(responsibilities, weights, states.mean, np.array(bounds))


def _pruned(responsibilities: Array, weights: Array) -> tuple[Array, Array]:
    """Without the states that hardly anything is drawn from; rows sum to one again."""
    kept = weights >= SMALLEST
    left = responsibilities[:, kept] + np.finfo(np.float64).tiny
    return left / left.sum(axis=1, keepdims=True), weights[kept] / weights[kept].sum()


def _closest_pair(
    observations: Observations, responsibilities: Array, shared: Array | None = None
) -> tuple[int, int]:
    """The two states whose union loses the least evidence, what all share being where it is now."""
    common = shared_point(observations, responsibilities, shared)
    linear, precision = moved(gathered(observations, responsibilities), common)
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
    observations: Observations,
    stay: Array,
    responsibilities: Array,
    *,
    shared: Array | None = None,
    first: int = 8,
    then: int = 4,
) -> dict[int, VoicesFit]:
    """Solutions by number of states, from what ``responsibilities`` (T, S) settle to down to one state.

    Between numbers, the two states whose union loses the least evidence are merged; ``first`` and ``then``
    are the iterations after the start and after each merge; ``shared`` is that of ``fit_voices``.
    """
    path: dict[int, VoicesFit] = {}
    fit = fit_voices(observations, stay, responsibilities, first, shared=shared)
    while True:
        path[fit.n_states] = fit
        if fit.n_states == 1:
            return path
        pair = _closest_pair(observations, fit.responsibilities, shared)
        fit = fit_voices(observations, stay, _united(fit.responsibilities, pair), then, shared=shared)


def residuals(observations: Observations, responsibilities: Array, shared: Array | None = None) -> Array:
    """What the states leave unexplained of every observation, whitened, (T, R).

    Under a state at y an observation's ρ is N(Φy, Φ), so Φ^(−½)(ρ − Φy) is standard normal. y is the mean of
    the states' points by ``responsibilities`` (T, S): an observation between two states fits neither.
    ``shared`` is that of ``fit_voices``.
    """
    expected = responsibilities @ _states(observations, responsibilities, shared).mean
    whitened = np.empty(observations.linear.shape)
    ridge = RIDGE * np.eye(expected.shape[1])
    for start in range(0, len(whitened), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        matrix = unpacked(observations.precision[part].astype(np.float64))
        left = observations.linear[part] - np.matmul(matrix, expected[part][..., None])[..., 0]
        root = np.linalg.cholesky(matrix + ridge)
        whitened[part] = np.linalg.solve(root, left[..., None])[..., 0]
    return whitened
