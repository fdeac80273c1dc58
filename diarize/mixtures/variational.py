"""Variational updates of a Gaussian mixture: posterior from sums, bound from posterior.

Bishop (2006, section 10.2). Precisions have a Wishart posterior; diag and spherical restrict its scale
matrix to their shape, whose best value is the diagonal (or its mean) of the unrestricted one, so the bound
is exact there as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.mixtures.conjugate import (
    Wishart,
    beta_divergence,
    dirichlet_divergence,
    expected_log_dirichlet,
    expected_log_sticks,
    log_precision_excess,
    stick_parameters,
    wishart_divergence,
)
from diarize.mixtures.em import FitData, e_step
from diarize.mixtures.gaussian import Parameters, log_determinants, precision_cholesky, symmetric_matrices

if TYPE_CHECKING:
    from diarize.mixtures.em import SufficientStatistics
    from diarize.mixtures.validation import Float64Array

__all__ = [
    "Posterior",
    "Prior",
    "VariationalRun",
    "bound_and_sums",
    "divergence",
    "expected_log_weights",
    "posterior_of",
    "score_offsets",
    "variational_run",
]


class Prior(NamedTuple):
    """Prior in standardised coordinates: kind and concentration of weights, mean (D,), its precision, degrees
    of freedom, scale.

    The components are expected to have scale times the identity as their covariance.
    """

    weights: str
    concentration: float
    mean: Float64Array
    precision: float
    freedom: float
    scale: float


class Posterior(NamedTuple):
    """Posterior in any coordinates: counts, precision of means and degrees of freedom, each (K,); the
    expected mixture.

    The covariances of the mixture are the inverses of the expected precisions.
    """

    counts: Float64Array
    precision: Float64Array
    freedom: Float64Array
    mixture: Parameters


class VariationalRun(NamedTuple):
    """Result of the updates: the posterior, the bound after each in nats per point, and convergence."""

    posterior: Posterior
    bounds: tuple[float, ...]
    converged: bool


def variational_run(
    data: FitData, posterior: Posterior, prior: Prior, max_iter: int, tol: float
) -> VariationalRun:
    """Update until a step gains less than tol nats per point or max_iter is reached; a step that decreases
    the bound is not taken.
    """
    first, statistics = bound_and_sums(data, posterior, prior)
    kept, bounds = posterior, [first]
    for _ in range(max_iter):
        posterior = posterior_of(statistics, prior, data, kept.mixture.covariance_type)
        bound, statistics = bound_and_sums(data, posterior, prior)
        if bound < bounds[-1]:
            return VariationalRun(kept, tuple(bounds), True)
        kept = posterior
        bounds.append(bound)
        if bounds[-1] - bounds[-2] < tol:
            return VariationalRun(kept, tuple(bounds), True)
    return VariationalRun(kept, tuple(bounds), False)


def bound_and_sums(data: FitData, posterior: Posterior, prior: Prior) -> tuple[float, SufficientStatistics]:
    """E-step: the evidence lower bound in nats per point at its best responsibilities, and their
    statistics.
    """
    log_weights = expected_log_weights(posterior.counts, prior.weights, prior.concentration)
    statistics = e_step(data, posterior.mixture, log_weights + _offsets(posterior))
    gained = (statistics.log_likelihood - divergence(posterior, prior)) / data.total
    return gained + data.standardizer.log_det, statistics


def posterior_of(
    statistics: SufficientStatistics, prior: Prior, data: FitData, covariance_type: str
) -> Posterior:
    """M-step (Bishop 2006, equations 10.58 to 10.63), with sums about the origin, to avoid dividing by
    counts.
    """
    counts = np.maximum(statistics.counts, 0.0)
    n_components = len(counts)
    precision = prior.precision + counts
    means = (prior.precision * prior.mean + statistics.first) / precision[:, None]
    freedom = prior.freedom + counts
    sums = _inverse_scales(statistics, prior, data, (means, precision), covariance_type)
    if covariance_type == "tied":
        # a prior as strong as that of K components, so that covariance types are compared on equal terms
        total = n_components * prior.freedom + counts.sum()
        covariances, freedom = sums / total, np.full(n_components, total, dtype=np.float64)
    else:
        covariances = sums / freedom.reshape((-1,) + (1,) * (sums.ndim - 1))
    mixture = Parameters(counts / counts.sum(), means, covariances, covariance_type)
    return Posterior(counts, precision, freedom, mixture)


def _inverse_scales(
    statistics: SufficientStatistics,
    prior: Prior,
    data: FitData,
    centres: tuple[Float64Array, Float64Array],
    covariance_type: str,
) -> Float64Array:
    """W⁻¹ of every component in the shape of the kind: prior, plus sums of squares, about the posterior
    mean.
    """
    means, precision = centres
    n_components, n_dims = means.shape
    origin = prior.precision * prior.mean
    if covariance_type == "diag":
        own = statistics.second + origin * prior.mean - precision[:, None] * means**2
        return np.asarray(prior.scale + own, dtype=np.float64)
    if covariance_type == "spherical":
        own = statistics.second[:, 0] + origin @ prior.mean - precision * np.einsum("kd,kd->k", means, means)
        return np.asarray(prior.scale + own / n_dims, dtype=np.float64)
    identity = np.eye(n_dims, dtype=np.float64)
    pulled = np.outer(origin, prior.mean)
    if covariance_type == "tied":
        about = (means.T * precision) @ means
        return np.asarray(
            n_components * (prior.scale * identity + pulled) + data.scatter - about, dtype=np.float64
        )
    squares = symmetric_matrices(statistics.second, n_dims)
    about = precision[:, None, None] * means[:, :, None] * means[:, None, :]
    return np.asarray(prior.scale * identity + pulled + squares - about, dtype=np.float64)


def expected_log_weights(counts: Float64Array, kind: str, concentration: float) -> Float64Array:
    """E log π (K,) after expected counts (K,), under the kind of prior named and its concentration."""
    if kind == "dirichlet_distribution":
        return expected_log_dirichlet(concentration + counts)
    return expected_log_sticks(*stick_parameters(counts, concentration))


def _offsets(posterior: Posterior) -> Float64Array:
    return score_offsets(posterior.precision, posterior.freedom, posterior.mixture.means.shape[1])


def score_offsets(precision: Float64Array, freedom: Float64Array, n_dims: int) -> Float64Array:
    """Correction of the log density of the expected mixture for the expectations of log |Λ| and the mean
    (Bishop, 10.64, 10.65).
    """
    return 0.5 * (log_precision_excess(freedom, n_dims) - n_dims / precision)


def divergence(posterior: Posterior, prior: Prior) -> float:
    """KL of the posterior of weights, means and precisions from the prior: the penalty of the bound."""
    if prior.weights == "dirichlet_distribution":
        before = np.full(len(posterior.counts), prior.concentration, dtype=np.float64)
        paid = dirichlet_divergence(before + posterior.counts, before)
    else:
        paid = beta_divergence(*stick_parameters(posterior.counts, prior.concentration), prior.concentration)
    return paid + _means_divergence(posterior, prior) + _precisions_divergence(posterior, prior)


def _means_divergence(posterior: Posterior, prior: Prior) -> float:
    mixture = posterior.mixture
    factors = precision_cholesky(mixture.covariances, mixture.covariance_type)
    away = mixture.means - prior.mean
    if mixture.covariance_type in ("full", "tied"):
        scaled = np.einsum("kd,kde->ke", away, np.broadcast_to(factors, (len(away), *factors.shape[-2:])))
    else:
        scaled = away * factors.reshape(len(away), -1)
    ratio = prior.precision / posterior.precision
    quadratic = prior.precision * np.einsum("kd,kd->k", scaled, scaled)
    return float(0.5 * (away.shape[1] * (ratio - np.log(ratio) - 1.0) + quadratic).sum())


def _precisions_divergence(posterior: Posterior, prior: Prior) -> float:
    """KL of the Wisharts from their priors: one for every component, or one for all where they are tied."""
    mixture, freedom = posterior.mixture, posterior.freedom
    n_components, n_dims = mixture.means.shape
    factors = precision_cholesky(mixture.covariances, mixture.covariance_type)
    log_dets = log_determinants(factors, mixture.covariance_type, n_dims)
    squares = np.square(factors)
    if mixture.covariance_type == "tied":
        freedom, prior = (
            freedom[:1],
            prior._replace(freedom=n_components * prior.freedom, scale=n_components * prior.scale),
        )
        sums = squares.sum(keepdims=True).reshape(1)
    else:
        sums = (
            n_dims * squares
            if mixture.covariance_type == "spherical"
            else squares.reshape(n_components, -1).sum(axis=1)
        )
    after = Wishart(freedom, log_dets + n_dims * np.log(freedom), n_dims)
    held = np.full(len(freedom), prior.freedom, dtype=np.float64)
    before = Wishart(held, np.full(len(freedom), n_dims * np.log(prior.scale), dtype=np.float64), n_dims)
    return float(wishart_divergence(after, before, prior.scale * sums / freedom).sum())
