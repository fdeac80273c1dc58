"""Speakers as latent points of embeddings under the two-covariance model, number by the evidence of VBx.

The evidence of a window is scaled down, because windows overlap.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.confusable import are_all_distinct
from diarize.clustering.count import Clustering, choose_count
from diarize.clustering.initialization import (
    STAY_AFTER_PAUSE,
    STAY_WITHIN,
    initialize_by_kmeans,
    initialize_clusters,
)
from diarize.clustering.vbx import VBxFit, fit_vbx, merge_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["cluster_by_evidence", "compute_evidence"]

# F_A: windows overlap, so each counts as this share of an independent window. Chosen on the tuning recordings
# of benchmarks/protocol.md; between 1/5 and 1/3 little changes.
ACOUSTIC_SCALE: Final = 0.25


def cluster_by_evidence(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Speakers as latent points, the number of speakers by the evidence.

    Speakers are merged from several starts. Of the numbers whose speakers are distinct, the one with the best
    evidence is chosen.

    Parameters
    ----------
    points : the windows, (n, d), with ``weights`` (n,), the length of each in full windows, and ``between`` ψ
        (d,)
    config : least and greatest number of speakers, number of starts
    seed : of k-means, which starts the search

    Returns
    -------
    The clustering; its criterion is minus the log evidence, nats.

    References
    ----------
    Landini, Profant, Diez & Burget 2022, "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
    diarization".

    """
    chain = _chain(points)
    path: dict[int, VBxFit] = {}
    for start in range(config.n_starts):
        shares = initialize_clusters(points.values, config.max_speakers, seed + start)
        for k, fit in merge_path(*chain, shares).items():
            if k not in path or fit.log_evidence > path[k].log_evidence:
                path[k] = fit

    def fit_fresh(k: int) -> VBxFit:
        return fit_vbx(*chain, initialize_by_kmeans(points.values, k, seed), 4, keep_all=True)

    if not any(config.min_speakers <= k <= config.max_speakers for k in path):
        path[config.min_speakers] = fit_fresh(config.min_speakers)
    found = choose_count("evidence", *_curve(path), config, partial(are_all_distinct, points))
    if not config.whole_curve:
        return found
    missing = {*range(1, min(config.max_speakers, len(points.values)) + 1)} - {*found.counts}
    return found.extend(*_curve({k: fit_fresh(k) for k in sorted(missing)}))


def _curve(path: Mapping[int, VBxFit]) -> tuple[dict[int, Array], dict[int, float]]:
    """Responsibilities and minus the log evidence of every number of speakers."""
    return {k: fit.responsibilities for k, fit in path.items()}, {
        k: -fit.log_evidence for k, fit in path.items()
    }


def _chain(points: SpeakerPoints) -> tuple[Array, Array, Array, Array]:
    """The input of VBx: points, weights, ψ and the probability of keeping the speaker of the point before."""
    if points.weights is None or points.between is None:
        raise TypeError("points without a model of speakers have no evidence; cluster them by Gaussians")
    stay = np.where(points.first, STAY_AFTER_PAUSE, STAY_WITHIN)
    return points.values, points.weights * ACOUSTIC_SCALE, points.between, stay


def compute_evidence(points: SpeakerPoints, responsibilities: Array) -> float:
    """Minus the log evidence of a given solution.

    Parameters
    ----------
    points : the windows, (n, d), with ``weights`` and ``between``
    responsibilities : (n, K)

    Returns
    -------
    Nats; smaller is better.

    """
    return -fit_vbx(*_chain(points), responsibilities, 1, keep_all=True).log_evidence
