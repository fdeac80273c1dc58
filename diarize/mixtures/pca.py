"""PCA: fewer dimensions before full covariances, with what is kept and what is lost (Bishop 2006,
section 12.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.standardize import moments
from diarize.mixtures.validation import as_points, as_weights, frozen

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array

__all__ = ["PCA", "fit_pca"]


@dataclass(frozen=True, slots=True)
class PCA:
    """A projection y = (x - mean) axesᵀ, divided by `scales`.

    mean (D,); axes (P, D), orthonormal rows, widest first, each with its largest entry positive; variances
    (P,) along them; total_variance of all D dimensions; scales (P,): ones, or the deviations when
    whitening.
    """

    mean: Float64Array
    axes: Float64Array
    variances: Float64Array
    total_variance: float
    scales: Float64Array

    def __post_init__(self) -> None:
        for name in ("mean", "axes", "variances", "scales"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        if (
            self.axes.ndim != 2
            or self.axes.shape[1:] != self.mean.shape
            or len(self.axes) != len(self.variances)
        ):
            raise ModelError(
                f"axes have shape {self.axes.shape}; the mean has {self.mean.shape}; they must agree"
            )

    @property
    def explained(self) -> Float64Array:
        """Share of the total variance along each axis: (P,)."""
        return self.variances / self.total_variance

    def project(self, x: ArrayLike) -> Float64Array:
        """Points (n, D) in the reduced coordinates (n, P)."""
        points = as_points(x, len(self.mean))
        return np.asarray((points - self.mean) @ self.axes.T / self.scales, dtype=np.float64)

    def restore(self, y: ArrayLike) -> Float64Array:
        """The points (n, D) nearest to what was projected to y (n, P)."""
        points = as_points(y, len(self.axes))
        return np.asarray((points * self.scales) @ self.axes + self.mean, dtype=np.float64)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the projection as npz without pickle."""
        from diarize.mixtures.npz import save_arrays

        total = np.array([self.total_variance], dtype=np.float64)
        arrays = {name: getattr(self, name) for name in ("mean", "axes", "variances", "scales")}
        save_arrays(path, "pca", {**arrays, "total": total})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> PCA:
        """Read what `save` wrote. Raises ModelError for anything else."""
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, ("mean", "axes", "variances", "scales", "total"))
        if kind != "pca" or arrays["total"].shape != (1,):
            raise ModelError(f"{path} holds a {kind}; allowed is a pca; load it with the class that saved it")
        return cls(
            arrays["mean"], arrays["axes"], arrays["variances"], float(arrays["total"][0]), arrays["scales"]
        )


def fit_pca(
    x: ArrayLike, n_dims: int | float, *, weights: ArrayLike | None = None, whiten: bool = False
) -> PCA:
    """Principal axes of x (n, D): a number of them, or the fewest that explain a share of the variance.

    n_dims: an int from 1 to min(n - 1, D), or a float between 0 and 1. whiten scales every axis to unit
    variance. Raises ModelError for numbers out of range, data that do not vary, and whitening along axes
    without variance.
    """
    points = as_points(x)
    mass = as_weights(weights, len(points))
    mean, cov = moments(points, mass)
    values, vectors = np.linalg.eigh(cov)
    values, axes = np.maximum(values[::-1], 0.0), vectors[:, ::-1].T
    total = float(values.sum())
    if total <= 0.0:
        raise ModelError("x does not vary at all; allowed is data with some variance; pass other points")
    kept = _count(n_dims, values / total, len(points))
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    axes = axes[:kept] * signs[:kept, None]
    if whiten and values[kept - 1] <= values[0] * len(values) * np.finfo(np.float64).eps:
        raise ModelError(
            f"axis {kept - 1} has no variance to scale to one; take fewer than {kept} dimensions"
        )
    scales = np.sqrt(values[:kept]) if whiten else np.ones(kept, dtype=np.float64)
    return PCA(mean, axes, values[:kept], total, scales)


def _count(n_dims: int | float, shares: Float64Array, n_points: int) -> int:
    most = min(n_points - 1, len(shares))
    if isinstance(n_dims, float) and 0.0 < n_dims < 1.0:
        return min(int(np.searchsorted(np.cumsum(shares), n_dims)) + 1, most)
    if isinstance(n_dims, float | bool) or not 1 <= n_dims <= most:
        raise ModelError(
            f"n_dims is {n_dims}; allowed are 1 to {most}, or a share of the variance between 0 and 1"
        )
    return n_dims
