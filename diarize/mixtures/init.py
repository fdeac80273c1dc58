"""Starting points of EM by name: responsibilities or parameters in standardised coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import FitData, gather_statistics, m_step
from diarize.mixtures.gaussian import Parameters, covariance_shape
from diarize.mixtures.kmeans import assign_nearest, kmeans_plusplus, run_lloyd

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = [
    "INIT_PARAMS",
    "InitSettings",
    "initial_parameters",
    "initial_responsibilities",
    "parameters_from_means",
]

INIT_PARAMS = ("k-means++", "kmeans", "random_from_data", "random")


class InitSettings(NamedTuple):
    """Settings of a fit without a given start."""

    init_params: str
    n_components: int
    covariance_type: str
    n_init: int
    random_state: int


def initial_parameters(
    data: FitData, start: InitSettings, reg_covar: float, rng: np.random.Generator
) -> Parameters:
    """The mixture that a named start gives; the same generator state gives the same mixture.

    Raises ModelError for an unknown name or fewer distinct points than components.
    """
    statistics = gather_statistics(data, initial_responsibilities(data, start, rng), start.covariance_type)
    return m_step(statistics, data, start.covariance_type, reg_covar)[0]


def initial_responsibilities(data: FitData, start: InitSettings, rng: np.random.Generator) -> Float64Array:
    """The responsibilities (n, K) that a named start gives. Raises as `initial_parameters` does."""
    if start.init_params not in INIT_PARAMS:
        raise ModelError(
            f"init_params is {start.init_params!r}; allowed are {', '.join(INIT_PARAMS)}, "
            "a GMM or means; try 'k-means++'"
        )
    if start.init_params == "random":
        return rng.dirichlet(np.ones(start.n_components, dtype=np.float64), size=len(data.x))
    labels = _start_labels(data, start.init_params, start.n_components, rng)
    return np.equal(labels[:, None], np.arange(start.n_components)).astype(np.float64)


def _start_labels(data: FitData, init: str, n_components: int, rng: np.random.Generator) -> IntArray:
    # distances are measured with every dimension at unit variance, whatever the kind of covariance
    scaled = _scale_points(data.x)
    if init == "random_from_data":
        seeds = _distinct_points(scaled, n_components, rng, data.weights)
    else:
        seeds = kmeans_plusplus(scaled, n_components, rng, data.weights)
    centres = scaled[seeds]
    if init == "kmeans":
        return run_lloyd(scaled, centres, data.weights).labels_
    return assign_nearest(scaled, centres)[0]


def _scale_points(x: Points) -> Float64Array:
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


def parameters_from_means(means: Float64Array, covariance_type: str) -> Parameters:
    """Equal weights at means (K, D) in standardised coordinates, each with the covariance of the data."""
    n_components, n_dims = means.shape
    shape = covariance_shape(covariance_type, n_components, n_dims)
    wide = np.eye(n_dims, dtype=np.float64) if covariance_type in ("full", "tied") else np.float64(1.0)
    weights = np.full(n_components, 1.0 / n_components, dtype=np.float64)
    return Parameters(weights, means, np.array(np.broadcast_to(wide, shape)), covariance_type)
