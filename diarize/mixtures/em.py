"""Expectation-maximisation: sufficient statistics in one fused pass over the points, and the loop around it.

Log w_k N(z | μ_k, Σ_k) is linear in the features f(z) = [z, quadratic terms of z, 1], so one matrix product W
F gives every component's log density and one product R Fᵀ gives every statistic that the M-step needs (Bishop
2006, section 9.2, in the natural parameters of section 2.4). Points are processed in slices that fit the
cache, features in rows, so no array of all points by all components is made. Everything here is in the
standardised coordinates of a `Standardizer`.

The covariance floor is a share of the variance of the data, so it is independent of units. Under Σ ⪰ floor I
the maximum is the sample covariance with its eigenvalues raised to the floor, so the bound of EM never
decreases at the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.gaussian import TIED, Parameters, precision_cholesky, symmetric_matrices
from diarize.mixtures.quadratic_design import (
    QuadraticDesign,
    local_scores,
    score_matrix,
    slice_size,
    sums_of_products,
)
from diarize.mixtures.standardize import Standardizer
from diarize.mixtures.subnormals import exp_normal
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import BoolArray, Float64Array, IntArray, Points, slices

__all__ = [
    "EMRun",
    "EMSettings",
    "FitData",
    "SufficientStatistics",
    "e_step",
    "em_run",
    "gather_statistics",
    "m_step",
    "maximize",
]

_MAX_REPAIRS = 3  # re-seedings before a vanishing component is kept as it is and reported
_VANISHED = 1e-3  # a component holding less than this share of one average point has collapsed
_NONE: tuple[int, ...] = ()


class FitData(NamedTuple):
    """The data of one fit: points, weights, the standardised coordinates, total weight, and the (D, D)
    scatter in these coordinates.
    """

    x: Points
    weights: Float64Array | None
    standardizer: Standardizer
    total: float
    scatter: Float64Array


class EMSettings(NamedTuple):
    """When to stop, and the least variance allowed: max_iter steps, tol in nats per point, floor as a
    share.
    """

    max_iter: int
    tol: float
    reg_covar: float


class EMRun(NamedTuple):
    """Result of EM: parameters in standardised coordinates, mean log density after each step, and repairs."""

    parameters: Parameters
    bounds: tuple[float, ...]
    converged: bool
    floored: tuple[int, ...]
    repaired: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SufficientStatistics:
    """Sums over points of r_nk, r_nk z_n and r_nk times the quadratic features, and of the log density.

    counts (K,), first (K, D), second (K, Q) with Q = D (D + 1) / 2 for full, D for diag, 1 for spherical, 0
    for tied.
    """

    counts: Float64Array
    first: Float64Array
    second: Float64Array
    log_likelihood: float


@on_one_thread
def e_step(
    data: FitData, parameters: Parameters, log_weights: Float64Array | None = None
) -> SufficientStatistics:
    """E-step: the statistics of all points under these parameters, in the precision of the points.

    log_weights (K,) take the place of the logarithms of the weights; they need not be normalised.
    """
    matrix = score_matrix(parameters, log_weights)
    n_components, n_features = matrix.shape
    dtype = data.x.dtype
    size = min(slice_size(n_components, n_features, dtype.itemsize), len(data.x))
    features = QuadraticDesign(data.standardizer, parameters.covariance_type, size, dtype)
    weights_of_scores = matrix.astype(dtype)
    scores = np.empty((n_components, size), dtype=dtype)
    sums = np.zeros(matrix.shape, dtype=np.float64)
    log_likelihood = 0.0
    for part in slices(len(data.x), size):
        rows = features.of(data.x[part])
        r = np.matmul(weights_of_scores, rows, out=scores[:, : rows.shape[1]])
        weights = None if data.weights is None else data.weights[part]
        log_likelihood += _normalise(r, rows, weights)
        sums += sums_of_products(r, rows)
    if parameters.covariance_type in TIED:
        log_likelihood += _tied_term(parameters, data.scatter)
    return _statistics(sums, data.x.shape[1], log_likelihood)


def _normalise(scores: Points, rows: Points, weights: Float64Array | None) -> float:
    """Exponentials of scores (K, c) over their sums, in place; returns the weighted sum of log densities.

    The division (and the weight) goes to the features instead where these are fewer than the components.
    """
    top = scores.max(axis=0)
    scores -= top
    exp_normal(scores)
    norms = scores.sum(axis=0)
    top += np.log(norms)
    factors = 1.0 / norms if weights is None else (weights / norms).astype(scores.dtype)
    smaller = scores if len(scores) <= len(rows) else rows
    smaller *= factors
    return float(top.sum(dtype=np.float64) if weights is None else weights @ top)


def _tied_term(parameters: Parameters, scatter: Float64Array) -> float:
    """-½ Σ w zᵀ P z over all points: the term that all tied components share, from the scatter alone."""
    factor = precision_cholesky(parameters.covariances, parameters.covariance_type)
    if not factor.ndim:
        return float(-0.5 * factor**2 * np.trace(scatter))
    return float(-0.5 * np.sum((factor @ factor.T) * scatter))


def _statistics(sums: Float64Array, n_dims: int, log_likelihood: float) -> SufficientStatistics:
    return SufficientStatistics(
        sums[:, -1].copy(), sums[:, :n_dims].copy(), sums[:, n_dims:-1].copy(), log_likelihood
    )


def gather_statistics(
    data: FitData, responsibilities: Float64Array, covariance_type: str
) -> SufficientStatistics:
    """The statistics of given responsibilities (n, K), for a start from labels."""
    size = min(slice_size(responsibilities.shape[1], data.x.shape[1], 8), len(data.x))
    features = QuadraticDesign(data.standardizer, covariance_type, size, np.dtype(np.float64))
    sums: Float64Array | float = 0.0
    for part in slices(len(data.x), size):
        r = responsibilities[part]
        if data.weights is not None:
            r = r * data.weights[part, None]
        sums = sums + r.T @ features.of(data.x[part]).T
    return _statistics(np.asarray(sums, dtype=np.float64), data.x.shape[1], 0.0)


def em_run(data: FitData, start: Parameters, settings: EMSettings) -> EMRun:
    """EM from `start` until a step gains less than tol, or max_iter steps were made.

    bounds[i] is the mean log density after i steps, so the last one belongs to the parameters returned. A
    component that vanishes is moved to the point with the lowest density; the bounds then start again. A last
    step that decreases the bound by rounding is not taken.
    """
    parameters, floored, repaired = start, _NONE, _NONE
    statistics = e_step(data, parameters)
    bounds = [_bound(statistics, data)]
    for _ in range(settings.max_iter):
        before = parameters, floored
        gone = _find_vanished(statistics, data)
        if gone and len(repaired) < _MAX_REPAIRS * len(statistics.counts):
            parameters = _reseed(data, parameters, gone)
            repaired, bounds = repaired + gone, []
        else:
            parameters, floored = m_step(statistics, data, start.covariance_type, settings.reg_covar)
        statistics = e_step(data, parameters)
        bounds.append(_bound(statistics, data))
        if len(bounds) > 1 and bounds[-1] < bounds[-2]:
            return EMRun(before[0], tuple(bounds[:-1]), True, before[1], repaired)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] < settings.tol:
            return EMRun(parameters, tuple(bounds), True, floored, repaired)
    return EMRun(parameters, tuple(bounds), False, floored, repaired)


def m_step(
    statistics: SufficientStatistics, data: FitData, covariance_type: str, reg_covar: float
) -> tuple[Parameters, tuple[int, ...]]:
    """`maximize` with the scatter and the rounding of these data."""
    resolution = 8.0 * float(np.finfo(data.x.dtype).eps)
    return maximize(statistics, data.scatter, covariance_type, reg_covar, resolution)


def _bound(statistics: SufficientStatistics, data: FitData) -> float:
    bound = statistics.log_likelihood / data.total + data.standardizer.log_det
    if not np.isfinite(bound):
        raise ModelError(
            "EM reached a density that is not finite; raise reg_covar, or scale x to ordinary numbers"
        )
    return bound


def _find_vanished(statistics: SufficientStatistics, data: FitData) -> tuple[int, ...]:
    share = _VANISHED * data.total / len(data.x)
    return tuple(int(k) for k in np.flatnonzero(statistics.counts < share))


def _reseed(data: FitData, parameters: Parameters, gone: tuple[int, ...]) -> Parameters:
    """Move vanished components to the least likely points, with the covariance of the data and the average
    weight.
    """
    worst = _least_likely(data, parameters, len(gone))
    n_components, n_dims = parameters.means.shape
    means, weights = parameters.means.copy(), parameters.weights.copy()
    means[list(gone)] = (data.x[worst] - data.standardizer.shift) @ data.standardizer.forward.T
    weights[list(gone)] = 1.0 / n_components
    covariances = parameters.covariances.copy()
    if parameters.covariance_type not in TIED:
        identity = np.eye(n_dims, dtype=np.float64)
        wide = {"full": identity, "diag": np.ones(n_dims), "spherical": np.float64(1.0)}[
            parameters.covariance_type
        ]
        covariances[list(gone)] = wide
    return Parameters(weights / weights.sum(), means, covariances, parameters.covariance_type)


def _least_likely(data: FitData, parameters: Parameters, n_points: int) -> IntArray:
    density = np.empty(len(data.x), dtype=np.float64)
    for part, scores in local_scores(data.x, parameters, data.standardizer):
        density[part] = np.logaddexp.reduce(scores, axis=0)
    if data.weights is not None:
        density[data.weights == 0.0] = np.inf
    return np.argsort(density, kind="stable")[:n_points].astype(np.int64)


def maximize(
    statistics: SufficientStatistics,
    scatter: Float64Array,
    covariance_type: str,
    reg_covar: float,
    resolution: float,
) -> tuple[Parameters, tuple[int, ...]]:
    """M-step: parameters, and which components lie at the floor.

    scatter (D, D) is the weighted sum of z zᵀ over all points (used by tied). A variance below resolution ·
    E[z²] is rounding noise, so the floor is never lower than that.
    """
    counts = np.maximum(statistics.counts, np.finfo(np.float64).tiny)
    means = statistics.first / counts[:, None]
    if covariance_type == "tied_spherical":
        n_dims = means.shape[1]
        within = (np.trace(scatter) - np.sum(statistics.first * means)) / (counts.sum() * n_dims)
        least = max(reg_covar, resolution * np.trace(scatter) / (counts.sum() * n_dims))
        shared = np.asarray(max(within, least), dtype=np.float64)
        at_floor = tuple(range(len(counts))) if within < least else ()
        return Parameters(counts / counts.sum(), means, shared, covariance_type), at_floor
    if covariance_type == "tied":
        within = (scatter - statistics.first.T @ means) / counts.sum()
        covariances, touched = _raise_eigenvalues(
            within[None], np.array([max(reg_covar, resolution)], dtype=np.float64)
        )
        return Parameters(counts / counts.sum(), means, covariances[0], covariance_type), (
            tuple(range(len(counts))) if touched.any() else ()
        )
    seconds = statistics.second / counts[:, None]
    covariances, touched = _KINDS[covariance_type](seconds, means, reg_covar, resolution)
    floored = tuple(int(k) for k in np.flatnonzero(touched))
    return Parameters(counts / counts.sum(), means, covariances, covariance_type), floored


def _spherical(
    seconds: Float64Array, means: Float64Array, reg_covar: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    n_dims = means.shape[1]
    variances = (seconds[:, 0] - np.einsum("kd,kd->k", means, means)) / n_dims
    least = np.maximum(reg_covar, resolution * seconds[:, 0] / n_dims)
    return np.maximum(variances, least), variances < least


def _diag(
    seconds: Float64Array, means: Float64Array, reg_covar: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    variances = seconds - means**2
    least = np.maximum(reg_covar, resolution * seconds)
    touched = np.any(variances < least, axis=1)
    return np.maximum(variances, least), touched


def _full(
    seconds: Float64Array, means: Float64Array, reg_covar: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    n_dims = means.shape[1]
    matrices = symmetric_matrices(seconds, n_dims)
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    least = np.maximum(reg_covar, resolution * diagonals.mean(axis=1))
    return _raise_eigenvalues(matrices - means[:, :, None] * means[:, None, :], least)


_KINDS = {"spherical": _spherical, "diag": _diag, "full": _full}


def _raise_eigenvalues(matrices: Float64Array, least: Float64Array) -> tuple[Float64Array, BoolArray]:
    """Symmetric matrices (K, D, D) with eigenvalues raised to `least` (K,), and which of them needed it."""
    margin = matrices - least[:, None, None] * np.eye(matrices.shape[-1], dtype=np.float64)
    try:
        np.linalg.cholesky(margin)  # cheap when nothing is at the floor, which is nearly always
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(matrices)
        touched = values[:, 0] < least
        lifted = (vectors * np.maximum(values, least[:, None])[:, None, :]) @ vectors.swapaxes(-1, -2)
        return np.where(touched[:, None, None], lifted, matrices), touched
    return matrices, np.zeros(len(matrices), dtype=np.bool_)
