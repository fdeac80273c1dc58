"""Clustering: the number of speakers, and the speaker of each window.

Input: SpeakerPoints, one point per window of speech. Output: a Clustering with responsibilities of the
windows for every number of speakers that was tried. It uses ``mixtures``, ``hmm``, the two-covariance model
of ``embedding`` and the foundation; ``pipeline`` imports it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.clustering.count import Clustering, no_speakers
from diarize.clustering.evidence import cluster_by_evidence, compute_evidence
from diarize.clustering.gaussians import cluster_by_bic, compute_bic
from diarize.errors import SpeakerCountError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["Clustering", "cluster_windows", "no_speakers"]


def cluster_windows(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Cluster windows into speakers, and choose the number of speakers.

    Points with a two-covariance model: one Gaussian per speaker and the number by BIC, or latent speaker
    points and the number by the variational bound ("evidence"), as ``config.criterion`` says; the other
    criterion is computed for comparison. Frames without such a model: one Gaussian per speaker, number by
    BIC. A single window, or none, is one speaker.

    Parameters
    ----------
    points : the windows, (n, d)
    config : least and greatest number of speakers, criterion, number of starts
    seed : of k-means, which starts the search; the same seed gives the same result

    Returns
    -------
    Responsibilities (n, K) for every number K tried, the criterion of each in nats, and the chosen number.

    Raises
    ------
    SpeakerCountError
        When there are fewer windows than the least number of speakers.

    References
    ----------
    Schwarz 1978, "Estimating the dimension of a model" (BIC); Landini, Profant, Diez & Burget 2022, "Bayesian
    HMM clustering of x-vector sequences (VBx) in speaker diarization" (evidence).

    """
    n = len(points.values)
    if n < 2 and config.min_speakers == 1:
        return Clustering("too little speech", (1,), (0.0,), 1, (1,), (np.ones((n, 1)),))
    if n < config.min_speakers:
        raise SpeakerCountError(
            f"at least {config.min_speakers} speakers asked for, but there is speech for {n} at most; "
            f"allow fewer, as with --speakers {n} or --min-speakers 1",
            n,
        )
    if points.between is None:
        return cluster_by_bic(points, config, seed)
    if config.criterion == "bic":
        return _with_other(
            cluster_by_bic(points, config, seed), "evidence", partial(compute_evidence, points)
        )
    return _with_other(cluster_by_evidence(points, config, seed), "BIC", partial(compute_bic, points))


def _with_other(found: Clustering, name: str, value: Callable[[Array], float]) -> Clustering:
    """The clustering with the values of a second criterion for the same solutions."""
    values = tuple(value(solution) for solution in found.solutions)
    return replace(found, other_criterion=name, other_values=values)
