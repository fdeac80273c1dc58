"""One Gaussian per speaker, the number of speakers by BIC: the textbook method.

Windows of an embedding overlap, so the sample size of BIC is the number of windows that would fill the speech
without overlap. Log likelihood and penalty both use it. The search starts with many components, from k-means
on directions. The two nearest components are merged repeatedly, with some steps of EM in between, and each
number of speakers on this path is a candidate.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.count import Clustering, choose_count
from diarize.clustering.initialization import initialize_by_kmeans, initialize_clusters
from diarize.mixtures import GMM, effective_sample_size, fit_gmm, merge_components, select_gmm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["cluster_by_bic", "compute_bic"]

MAX_ITER: Final = 20
"""Of EM after the start and after each merge, at most."""
TOLERANCE: Final = 1e-3
"""Nats a window that a step of EM gains at least, or it is the last."""
MIN_VARIANCE_SHARE: Final = 0.01
"""Of a component, as a share of the variance of all windows: that of one window must not vanish."""

CONSTANT_DEVIATION: Final = 1e-9
"""Deviation of windows that are all the same, as of a tone, as a share of their size."""


def cluster_by_bic(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """A Gaussian mixture over the points, the number of its components by BIC.

    For windows with a two-covariance model, only numbers whose speakers are all distinct are allowed.

    Parameters
    ----------
    points : the windows or frames, (n, d)
    config : least and greatest number of speakers, number of starts, ``covariance``
    seed : of k-means, which starts the search

    Returns
    -------
    The clustering; its criterion is half the BIC, nats.

    References
    ----------
    Schwarz 1978, "Estimating the dimension of a model"; Ward 1963, "Hierarchical grouping to optimize an
    objective function" (which components are merged).

    """
    if points.between is None:
        return _by_frames(points, config, seed)
    path = _best_of_starts(points, config, seed)
    solutions = {k: gmm.predict_proba(points.values) for k, gmm in path.items()}
    if config.min_speakers not in path:  # the path has every number down to one
        solutions[config.min_speakers] = initialize_by_kmeans(points.values, config.min_speakers, seed)
        path[config.min_speakers] = _gmm_of(points, solutions[config.min_speakers])
    n_samples = independent_windows(points)
    values = {k: gmm.bic(points.values, points.weights, n_samples) / 2 for k, gmm in path.items()}
    return choose_count("BIC", solutions, values, config, partial(are_all_distinct, points))


def compute_bic(points: SpeakerPoints, responsibilities: Array) -> float:
    """Half the BIC of a given solution, with one spherical variance for all speakers.

    Parameters
    ----------
    points : the windows, (n, d)
    responsibilities : (n, K)

    Returns
    -------
    Nats; smaller is better.

    References
    ----------
    Schwarz 1978, "Estimating the dimension of a model".

    """
    gmm = _gmm_of(points, responsibilities)
    return gmm.bic(points.values, points.weights, independent_windows(points)) / 2


def independent_windows(points: SpeakerPoints) -> float:
    """How many full windows the speech under the windows would fill without overlap, 2 or more."""
    starts, ends = points.bounds.T
    covered = np.zeros(points.grid.n_frames + 1, dtype=np.int64)
    np.add.at(covered, starts, 1)
    np.add.at(covered, ends, -1)
    full = float(((ends - starts) / _weights(points)).min())
    return max(2.0, int((np.cumsum(covered) > 0).sum()) / full)


def _best_of_starts(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> dict[int, GMM]:
    """The most likely mixture for every number of components on the paths of all starts."""
    if (points.values.std(axis=0) <= CONSTANT_DEVIATION * np.abs(points.values).max()).all():
        return {}
    best: dict[int, tuple[float, GMM]] = {}
    for start in range(config.n_starts):
        shares = initialize_clusters(points.values, config.max_speakers, seed + start)
        for gmm in _merge_path(points, shares, config.covariance):
            found = gmm.score(points.values, points.weights), gmm
            best[gmm.n_components] = max(best.get(gmm.n_components, found), found, key=lambda each: each[0])
    return {k: gmm for k, (_, gmm) in best.items()}


def _merge_path(points: SpeakerPoints, shares: Array, covariance_type: str) -> Iterator[GMM]:
    """Mixtures from EM started at ``shares`` (n, K), then merged step by step down to one component."""
    gmm = _gmm_of(points, shares[:, shares.sum(axis=0) > 0.5])
    while True:
        gmm, _ = fit_gmm(
            points.values,
            gmm.n_components,
            covariance_type,
            tol=TOLERANCE,
            reg_covar=MIN_VARIANCE_SHARE,
            max_iter=MAX_ITER,
            init_params=gmm,
            sample_weight=points.weights,
        )
        yield gmm
        if gmm.n_components == 1:
            return
        gmm = merge_components(gmm, *_closest(gmm))


def _closest(gmm: GMM) -> tuple[int, int]:
    """The two components whose union adds the least to the squared distances from the means (Ward 1963)."""
    i, j = np.triu_indices(gmm.n_components, 1)
    a, b = gmm.weights_[i], gmm.weights_[j]
    distances = ((gmm.means_[i] - gmm.means_[j]) ** 2).sum(axis=1)
    best = int((a * b / np.maximum(a + b, 1e-300) * distances).argmin())
    return int(i[best]), int(j[best])


def _gmm_of(points: SpeakerPoints, shares: Array) -> GMM:
    """The mixture with one spherical variance for given responsibilities (n, K)."""
    mass = shares * _weights(points)[:, None]
    counts = mass.sum(axis=0) + 1e-12
    means = mass.T @ points.values / counts[:, None]
    squares = float(_weights(points) @ (points.values**2).sum(axis=1))
    middle = counts @ means / counts.sum()
    spread = squares - counts.sum() * float(middle @ middle)
    within = squares - float(counts @ (means**2).sum(axis=1))
    variance = max(within, MIN_VARIANCE_SHARE * spread, 1e-12) / (counts.sum() * means.shape[1])
    return GMM(counts / counts.sum(), means, np.array(variance), "tied_spherical")


def _weights(points: SpeakerPoints) -> Array:
    return np.ones(len(points.values)) if points.weights is None else points.weights


def _by_frames(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Cluster frames. Neighbouring frames are correlated, so BIC uses the number of independent ones."""
    highest = min(config.max_speakers, len(points.values))
    selection = select_gmm(
        points.values,
        range(config.min_speakers, highest + 1),
        config.covariance,
        n_samples=effective_sample_size(points.values),
        random_state=seed,
    )
    candidates = {c.gmm.n_components: c for c in selection.candidates}
    solutions = {k: c.gmm.predict_proba(points.values) for k, c in candidates.items()}
    return choose_count("BIC", solutions, {k: c.bic / 2 for k, c in candidates.items()}, config)
