"""Starts: from the name of a start to the responsibilities or parameters with which EM begins, in chart
coordinates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import Target, m_step, tally
from diarize.mixtures.gaussian import Parameters, covariance_shape
from diarize.mixtures.kmeans import fit_kmeans, nearest, seed_points

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["STARTS", "Start", "parameters_from_means", "start_parameters", "start_responsibilities"]

STARTS = ("k-means++", "k-means", "random points", "random responsibilities")


class Start(NamedTuple):
    """What a fresh fit is asked for."""

    init: str
    n_components: int
    covariance: str
    n_init: int
    seed: int


def start_parameters(target: Target, start: Start, floor: float, rng: np.random.Generator) -> Parameters:
    """The mixture that a named start gives; the same generator state gives the same mixture.

    Raises ModelError for an unknown name or fewer distinct points than components.
    """
    statistics = tally(target, start_responsibilities(target, start, rng), start.covariance)
    return m_step(statistics, target, start.covariance, floor)[0]


def start_responsibilities(target: Target, start: Start, rng: np.random.Generator) -> Float64Array:
    """The responsibilities (n, K) that a named start gives. Raises as `start_parameters` does."""
    if start.init not in STARTS:
        raise ModelError(
            f"init is {start.init!r}; allowed are {', '.join(STARTS)}, a GMM or means; try 'k-means++'"
        )
    if start.init == "random responsibilities":
        return rng.dirichlet(np.ones(start.n_components, dtype=np.float64), size=len(target.x))
    labels = _start_labels(target, start.init, start.n_components, rng)
    return np.equal(labels[:, None], np.arange(start.n_components)).astype(np.float64)


def _start_labels(target: Target, init: str, n_components: int, rng: np.random.Generator) -> IntArray:
    # distances are measured with every dimension at unit variance, whatever the kind of covariance
    scaled = _scaled(target.x)
    if init == "random points":
        seeds = _distinct_points(scaled, n_components, rng, target.weights)
    else:
        seeds = seed_points(scaled, n_components, rng, target.weights)
    centres = scaled[seeds]
    if init == "k-means":
        return fit_kmeans(scaled, centres, target.weights).labels
    return nearest(scaled, centres)[0]


def _scaled(x: Points) -> Float64Array:
    centred = x - x.mean(axis=0, dtype=np.float64)
    deviations = np.sqrt(np.mean(centred**2, axis=0))
    return np.asarray(centred / np.where(deviations > 0.0, deviations, 1.0), dtype=np.float64)


def _distinct_points(
    x: Points, n_components: int, rng: np.random.Generator, weights: Float64Array | None
) -> IntArray:
    order = rng.permutation(len(x) if weights is None else np.flatnonzero(weights))
    _, first = np.unique(x[order], axis=0, return_index=True)
    if len(first) < n_components:
        raise ModelError(
            f"x has only {len(first)} distinct points; allowed are at most as many components; "
            f"ask for {len(first)} or fewer"
        )
    return np.asarray(order[np.sort(first)[:n_components]], dtype=np.int64)


def parameters_from_means(means: Float64Array, covariance: str) -> Parameters:
    """Equal weights at given means (K, D) in chart coordinates, each as wide as the data."""
    n_components, n_dims = means.shape
    shape = covariance_shape(covariance, n_components, n_dims)
    wide = np.eye(n_dims, dtype=np.float64) if covariance in ("full", "tied") else np.float64(1.0)
    weights = np.full(n_components, 1.0 / n_components, dtype=np.float64)
    return Parameters(weights, means, np.array(np.broadcast_to(wide, shape)), covariance)
