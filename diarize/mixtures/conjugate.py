"""Conjugate priors of a Gaussian mixture: expectations and divergences.

Wishart over precisions (Bishop 2006, appendix B), Dirichlet and stick-breaking Beta over weights (Blei &
Jordan 2006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import digamma, gammaln

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array

__all__ = [
    "Wishart",
    "beta_divergence",
    "dirichlet_divergence",
    "expected_log_dirichlet",
    "expected_log_sticks",
    "expected_sticks",
    "log_precision_excess",
    "stick_parameters",
    "wishart_divergence",
]


class Wishart(NamedTuple):
    """Wisharts by degrees of freedom (K,) and log |W⁻¹| (K,), in n_dims dimensions."""

    freedom: Float64Array
    log_det_inverse: Float64Array
    n_dims: int


def log_precision_excess(freedom: Float64Array, n_dims: int) -> Float64Array:
    """E log |Λ| - log |E Λ| (K,) of Wisharts (Bishop 2006, equation B.81)."""
    places = np.arange(n_dims, dtype=np.float64)
    terms = digamma(0.5 * (np.asarray(freedom)[:, None] - places))
    return np.asarray(terms.sum(axis=1) + n_dims * np.log(2.0 / freedom), dtype=np.float64)


def wishart_divergence(posterior: Wishart, prior: Wishart, traces: Float64Array) -> Float64Array:
    """KL (K,) of posterior from prior, with traces (K,) of W₀⁻¹ W."""
    excess = log_precision_excess(posterior.freedom, posterior.n_dims)
    log_det = excess + posterior.n_dims * np.log(posterior.freedom) - posterior.log_det_inverse  # E log |Λ|
    moved = 0.5 * (posterior.freedom - prior.freedom) * log_det
    pulled = 0.5 * posterior.freedom * (traces - posterior.n_dims)
    return np.asarray(
        _log_wishart_norm(posterior) - _log_wishart_norm(prior) + moved + pulled, dtype=np.float64
    )


def _log_wishart_norm(wishart: Wishart) -> Float64Array:
    places = np.arange(wishart.n_dims, dtype=np.float64)
    gammas = gammaln(0.5 * (np.asarray(wishart.freedom)[..., None] - places)).sum(axis=-1)
    halves = 0.5 * wishart.freedom * (wishart.log_det_inverse - wishart.n_dims * np.log(2.0))
    return np.asarray(halves - gammas, dtype=np.float64)  # less powers of π that cancel in a divergence


def expected_log_dirichlet(concentrations: Float64Array) -> Float64Array:
    """E log π (K,) under a Dirichlet (Bishop 2006, equation B.21)."""
    return np.asarray(digamma(concentrations) - digamma(concentrations.sum()), dtype=np.float64)


def dirichlet_divergence(posterior: Float64Array, prior: Float64Array) -> float:
    """KL of Dirichlet(posterior) from Dirichlet(prior)."""
    moved = float(((posterior - prior) * expected_log_dirichlet(posterior)).sum())
    return _log_dirichlet_norm(posterior) - _log_dirichlet_norm(prior) + moved


def _log_dirichlet_norm(concentrations: Float64Array) -> float:
    return float(gammaln(concentrations.sum()) - gammaln(concentrations).sum())


def stick_parameters(counts: Float64Array, concentration: float) -> tuple[Float64Array, Float64Array]:
    """Beta parameters of the sticks, each (K,), for expected counts (K,) (Blei & Jordan 2006, equations
    18, 19).
    """
    after = np.concatenate([np.cumsum(counts[::-1])[::-1][1:], [0.0]])
    return 1.0 + counts, concentration + after


def expected_log_sticks(ones: Float64Array, others: Float64Array) -> Float64Array:
    """E log π (K,) of stick-breaking weights with these Beta parameters."""
    whole = digamma(ones + others)
    rest = np.cumsum(digamma(others) - whole)
    return np.asarray(digamma(ones) - whole + np.concatenate([[0.0], rest[:-1]]), dtype=np.float64)


def expected_sticks(ones: Float64Array, others: Float64Array) -> Float64Array:
    """E π (K,) of stick-breaking weights with these Beta parameters, normalised over the first K of
    infinitely many.
    """
    broken = ones / (ones + others)
    left = np.concatenate([[1.0], np.cumprod(1.0 - broken)[:-1]])
    weights = broken * left
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def beta_divergence(ones: Float64Array, others: Float64Array, concentration: float) -> float:
    """KL of the sticks from their prior Beta(1, concentration), summed."""
    pairs = np.stack([ones, others], axis=1)
    prior = np.array([1.0, concentration], dtype=np.float64)
    return sum(dirichlet_divergence(pair, prior) for pair in pairs)
