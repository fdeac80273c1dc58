"""PCA, for fewer dimensions before fitting full covariances (Bishop 2006, section 12.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.standardize import moments
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights, freeze

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array

__all__ = ["PCA", "fit_pca"]

_ARRAYS: Final = ("mean_", "components_", "explained_variance_")


@dataclass(frozen=True, slots=True)
class PCA:
    """A projection y = (x - mean_) components_ᵀ, divided by deviations when whitening.

    Parameters
    ----------
    mean_ : (D,)
    components_ : (P, D), orthonormal rows, widest first, each with its largest entry positive
    explained_variance_ : (P,), along the components
    total_variance : of all D dimensions
    whiten : whether every component is scaled to unit variance

    Raises
    ------
    ModelError
        When shapes disagree. Methods raise it for points that are not finite or have another number of
        dimensions.

    """

    mean_: Float64Array
    components_: Float64Array
    explained_variance_: Float64Array
    total_variance: float
    whiten: bool = False

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, freeze(getattr(self, name)))
        axes, mean = self.components_, self.mean_
        if axes.ndim != 2 or axes.shape[1:] != mean.shape or len(axes) != len(self.explained_variance_):
            raise ModelError(f"components_ have shape {axes.shape}; mean_ has {mean.shape}; they must agree")

    @property
    def n_components_(self) -> int:
        """P."""
        return len(self.components_)

    @property
    def explained_variance_ratio_(self) -> Float64Array:
        """Share of the total variance along each component: (P,)."""
        return self.explained_variance_ / self.total_variance

    def transform(self, x: ArrayLike) -> Float64Array:
        """Project points onto the components: (x - mean_) components_ᵀ, divided by deviations when whitening.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n, P).

        """
        points = as_points(x, len(self.mean_))
        return np.asarray((points - self.mean_) @ self.components_.T / self._scales, dtype=np.float64)

    def inverse_transform(self, y: ArrayLike) -> Float64Array:
        """Map coordinates back, to points in the span of the components.

        Parameters
        ----------
        y : (n, P), finite

        Returns
        -------
        (n, D), in the units of the points that were fitted.

        """
        points = as_points(y, self.n_components_)
        return np.asarray((points * self._scales) @ self.components_ + self.mean_, dtype=np.float64)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the projection as npz without pickle.

        Raises
        ------
        ModelError
            When the file cannot be written.

        """
        from diarize.mixtures.npz import save_arrays

        arrays = {name.rstrip("_"): getattr(self, name) for name in _ARRAYS}
        total = np.array([self.total_variance], dtype=np.float64)
        save_arrays(path, "pca-whiten" if self.whiten else "pca", {**arrays, "total": total})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> PCA:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            For any other file, before memory is allocated for large arrays.

        """
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, [*(name.rstrip("_") for name in _ARRAYS), "total"])
        total = arrays.pop("total")
        if kind not in ("pca", "pca-whiten") or total.shape != (1,):
            raise ModelError(f"{path} holds a {kind}; allowed is a pca; load it with the class that saved it")
        fields = {f"{name}_": array for name, array in arrays.items()}
        return cls(**fields, total_variance=float(total[0]), whiten=kind == "pca-whiten")

    @property
    def _scales(self) -> Float64Array | float:
        return np.sqrt(self.explained_variance_) if self.whiten else 1.0


@on_one_thread
def fit_pca(
    x: ArrayLike, n_components: int | float, *, whiten: bool = False, sample_weight: ArrayLike | None = None
) -> PCA:
    """Principal components of points.

    Parameters
    ----------
    x : (n, D), finite
    n_components : an int from 1 to min(n - 1, D), or a float between 0 and 1: the fewest components that
        explain this share of the variance
    whiten : scale every component to unit variance
    sample_weight : (n,), how often each point counts; once unless given

    Returns
    -------
    The projection, components by variance, largest first.

    Raises
    ------
    ModelError
        For numbers out of range, data that do not vary, and whitening along components without variance.

    References
    ----------
    Bishop 2006, "Pattern Recognition and Machine Learning", section 12.1.

    """
    points = as_points(x)
    mass = as_weights(sample_weight, len(points))
    mean, cov = moments(points, mass)
    n = float(len(points)) if mass is None else float(mass.sum())
    values, vectors = np.linalg.eigh(cov * (n / (n - 1.0) if n > 1.0 else 1.0))
    values, axes = np.maximum(values[::-1], 0.0), vectors[:, ::-1].T
    total = float(values.sum())
    if total <= 0.0:
        raise ModelError("x does not vary at all; allowed is data with some variance; pass other points")
    kept = _count(n_components, values / total, len(points))
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    axes = axes[:kept] * signs[:kept, None]
    if whiten and values[kept - 1] <= values[0] * len(values) * np.finfo(np.float64).eps:
        raise ModelError(
            f"component {kept - 1} has no variance to scale to one; take fewer than {kept} components"
        )
    return PCA(mean, axes, values[:kept], total, whiten)


def _count(n_components: int | float, shares: Float64Array, n_points: int) -> int:
    most = min(n_points - 1, len(shares))
    if isinstance(n_components, float) and 0.0 < n_components < 1.0:
        return min(int(np.searchsorted(np.cumsum(shares), n_components)) + 1, most)
    if isinstance(n_components, float | bool) or not 1 <= n_components <= most:
        raise ModelError(
            f"n_components is {n_components}; allowed are 1 to {most}, or a share "
            "of the variance between 0 and 1"
        )
    return n_components
