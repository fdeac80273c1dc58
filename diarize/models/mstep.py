"""Maximisation: from the sums of an E-step to the best parameters above a covariance floor.

The floor is a share of the variance of the data, so that it has no units. Under Σ ⪰ floor I the maximum is
the sample covariance with its eigenvalues raised to the floor, so the bound of EM never falls while a floor
is at work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diarize.models.gaussian import Parameters, symmetric_matrices

if TYPE_CHECKING:
    from diarize.models.points import BoolArray, Float64Array

__all__ = ["Statistics", "maximisation"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over points of r_nk, r_nk z_n and r_nk times the quadratic features, and of the log density.

    counts (K,), first (K, D), second (K, Q) with Q = D (D + 1) / 2 for full, D for diag, 1 for spherical, 0
    for tied.
    """

    counts: Float64Array
    first: Float64Array
    second: Float64Array
    log_likelihood: float


def maximisation(
    statistics: Statistics, scatter: Float64Array, covariance: str, floor: float, resolution: float
) -> tuple[Parameters, tuple[int, ...]]:
    """M-step: parameters, and which components lie at the floor.

    scatter (D, D) is the weighted sum of z zᵀ over all points (used by tied). A variance under resolution
    E[z²] is rounding rather than knowledge, so the floor is never lower than that.
    """
    counts = np.maximum(statistics.counts, np.finfo(np.float64).tiny)
    means = statistics.first / counts[:, None]
    if covariance == "tied":
        within = (scatter - statistics.first.T @ means) / counts.sum()
        covariances, touched = _raised(within[None], np.array([max(floor, resolution)], dtype=np.float64))
        return Parameters(counts / counts.sum(), means, covariances[0], covariance), (
            tuple(range(len(counts))) if touched.any() else ()
        )
    seconds = statistics.second / counts[:, None]
    covariances, touched = _KINDS[covariance](seconds, means, floor, resolution)
    floored = tuple(int(k) for k in np.flatnonzero(touched))
    return Parameters(counts / counts.sum(), means, covariances, covariance), floored


def _spherical(
    seconds: Float64Array, means: Float64Array, floor: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    n_dims = means.shape[1]
    variances = (seconds[:, 0] - np.einsum("kd,kd->k", means, means)) / n_dims
    least = np.maximum(floor, resolution * seconds[:, 0] / n_dims)
    return np.maximum(variances, least), variances < least


def _diag(
    seconds: Float64Array, means: Float64Array, floor: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    variances = seconds - means**2
    least = np.maximum(floor, resolution * seconds)
    touched = np.any(variances < least, axis=1)
    return np.maximum(variances, least), touched


def _full(
    seconds: Float64Array, means: Float64Array, floor: float, resolution: float
) -> tuple[Float64Array, BoolArray]:
    n_dims = means.shape[1]
    matrices = symmetric_matrices(seconds, n_dims)
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    least = np.maximum(floor, resolution * diagonals.mean(axis=1))
    return _raised(matrices - means[:, :, None] * means[:, None, :], least)


_KINDS = {"spherical": _spherical, "diag": _diag, "full": _full}


def _raised(matrices: Float64Array, least: Float64Array) -> tuple[Float64Array, BoolArray]:
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
