"""How many speakers there are, and which window is whose, with the whole curve kept.

In comes SpeakerPoints, one point a window of speech; out goes a Clustering, responsibilities of the windows
for every number of speakers that was tried. It uses ``mixtures``, ``hmm``, the model of speakers of
``embedding`` and the foundation; ``pipeline`` imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diarize.clustering.count import Clustering, nobody
from diarize.clustering.embeddings import by_embeddings
from diarize.clustering.gaussians import by_gaussians
from diarize.errors import SpeakerCountError

if TYPE_CHECKING:
    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

__all__ = ["Clustering", "clustered", "nobody"]


def clustered(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Count the speakers within ``config.min_speakers`` … ``max_speakers`` and share the windows out.

    Points with a model of speakers: number by the variational bound ("evidence") or by BIC. Bare frames: one
    Gaussian each, number by BIC.
    Raises SpeakerCountError when there are fewer windows than speakers asked for.
    """
    n = len(points.values)
    if n < 2 and config.min_speakers == 1:
        return Clustering("too little speech", (1,), (0.0,), 1, (1,), (np.ones((n, 1)),))
    if n < config.min_speakers:
        raise SpeakerCountError(
            f"at least {config.min_speakers} speakers asked for, but there is speech for {n} at most; "
            "allow fewer, as with --min-speakers 1",
            n,
        )
    if config.criterion == "bic" or points.between is None:
        return by_gaussians(points, config, seed)
    return by_embeddings(points, config, seed)
