"""One Gaussian a speaker over exact points, the number by BIC: the textbook's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.clustering.count import Clustering, decided
from diarize.mixtures import effective_sample_size, select_gmm

if TYPE_CHECKING:
    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

__all__ = ["by_gaussians"]


def by_gaussians(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """A Gaussian mixture over the points, K by BIC with the effective number of independent points."""
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
    return decided("BIC", solutions, {k: c.bic / 2 for k, c in candidates.items()}, config)
