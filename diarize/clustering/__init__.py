"""How many speakers there are, and which window is whose, with the whole curve kept.

In comes SpeakerPoints, one point a window of speech; out goes a Clustering, responsibilities of the windows
for every number of speakers that was tried. It uses ``mixtures``, ``hmm``, the model of speakers of
``embedding`` and the foundation; ``pipeline`` imports it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.clustering.count import Clustering, no_speakers
from diarize.clustering.embeddings import cluster_by_evidence, compute_evidence
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
    """Count the speakers within ``config.min_speakers`` … ``max_speakers`` and share the windows out.

    Points with a model of speakers: one Gaussian each and the number by BIC, or latent points and the number
    by the variational bound ("evidence"). Bare frames: one Gaussian each, number by BIC.
    Raises SpeakerCountError when there are fewer windows than speakers asked for.
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
    """What was found, with what another criterion gives for the same solutions."""
    values = tuple(value(solution) for solution in found.solutions)
    return replace(found, other_criterion=name, other_values=values)
