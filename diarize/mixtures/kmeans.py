"""k-means: the hard, isotropic limit of a spherical mixture (Bishop 2006, section 9.3.2), and seeds for fits.

Seeds follow k-means++ (Arthur & Vassilvitskii 2007); the descent is Lloyd's (1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import Float64Array, IntArray, Points, as_points, as_weights, slices

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["KMeans", "assign_nearest", "fit_kmeans", "kmeans_plusplus", "run_lloyd"]

_BATCH_SIZE = 1 << 12
DEFAULT_MAX_ITER: Final = 100


@dataclass(frozen=True, slots=True)
class KMeans:
    """Clusters and the trace of the fit.

    Parameters
    ----------
    cluster_centers_ : (K, D)
    labels_ : (n,), the nearest centre of every point that was fitted
    inertias_ : (n_iter_ + 1,), weighted sum of squared distances after each step, which never rises

    Raises
    ------
    ModelError
        By ``predict``, for points that are not finite or have another number of dimensions.

    """

    cluster_centers_: Float64Array
    labels_: IntArray
    inertias_: tuple[float, ...]

    @property
    def inertia_(self) -> float:
        """Weighted sum of the squared distances of the points from their centres."""
        return self.inertias_[-1]

    @property
    def n_iter_(self) -> int:
        """Steps of the descent."""
        return len(self.inertias_) - 1

    @on_one_thread
    def predict(self, x: ArrayLike) -> IntArray:
        """The nearest centre of every point.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), from 0 to K - 1; the first of equals.

        """
        points = as_points(x, self.cluster_centers_.shape[1])
        return assign_nearest(points, self.cluster_centers_)[0]


@on_one_thread
def fit_kmeans(
    x: ArrayLike,
    n_clusters: int,
    *,
    init: str | ArrayLike = "k-means++",
    max_iter: int = DEFAULT_MAX_ITER,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
) -> KMeans:
    """Clusters of points by Lloyd's descent, from one start, until no label changes.

    A centre that loses all its points moves to the point that is farthest from its own centre.

    Parameters
    ----------
    x : (n, D), finite
    n_clusters : K, from 1 to the number of distinct points
    init : 'k-means++', or centres (K, D)
    max_iter : stop after as many steps
    random_state : the same number gives the same clusters
    sample_weight : (n,), how often each point counts; once unless given

    Returns
    -------
    The clusters, with their centres and the label of every point.

    Raises
    ------
    ModelError
        For points that are not finite (n, D), another start, and fewer distinct points than clusters.

    References
    ----------
    Lloyd 1982, "Least squares quantization in PCM"; Arthur & Vassilvitskii 2007, "k-means++".

    """
    points = as_points(x)
    mass = as_weights(sample_weight, len(points))
    if isinstance(init, str):
        if init != "k-means++" or n_clusters < 1:
            raise ModelError(
                f"init is {init!r} and n_clusters {n_clusters}; allowed are 'k-means++' or "
                "centres, and at least 1"
            )
        seeds = kmeans_plusplus(points, n_clusters, np.random.default_rng(random_state), mass)
        return run_lloyd(points, points[seeds], mass, max_iter)
    centres = as_points(init, points.shape[1])
    if len(centres) != n_clusters:
        raise ModelError(
            f"init has {len(centres)} centres; n_clusters is {n_clusters}; pass one for each cluster"
        )
    return run_lloyd(points, centres, mass, max_iter)


def run_lloyd(
    x: Points, centres: Points, mass: Float64Array | None = None, max_iter: int = DEFAULT_MAX_ITER
) -> KMeans:
    """Lloyd's descent of checked points from given centres (K, D)."""
    labels, distances = assign_nearest(x, centres)
    mass = np.ones(len(x), dtype=np.float64) if mass is None else mass
    inertias = [float(mass @ distances)]
    for _ in range(max_iter):
        centres = _means(x, labels, distances, mass, centres)
        moved, distances = assign_nearest(x, centres)
        inertias.append(float(mass @ distances))
        if np.array_equal(moved, labels):
            break
        labels = moved
    return KMeans(np.asarray(centres, dtype=np.float64), labels, tuple(inertias))


def assign_nearest(x: Points, centres: Points) -> tuple[IntArray, Float64Array]:
    """The nearest centre of every point (n,) and the squared distance to it (n,)."""
    labels = np.empty(len(x), dtype=np.int64)
    distances = np.empty(len(x), dtype=np.float64)
    middle = centres.mean(axis=0)
    local = centres - middle
    half_norms = 0.5 * np.einsum("kd,kd->k", local, local)
    for part in slices(len(x), _BATCH_SIZE):
        block = x[part] - middle
        labels[part] = np.argmin(half_norms - block @ local.T, axis=1)
        away = block - local[labels[part]]
        distances[part] = np.einsum("nd,nd->n", away, away)
    return labels, distances


def kmeans_plusplus(
    x: Points, n_clusters: int, rng: np.random.Generator, mass: Float64Array | None = None
) -> IntArray:
    """Indices (K,) of k-means++ seeds, drawn one by one in proportion to weight times squared distance.

    Raises ModelError where there are fewer distinct points than clusters.
    """
    mass = np.ones(len(x), dtype=np.float64) if mass is None else mass
    chosen = [_draw_index(mass, rng)]
    distances = _squared_distances(x, chosen[0])
    for _ in range(1, n_clusters):
        gains = mass * distances
        if not gains.any():
            raise ModelError(
                f"x has only {len(chosen)} distinct points; allowed are at most as many components; "
                f"ask for {len(chosen)} or fewer"
            )
        chosen.append(_draw_index(gains, rng))
        np.minimum(distances, _squared_distances(x, chosen[-1]), out=distances)
    return np.array(chosen, dtype=np.int64)


def _squared_distances(x: Points, index: int) -> Float64Array:
    away = np.subtract(x, x[index], dtype=np.float64)
    return np.asarray(np.einsum("nd,nd->n", away, away), dtype=np.float64)


def _draw_index(mass: Float64Array, rng: np.random.Generator) -> int:
    edges = np.cumsum(mass)
    found = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return min(found, int(np.flatnonzero(mass)[-1]))  # rounding must not choose a point of weight 0


def _means(
    x: Points, labels: IntArray, distances: Float64Array, mass: Float64Array, centres: Points
) -> Float64Array:
    counts = np.bincount(labels, weights=mass, minlength=len(centres))
    sums = np.stack(
        [np.bincount(labels, weights=mass * column, minlength=len(centres)) for column in x.T], axis=1
    ).astype(np.float64)
    empty = np.flatnonzero(counts == 0.0)
    sums[empty] = x[np.argsort(-distances * mass, kind="stable")[: len(empty)]]
    counts[empty] = 1.0
    return np.asarray(sums / counts[:, None], dtype=np.float64)
