"""Quadratic features of a slice of points: rows [z, quadratic terms of z, 1], in which a log density is
linear.

One matrix product W f(z) then gives log w_k N(z | μ_k, Σ_k) for every component (the natural parameters of
Bishop 2006, section 2.4). Features are rows, so that every NumPy loop runs along the points. Coordinates are
those of a `Standardizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.mixtures.gaussian import (
    LOG_2PI,
    TIED,
    Parameters,
    log_determinants,
    precision_cholesky,
    quadratic_pairs,
)
from diarize.mixtures.standardize import Standardizer, standardize
from diarize.mixtures.validation import slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarize.mixtures.validation import Float64Array, Points

__all__ = [
    "QuadraticDesign",
    "component_scores",
    "local_scores",
    "n_quadratic",
    "score_matrix",
    "slice_size",
    "sums_of_products",
]

_CACHE_BYTES = 5 << 18  # of a core's second-level cache
_SMALL_PRODUCT = 900_000  # multiplications that OpenBLAS still does without packing
_SMALL_SUMS = 1_000  # sums in one product of long rows, for the same reason
_SMALL_SLICE = 448
_LARGE_SLICE = 2048


def n_quadratic(covariance_type: str, n_dims: int) -> int:
    """How many quadratic features a kind of covariance needs."""
    return {"full": n_dims * (n_dims + 1) // 2, "diag": n_dims, "spherical": 1}.get(covariance_type, 0)


class QuadraticDesign:
    """Reused buffers that turn a slice of points into its features, (D + Q + 1, c), features in rows."""

    def __init__(
        self, standardizer: Standardizer, covariance_type: str, size: int, dtype: np.dtype[Any]
    ) -> None:
        self.covariance_type = covariance_type
        n_dims = len(standardizer.shift)
        # whole rows of the shift: one long subtraction instead of c short ones
        self._shift = np.tile(standardizer.shift.astype(dtype), (size, 1))
        self._forward = standardizer.forward.astype(dtype)
        self._centred = np.empty((size, n_dims), dtype=dtype)
        self._twice = np.empty((2 * n_dims, size), dtype=dtype)
        self._rows = np.ones((n_dims + n_quadratic(covariance_type, n_dims) + 1, size), dtype=dtype)

    def of(self, block: Points) -> Points:
        """The features of a block (c, D); the buffer is overwritten by the next call."""
        c, n_dims = block.shape
        centred = np.subtract(block, self._shift[:c], out=self._centred[:c])
        rows = self._rows[:, :c]
        z = np.matmul(self._forward, centred.T, out=rows[:n_dims])
        if self.covariance_type == "diag":
            np.multiply(z, z, out=rows[n_dims:-1])
        elif self.covariance_type == "spherical":
            np.einsum("dc,dc->c", z, z, out=rows[n_dims])
        elif self.covariance_type == "full":
            self._fill_pairs(z, rows[n_dims:-1])
        rows[-1] = 1.0
        return rows

    def _fill_pairs(self, z: Points, out: Points) -> None:
        """Products in the order of `quadratic_pairs`: z times z rotated by 0, 1, 2 ... rows."""
        n_dims, c = z.shape
        twice = self._twice[:, :c]
        twice[:n_dims] = z
        twice[n_dims:] = z
        for turn in range(n_dims // 2 + 1):
            at = turn * n_dims
            width = min(n_dims, len(out) - at)
            np.multiply(twice[:width], twice[turn : turn + width], out=out[at : at + width])


def slice_size(n_components: int, n_features: int, itemsize: int) -> int:
    """Points per slice: as many as fit the cache, fewer where the matrix product then counts as a small
    one.
    """
    fitting = _CACHE_BYTES // (itemsize * (n_components + n_features + 4))
    small = _SMALL_PRODUCT // (n_components * n_features)
    size = min(fitting, small if small >= _SMALL_SLICE else 2 * _SMALL_SLICE, _LARGE_SLICE)
    return max(256, size // 32 * 32) + 16  # never a power of two, whose rows would share cache lines


def sums_of_products(r: Points, rows: Points) -> Float64Array:
    """R Fᵀ of (K, c) and (p, c) in float64, by blocks of features that keep each product a small one.

    BLAS libraries pack the operands of large products, which costs more than the product itself when c is
    long and K p is small; blocks of about a thousand sums avoid it.
    """
    n_components, n_features = len(r), len(rows)
    width = _SMALL_SUMS // n_components
    if width < 4 or width >= n_features:
        return np.asarray(r @ rows.T, dtype=np.float64)
    out = np.empty((n_components, n_features), dtype=np.float64)
    for at in range(0, n_features, width):
        out[:, at : at + width] = r @ rows[at : at + width].T
    return out


def score_matrix(parameters: Parameters, log_weights: Float64Array | None = None) -> Float64Array:
    """W (K, D + Q + 1): row k times the features of z is log w_k N(z | μ_k, Σ_k) (tied: without -zᵀPz/2).

    log_weights (K,) replace the logarithms of the weights.
    """
    means = parameters.means
    n_components, n_dims = means.shape
    factors = precision_cholesky(parameters.covariances, parameters.covariance_type)
    quadratic = np.zeros((n_components, 0), dtype=np.float64)
    if parameters.covariance_type in ("full", "tied"):
        precisions = factors @ factors.swapaxes(-1, -2)
        linear = np.einsum("kde,ke->kd", np.broadcast_to(precisions, (n_components, n_dims, n_dims)), means)
        if parameters.covariance_type == "full":
            rows, columns = quadratic_pairs(n_dims)
            quadratic = np.where(rows == columns, -0.5, -1.0) * precisions[:, rows, columns]
    else:
        precisions = factors[:, None] ** 2 if parameters.covariance_type == "spherical" else factors**2
        linear = precisions * means
        if parameters.covariance_type != "tied_spherical":
            quadratic = -0.5 * precisions
    log_dets = log_determinants(factors, parameters.covariance_type, n_dims)
    constant = -0.5 * (n_dims * LOG_2PI + log_dets + np.einsum("kd,kd->k", linear, means))
    if log_weights is None:  # a weight of 0 gets the smallest finite logarithm, to avoid NaN
        log_weights = np.log(np.maximum(parameters.weights, np.finfo(np.float64).tiny))
    constant = constant + log_weights
    return np.concatenate([linear, quadratic, constant[:, None]], axis=1)


def component_scores(
    x: Points, parameters: Parameters, standardizer: Standardizer, log_weights: Float64Array | None = None
) -> Iterator[tuple[slice, Float64Array]]:
    """Slices of x with log w_k N(x | μ_k, Σ_k), (K, c) in float64; the next slice overwrites the buffer."""
    return local_scores(x, standardize(parameters, standardizer), standardizer, log_weights)


def local_scores(
    x: Points, local: Parameters, standardizer: Standardizer, log_weights: Float64Array | None = None
) -> Iterator[tuple[slice, Float64Array]]:
    """`component_scores` of a mixture that is already in standardised coordinates."""
    matrix = score_matrix(local, log_weights)
    matrix[:, -1] += standardizer.log_det
    size = min(slice_size(matrix.shape[0], matrix.shape[1], 8), len(x))
    features = QuadraticDesign(standardizer, local.covariance_type, size, np.dtype(np.float64))
    scores = np.empty((len(matrix), size), dtype=np.float64)
    tied = local.covariance_type in TIED
    factor = precision_cholesky(local.covariances, local.covariance_type) if tied else None
    for part in slices(len(x), size):
        rows = features.of(x[part])
        out = np.matmul(matrix, rows, out=scores[:, : rows.shape[1]])
        if factor is not None:
            z = rows[: len(standardizer.shift)]
            scaled = factor.T @ z if factor.ndim else factor * z
            out -= 0.5 * np.einsum("dc,dc->c", scaled, scaled)
        yield part, out
