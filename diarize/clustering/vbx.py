"""A Bayesian hidden Markov model of points whose states are speakers (VBx), and the search for their number.

Each speaker s has a latent y_s ~ N(0, I); a point of it is x = √ψ y_s + e, e ~ N(0, I), in the coordinates of
the two-covariance model. The chain stays in its state or draws a new one from weights π. The lower bound on
the marginal likelihood contains the exact penalty of every further speaker, which BIC approximates for many
points.

Windows overlap, so a point counts as a fraction ``weights`` (T,) of an independent one: the acoustic scale
F_A of the reference, here one value per window.

Landini, Profant, Diez & Burget 2022, "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
diarization", equations 11 to 22 with F_B = 1; here with merging in addition to pruning, because the bound
often has a local maximum with one speaker in two states.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.hmm.sticky import forward_backward_sticky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["VBxFit", "closest_pair", "fit_vbx", "merge_path", "pool_points"]

TOLERANCE: Final = 1e-2
"""Nats: far below what makes two numbers of speakers equally good."""
MIN_WEIGHT: Final = 1e-3
"""Weight under which a state is given up."""


@dataclass(frozen=True, slots=True)
class VBxFit:
    """One solution: ``responsibilities`` (T, S); ``weights`` π (S,); posterior ``means`` and ``variances``
    (S, d) of the speakers' y; ``bounds`` (n_iter,) in nats, never falling.
    """

    responsibilities: Array
    weights: Array
    means: Array
    variances: Array
    bounds: Array

    @property
    def n_states(self) -> int:
        """Number of speakers left."""
        return len(self.weights)

    @property
    def log_evidence(self) -> float:
        """Estimate of the log marginal likelihood: the bound covers one of S! modes, which differ only in the
        order of the speakers (Bishop 2006, section 10.2.4).
        """
        return float(self.bounds[-1]) + lgamma(self.n_states + 1)


def fit_vbx(
    points: Array,
    weights: Array,
    between: Array,
    stay: Array,
    responsibilities: Array,
    n_iter: int,
    *,
    keep_all: bool = False,
) -> VBxFit:
    """Variational EM until the bound converges.

    Parameters
    ----------
    points : (T, d), in the coordinates of the two-covariance model
    weights : (T,), each point as a share of an independent one
    between : ψ (d,), variances between speakers
    stay : (T,), probability that a point has the speaker of the one before
    responsibilities : (T, S), to start from
    n_iter : most iterations, 1 or more; they are counted anew after a state is dropped
    keep_all : keep states without points, which are dropped otherwise

    Returns
    -------
    The solution, with the bound after each iteration.

    References
    ----------
    Landini, Profant, Diez & Burget 2022, "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
    diarization", equations 11 to 22 with F_B = 1.

    """
    pi = np.full(responsibilities.shape[1], 1 / responsibilities.shape[1])
    bounds: list[float] = []
    while len(bounds) < n_iter:
        means, variances = _speakers(points, weights, between, responsibilities)
        scores = weights[:, None] * _expected_log_likelihoods(points, between, means, variances)
        responsibilities, evidence, draws = forward_backward_sticky(scores, stay, pi)
        pi = draws / draws.sum()
        if not keep_all and (pi < MIN_WEIGHT).any():
            responsibilities, pi = _prune(responsibilities, pi)
            bounds = []
            continue
        divergence = 0.5 * float((variances + means**2 - 1 - np.log(variances)).sum())
        bounds.append(evidence - divergence)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] < TOLERANCE:
            break
    return VBxFit(responsibilities, pi, means, variances, np.array(bounds))


def _speakers(points: Array, weights: Array, between: Array, responsibilities: Array) -> tuple[Array, Array]:
    """Posterior means and variances (S, d) of the speakers' y (equations 17 and 18)."""
    shares = responsibilities * weights[:, None]
    variances = 1 / (1 + shares.sum(axis=0)[:, None] * between)
    return variances * (shares.T @ (points * np.sqrt(between))), variances


def _expected_log_likelihoods(points: Array, between: Array, means: Array, variances: Array) -> Array:
    """E[√ψ xᵀy − ½ ψ y²] of every point under every speaker, (T, S), without the terms that all speakers
    share (eq. 16).
    """
    expected: Array = points @ (np.sqrt(between) * means).T - 0.5 * ((variances + means**2) @ between)
    return expected


def _prune(responsibilities: Array, pi: Array) -> tuple[Array, Array]:
    """Drop states with hardly any draws; rows are normalised again."""
    kept = pi >= MIN_WEIGHT
    left = responsibilities[:, kept] + np.finfo(np.float64).tiny
    return left / left.sum(axis=1, keepdims=True), pi[kept] / pi[kept].sum()


def pool_points(points: Array, weights: Array, responsibilities: Array) -> tuple[Array, Array]:
    """Weighted mean of the points of every speaker.

    Parameters
    ----------
    points : (T, d)
    weights : (T,), each point as a share of an independent one
    responsibilities : (T, S)

    Returns
    -------
    The means (S, d), and the total weight (S,).

    """
    shares = responsibilities * weights[:, None]
    total = shares.sum(axis=0)
    return shares.T @ points / np.maximum(total, 1e-12)[:, None], total


def _log_evidence(means: Array, total: Array, between: Array) -> Array:
    """Log evidence (…,) that points of total weight ``total`` (…,) and mean ``means`` (…, d) are one
    speaker's, up to a term that does not depend on the grouping.
    """
    known = total[..., None] * between
    evidence: Array = 0.5 * (total[..., None] * known * means**2 / (1 + known) - np.log1p(known)).sum(axis=-1)
    return evidence


def closest_pair(points: Array, weights: Array, between: Array, responsibilities: Array) -> tuple[int, int]:
    """The two speakers whose merge loses the least evidence.

    Parameters
    ----------
    points : (T, d), in the coordinates of the two-covariance model
    weights : (T,), each point as a share of an independent one
    between : ψ (d,), variances between speakers
    responsibilities : (T, S), S of 2 or more

    Returns
    -------
    Their numbers, the lower one first.

    """
    means, total = pool_points(points, weights, responsibilities)
    i, j = np.triu_indices(len(total), 1)
    both = total[i] + total[j]
    joined = (total[i, None] * means[i] + total[j, None] * means[j]) / np.maximum(both, 1e-12)[:, None]
    alone = _log_evidence(means, total, between)
    best = int((_log_evidence(joined, both, between) - alone[i] - alone[j]).argmax())
    return int(i[best]), int(j[best])


def merge_path(
    points: Array,
    weights: Array,
    between: Array,
    stay: Array,
    responsibilities: Array,
    *,
    first: int = 8,
    then: int = 4,
) -> dict[int, VBxFit]:
    """Solutions by number of speakers, from a start down to one.

    At each step the two speakers whose merge loses the least evidence are merged.

    Parameters
    ----------
    points, weights, between, stay, responsibilities : as for ``fit_vbx``
    first, then : most iterations after the start, and after each merge

    Returns
    -------
    One solution for each number of speakers on the path.

    References
    ----------
    Landini, Profant, Diez & Burget 2022, "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
    diarization"; merging is an addition.

    """
    path: dict[int, VBxFit] = {}
    fit = fit_vbx(points, weights, between, stay, responsibilities, first)
    while True:
        path[fit.n_states] = fit
        if fit.n_states == 1:
            return path
        kept, gone = closest_pair(points, weights, between, fit.responsibilities)
        merged = fit.responsibilities.copy()
        merged[:, kept] += merged[:, gone]
        fit = fit_vbx(points, weights, between, stay, np.delete(merged, gone, axis=1), then)
