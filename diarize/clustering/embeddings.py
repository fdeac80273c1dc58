"""Speakers as latent points of embeddings under the two-covariance model, number by the evidence of VBx.

What a window tells is taken down to a fraction, for windows overlap. The bound sees windows as independent
given their speaker, yet what lasts through a recording (how somebody talks there) makes two halves of one
voice differ by more than that. So a number is believed only where no two of its speakers are likelier one:
their log likelihood ratio, with what lasts in the variance of their means, must stay under a share of what it
would be on average for one speaker.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.count import Clustering, decided
from diarize.clustering.starts import STAY_AFTER_PAUSE, STAY_WITHIN, kmeans_start, start_wide
from diarize.clustering.vbx import VBxFit, fit_vbx, merge_path, pooled_points
from diarize.embedding.two_covariance import log_likelihood_ratio, mean_variance, mutual_information

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["by_embeddings"]

# A window counts for one in so many independent ones. This and CONFUSABLE are the two numbers chosen on the
# tuning recordings of benchmarks/protocol.md; between 3 and 5, and 0.3 and 0.5, little changes.
DEPENDENT: Final = 4.0
# Share of the mean log likelihood ratio of one speaker's halves from which two speakers may well be one.
CONFUSABLE: Final = 0.35
# Windows that a speaker's mean rests on at least, as far as its variance goes.
FEWEST: Final = 0.3


def by_embeddings(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Merging from several starts; of the numbers whose speakers are apart, the one with the best evidence.

    ``points`` have ``weights`` (n,), the share of a full window that each is, and ``between`` ψ (d,).
    """
    if points.weights is None or points.between is None:
        raise TypeError("points without a model of what embeddings do; cluster them by Gaussians")
    weights, between = points.weights, points.between
    stay = np.where(points.first, STAY_AFTER_PAUSE, STAY_WITHIN)
    path: dict[int, VBxFit] = {}
    for start in range(config.n_starts):
        shares = start_wide(points.values, config.max_speakers, seed + start)
        for k, fit in merge_path(points.values, weights / DEPENDENT, between, stay, shares).items():
            if k not in path or fit.log_evidence > path[k].log_evidence:
                path[k] = fit
    if not any(config.min_speakers <= k <= config.max_speakers for k in path):
        shares = kmeans_start(points.values, config.min_speakers, seed)
        path[config.min_speakers] = fit_vbx(
            points.values, weights / DEPENDENT, between, stay, shares, 4, keep_all=True
        )
    solutions = {k: fit.responsibilities for k, fit in path.items()}
    values = {k: -fit.log_evidence for k, fit in path.items()}
    found = decided(
        "evidence", solutions, values, config, partial(_all_apart, points.values, weights, between)
    )
    if not config.whole_curve:
        return found
    further = {}
    for k in sorted({*range(1, min(config.max_speakers, len(points.values)) + 1)} - {*found.counts}):
        shares = kmeans_start(points.values, k, seed)
        further[k] = fit_vbx(points.values, weights / DEPENDENT, between, stay, shares, 4, keep_all=True)
    return found.beyond(
        {k: fit.responsibilities for k, fit in further.items()},
        {k: -fit.log_evidence for k, fit in further.items()},
    )


def _all_apart(values: Array, weights: Array, between: Array, responsibilities: Array, margin: float) -> bool:
    """Whether no two speakers are likelier one, by ``margin`` nats or more."""
    means, counts = pooled_points(values, weights, responsibilities)
    variances = mean_variance(np.maximum(counts, FEWEST))
    i, j = np.triu_indices(len(counts), 1)
    pairs = variances[i], variances[j]
    ratio = log_likelihood_ratio(means[i], means[j], pairs, between)
    return bool((ratio < CONFUSABLE * mutual_information(pairs, between) + margin).all())
