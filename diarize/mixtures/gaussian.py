"""Gaussian components: five covariances, their Cholesky factors, log densities and parameter counts.

A component k has log density -(D log 2π + log|Σ_k| + |U_kᵀ(x - μ_k)|²) / 2 with Σ_k⁻¹ = U_k U_kᵀ (Bishop
2006, equation 2.43). The shape of the covariances names their kind: full (K, D, D), tied (D, D), diag (K,
D), spherical (K,), tied_spherical ().
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.errors import ModelError

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = [
    "COVARIANCE_TYPES",
    "ISOTROPIC",
    "LOG_2PI",
    "TIED",
    "Parameters",
    "cast_covariances",
    "check_covariance_type",
    "covariance_shape",
    "draw_points",
    "full_covariances",
    "log_densities",
    "log_determinants",
    "n_parameters",
    "precision_cholesky",
    "quadratic_pairs",
    "symmetric_matrices",
    "total_moments",
]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical", "tied_spherical")
TIED = ("tied", "tied_spherical")
ISOTROPIC = ("spherical", "tied_spherical")
LOG_2PI = float(np.log(2.0 * np.pi))


class Parameters(NamedTuple):
    """Parameters of a mixture: weights (K,), means (K, D), covariances in the shape of their kind, and the
    kind.
    """

    weights: Float64Array
    means: Float64Array
    covariances: Float64Array
    covariance_type: str


def check_covariance_type(covariance_type: str) -> str:
    """The same name, or a ModelError that lists the five."""
    if covariance_type not in COVARIANCE_TYPES:
        raise ModelError(
            f"covariance is {covariance_type!r}; allowed are {', '.join(COVARIANCE_TYPES)}; try 'diag'"
        )
    return covariance_type


def covariance_shape(covariance_type: str, n_components: int, n_dims: int) -> tuple[int, ...]:
    """The shape that holds the covariances of K components in D dimensions."""
    shapes: dict[str, tuple[int, ...]] = {
        "full": (n_components, n_dims, n_dims),
        "tied": (n_dims, n_dims),
        "diag": (n_components, n_dims),
        "spherical": (n_components,),
        "tied_spherical": (),
    }
    return shapes[covariance_type]


def n_parameters(covariance_type: str, n_components: int, n_dims: int) -> int:
    """Number of free parameters of a mixture: K − 1 weights, K D means, and the covariances.

    Parameters
    ----------
    covariance_type : 'full', 'tied', 'diag', 'spherical' or 'tied_spherical'
    n_components : K
    n_dims : D

    Returns
    -------
    Their number.

    """
    symmetric = n_dims * (n_dims + 1) // 2
    of_covariances = {
        "full": n_components * symmetric,
        "tied": symmetric,
        "diag": n_components * n_dims,
        "spherical": n_components,
        "tied_spherical": 1,
    }
    return n_components - 1 + n_components * n_dims + of_covariances[covariance_type]


def precision_cholesky(covariances: Float64Array, covariance_type: str) -> Float64Array:
    """U with Σ⁻¹ = U Uᵀ: upper triangular for full and tied, 1/σ for diag and spherical; the shape is kept.

    Raises ModelError naming the first component whose covariance is not positive definite.
    """
    if covariance_type not in ("full", "tied"):
        _require_positive(np.atleast_1d(covariances))
        return 1.0 / np.sqrt(covariances)
    lower = _cholesky(covariances)
    identity = np.broadcast_to(np.eye(lower.shape[-1], dtype=np.float64), lower.shape)
    return np.asarray(np.triu(np.linalg.solve(lower, identity).swapaxes(-1, -2)), dtype=np.float64)


def _require_positive(variances: Float64Array) -> None:
    bad = ~(np.isfinite(variances) & (variances > 0.0))
    if bad.any():
        raise _singular(int(np.argwhere(bad)[0, 0]))


def _cholesky(covariances: Float64Array) -> Float64Array:
    try:
        return np.asarray(np.linalg.cholesky(covariances), dtype=np.float64)
    except np.linalg.LinAlgError:
        stack = covariances.reshape(-1, *covariances.shape[-2:])
        smallest = [float(np.linalg.eigvalsh(matrix)[0]) for matrix in stack]
        raise _singular(int(np.argmin(smallest))) from None


def _singular(component: int) -> ModelError:
    return ModelError(
        f"the covariance of component {component} is not positive definite; every variance must exceed zero; "
        "raise reg_covar, take fewer components, or use 'diag' or 'spherical'"
    )


def quadratic_pairs(n_dims: int) -> tuple[IntArray, IntArray]:
    """The order of the D (D + 1) / 2 products z_i z_j: by distance j - i around the circle of dimensions."""
    order = np.arange(n_dims * (n_dims + 1) // 2, dtype=np.int64)
    rows = order % n_dims
    return rows, (rows + order // n_dims) % n_dims


def symmetric_matrices(products: Float64Array, n_dims: int) -> Float64Array:
    """Symmetric (K, D, D) from their entries (K, D (D + 1) / 2) in the order of `quadratic_pairs`."""
    rows, columns = quadratic_pairs(n_dims)
    matrices = np.empty((len(products), n_dims, n_dims), dtype=np.float64)
    matrices[:, rows, columns] = products
    matrices[:, columns, rows] = products
    return matrices


def log_determinants(factors: Float64Array, covariance_type: str, n_dims: int) -> Float64Array:
    """log|Σ| from precision Cholesky factors: (K,), or one value (1,) for tied."""
    if covariance_type in ("full", "tied"):
        diagonal = np.diagonal(factors, axis1=-2, axis2=-1)
        return np.atleast_1d(-2.0 * np.log(diagonal).sum(axis=-1))
    if covariance_type == "diag":
        return np.asarray(-2.0 * np.log(factors).sum(axis=1), dtype=np.float64)
    return np.atleast_1d(-2.0 * n_dims * np.log(factors))


def log_densities(
    x: Points, means: Float64Array, covariances: Float64Array, covariance_type: str
) -> Float64Array:
    """Log density of every point under every component.

    One component at a time from differences, which is the simplest and most accurate form.

    Parameters
    ----------
    x : (n, D)
    means : (K, D)
    covariances : (K, D, D), (D, D), (K, D), (K,) or a single number, by ``covariance_type``
    covariance_type : 'full', 'tied', 'diag', 'spherical' or 'tied_spherical'

    Returns
    -------
    log N(x_n | μ_k, Σ_k) in nats, float64 (n, K).

    Raises
    ------
    ModelError
        For covariances that are not positive definite.

    """
    n_components, n_dims = means.shape
    factors = precision_cholesky(covariances, covariance_type)
    offsets = np.broadcast_to(
        n_dims * LOG_2PI + log_determinants(factors, covariance_type, n_dims), (n_components,)
    )
    out = np.empty((len(x), n_components), dtype=np.float64)
    for k in range(n_components):
        centred = x - means[k]
        factor = factors if covariance_type in TIED else factors[k]
        scaled = centred @ factor if covariance_type in ("full", "tied") else centred * factor
        out[:, k] = -0.5 * (np.einsum("nd,nd->n", scaled, scaled) + offsets[k])
    return out


def full_covariances(
    covariances: Float64Array, covariance_type: str, n_components: int, n_dims: int
) -> Float64Array:
    """The same covariances written out as (K, D, D)."""
    identity = np.eye(n_dims, dtype=np.float64)
    if covariance_type == "full":
        return covariances
    if covariance_type == "tied":
        return np.repeat(covariances[None], n_components, axis=0)
    if covariance_type == "tied_spherical":
        return np.repeat((covariances * identity)[None], n_components, axis=0)
    if covariance_type == "diag":
        return covariances[:, :, None] * identity
    return covariances[:, None, None] * identity


def cast_covariances(parameters: Parameters, covariance_type: str) -> Float64Array:
    """The covariances as another kind: averaged by weight for tied, off-diagonals dropped for diag and
    spherical.
    """
    if covariance_type == parameters.covariance_type:
        return parameters.covariances
    n_components, n_dims = parameters.means.shape
    full = full_covariances(parameters.covariances, parameters.covariance_type, n_components, n_dims)
    if covariance_type == "full":
        return np.array(full)
    if covariance_type == "tied":
        return np.asarray(np.tensordot(parameters.weights, full, axes=1), dtype=np.float64)
    diagonal = np.diagonal(full, axis1=1, axis2=2)
    if covariance_type == "tied_spherical":
        return np.asarray(parameters.weights @ diagonal.mean(axis=1), dtype=np.float64)
    return np.array(diagonal) if covariance_type == "diag" else diagonal.mean(axis=1)


def total_moments(parameters: Parameters) -> tuple[Float64Array, Float64Array]:
    """Mean (D,) and covariance (D, D) of the mixture as a whole: the law of total variance."""
    mean = parameters.weights @ parameters.means
    spread = parameters.means - mean
    within = cast_covariances(parameters, "tied")
    return mean, np.asarray(within + (parameters.weights * spread.T) @ spread, dtype=np.float64)


def draw_points(parameters: Parameters, labels: IntArray, noise: Float64Array) -> Float64Array:
    """Points (n, D) made from standard normal `noise` (n, D) by the component that `labels` (n,) names."""
    n_components, n_dims = parameters.means.shape
    full = full_covariances(parameters.covariances, parameters.covariance_type, n_components, n_dims)
    lower = _cholesky(full)
    out = np.empty_like(noise)
    for k in range(n_components):
        mine = labels == k
        out[mine] = parameters.means[k] + noise[mine] @ lower[k].T
    return out
