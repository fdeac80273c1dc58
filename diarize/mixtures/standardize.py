"""Standardised coordinates z = A (x - b) in which a mixture is fitted, to avoid cancellation in sums.

The data are centred and scaled to unit variance first; E[z²] - E[z]² then loses at most the digits by which
a component is narrower than the data, whatever the offset and the units of x. A family of covariances must
be mapped into itself: any affine map keeps full and tied, a scale per dimension keeps diag, one common
scale keeps spherical.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.gaussian import ISOTROPIC, Parameters, total_moments
from diarize.mixtures.validation import freeze, slices

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array, Points

__all__ = [
    "Standardizer",
    "moments",
    "standardize",
    "standardizer_of_mixture",
    "standardizer_of_points",
    "unstandardize",
]

_SUM_BATCH_SIZE = 1 << 13


@dataclass(frozen=True, slots=True)
class Standardizer:
    """The map z = forward (x - shift): shift (D,), forward and inverse (D, D), log |det forward|."""

    shift: Float64Array
    forward: Float64Array
    inverse: Float64Array
    log_det: float


def moments(x: Points, weights: Float64Array | None) -> tuple[Float64Array, Float64Array]:
    """Weighted mean (D,) and covariance (D, D) of the points, summed in float64 about the mean."""
    total = float(len(x)) if weights is None else float(weights.sum())
    mean = np.zeros(x.shape[1], dtype=np.float64)
    for part in slices(len(x), _SUM_BATCH_SIZE):
        block = x[part].astype(np.float64)
        mean += block.sum(axis=0) if weights is None else weights[part] @ block
    mean /= total
    scatter = np.zeros((x.shape[1], x.shape[1]), dtype=np.float64)
    for part in slices(len(x), _SUM_BATCH_SIZE):
        centred = x[part] - mean
        scatter += centred.T @ (centred if weights is None else weights[part, None] * centred)
    return mean, scatter / total


def standardizer_of_points(
    mean: Float64Array, cov: Float64Array, covariance_type: str, reg_covar: float, dtype: np.dtype[Any]
) -> Standardizer:
    """The coordinates that standardise data of this mean (D,) and covariance (D, D) for this kind of
    covariance.

    Raises ModelError for a dimension that is constant (for spherical: when all are).
    """
    shift = mean.astype(dtype).astype(np.float64)  # exactly the shift of float32 data
    _require_spread(np.diagonal(cov), np.abs(mean), covariance_type)
    forward = _forward_map(cov, covariance_type, reg_covar).astype(dtype).astype(np.float64)
    return _standardizer(shift, forward)


def standardizer_of_mixture(parameters: Parameters) -> Standardizer:
    """The coordinates in which a mixture as a whole has mean zero and unit variance, used for evaluation."""
    mean, cov = total_moments(parameters)
    return _standardizer(mean, _forward_map(cov, parameters.covariance_type, 0.0))


def _standardizer(shift: Float64Array, forward: Float64Array) -> Standardizer:
    sign_and_log = np.linalg.slogdet(forward)
    return Standardizer(
        freeze(shift), freeze(forward), freeze(np.linalg.inv(forward)), float(sign_and_log[1])
    )


def _require_spread(variances: Float64Array, magnitudes: Float64Array, covariance_type: str) -> None:
    resolution = (64.0 * np.finfo(np.float64).eps * magnitudes) ** 2
    constant = variances <= np.maximum(resolution, np.finfo(np.float64).tiny)
    if constant.all() if covariance_type in ISOTROPIC else constant.any():
        names = ", ".join(str(d) for d in np.flatnonzero(constant)[:8])
        raise ModelError(
            f"dimension {names} of x is constant; a Gaussian needs some variance in each; "
            "remove such dimensions, or reduce x with fit_pca first"
        )


def _forward_map(cov: Float64Array, covariance_type: str, reg_covar: float) -> Float64Array:
    variances = np.diagonal(cov)
    if covariance_type in ISOTROPIC:
        scale = np.full(len(cov), 1.0 / np.sqrt(variances.mean()), dtype=np.float64)
        return np.asarray(scale * np.eye(len(cov), dtype=np.float64), dtype=np.float64)
    scale = 1.0 / np.sqrt(variances)
    if covariance_type == "diag":
        return np.asarray(scale * np.eye(len(cov), dtype=np.float64), dtype=np.float64)
    values, vectors = np.linalg.eigh(cov * scale * scale[:, None])
    # directions that the points do not span get the floor, as if they had that little variance
    least = max(reg_covar, len(cov) * np.finfo(np.float64).eps)
    return np.asarray((vectors / np.sqrt(np.maximum(values, least))).T * scale, dtype=np.float64)


def standardize(parameters: Parameters, standardizer: Standardizer) -> Parameters:
    """The mixture in standardised coordinates."""
    means = (parameters.means - standardizer.shift) @ standardizer.forward.T
    return parameters._replace(means=means, covariances=_map_covariances(parameters, standardizer.forward))


def unstandardize(parameters: Parameters, standardizer: Standardizer) -> Parameters:
    """The mixture in the coordinates of the data."""
    means = parameters.means @ standardizer.inverse.T + standardizer.shift
    return parameters._replace(means=means, covariances=_map_covariances(parameters, standardizer.inverse))


def _map_covariances(parameters: Parameters, matrix: Float64Array) -> Float64Array:
    covariances = parameters.covariances
    if parameters.covariance_type in ISOTROPIC:
        return np.asarray(covariances * matrix[0, 0] ** 2, dtype=np.float64)
    if parameters.covariance_type == "diag":
        return np.asarray(covariances * np.diagonal(matrix) ** 2, dtype=np.float64)
    moved = matrix @ covariances @ matrix.T
    return np.asarray(0.5 * (moved + moved.swapaxes(-1, -2)), dtype=np.float64)
