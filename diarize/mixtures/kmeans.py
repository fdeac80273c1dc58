"""k-means: the hard, isotropic limit of a spherical mixture (Bishop 2006, section 9.3.2), and seeds for fits.

Seeds follow k-means++ (Arthur & Vassilvitskii 2007); the descent is Lloyd's (1982).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.validation import Float64Array, IntArray, Points, slices

__all__ = ["KMeans", "fit_kmeans", "nearest", "seed_points"]

_AT_ONCE = 1 << 12


class KMeans(NamedTuple):
    """Centres (K, D), labels (n,), and the weighted sum of squared distances after each step, which
    never rises.
    """

    centres: Float64Array
    labels: IntArray
    inertias: tuple[float, ...]


def nearest(x: Points, centres: Float64Array) -> tuple[IntArray, Float64Array]:
    """The nearest centre of every point (n,) and the squared distance to it (n,)."""
    labels = np.empty(len(x), dtype=np.int64)
    distances = np.empty(len(x), dtype=np.float64)
    middle = centres.mean(axis=0)
    local = centres - middle
    half_norms = 0.5 * np.einsum("kd,kd->k", local, local)
    for part in slices(len(x), _AT_ONCE):
        block = x[part] - middle
        labels[part] = np.argmin(half_norms - block @ local.T, axis=1)
        away = block - local[labels[part]]
        distances[part] = np.einsum("nd,nd->n", away, away)
    return labels, distances


def seed_points(
    x: Points, n_components: int, rng: np.random.Generator, weights: Float64Array | None = None
) -> IntArray:
    """Indices (K,) of k-means++ seeds: each next one drawn in proportion to weight times squared distance.

    Raises ModelError where there are fewer distinct points than components.
    """
    mass = np.ones(len(x), dtype=np.float64) if weights is None else weights
    chosen = [_drawn(mass, rng)]
    distances = _squared_distances(x, chosen[0])
    for _ in range(1, n_components):
        gains = mass * distances
        if not gains.any():
            raise ModelError(
                f"x has only {len(chosen)} distinct points; allowed are at most as many components; "
                f"ask for {len(chosen)} or fewer"
            )
        chosen.append(_drawn(gains, rng))
        np.minimum(distances, _squared_distances(x, chosen[-1]), out=distances)
    return np.array(chosen, dtype=np.int64)


def _squared_distances(x: Points, index: int) -> Float64Array:
    away = np.subtract(x, x[index], dtype=np.float64)
    return np.asarray(np.einsum("nd,nd->n", away, away), dtype=np.float64)


def _drawn(mass: Float64Array, rng: np.random.Generator) -> int:
    edges = np.cumsum(mass)
    found = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return min(found, int(np.flatnonzero(mass)[-1]))  # rounding must not choose a point without mass


def fit_kmeans(
    x: Points, centres: Float64Array, weights: Float64Array | None = None, max_iter: int = 100
) -> KMeans:
    """Lloyd's descent from given centres (K, D) until no label changes or `max_iter` steps were made.

    A centre that loses all its points moves to the point that is farthest from its own centre.
    """
    labels, distances = nearest(x, centres)
    mass = np.ones(len(x), dtype=np.float64) if weights is None else weights
    inertias = [float(mass @ distances)]
    for _ in range(max_iter):
        centres = _means(x, labels, distances, mass, centres)
        moved, distances = nearest(x, centres)
        inertias.append(float(mass @ distances))
        if np.array_equal(moved, labels):
            break
        labels = moved
    return KMeans(centres, labels, tuple(inertias))


def _means(
    x: Points, labels: IntArray, distances: Float64Array, mass: Float64Array, centres: Float64Array
) -> Float64Array:
    counts = np.bincount(labels, weights=mass, minlength=len(centres))
    sums = np.stack(
        [np.bincount(labels, weights=mass * column, minlength=len(centres)) for column in x.T], axis=1
    ).astype(np.float64)
    empty = np.flatnonzero(counts == 0.0)
    sums[empty] = x[np.argsort(-distances * mass, kind="stable")[: len(empty)]]
    counts[empty] = 1.0
    return np.asarray(sums / counts[:, None], dtype=np.float64)
