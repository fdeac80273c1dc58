"""Whether two speakers of a solution may be one person, so that the number of speakers is too large.

The criteria assume that windows are independent given their speaker. But an effect that lasts through a
recording, such as the manner of speaking, makes two halves of one voice differ by more than that. So the log
likelihood ratio of any two speakers under the two-covariance model, with the lasting effect in the variance
of their means, must stay under a share of its mean for one speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.vbx import pool_points
from diarize.embedding.two_covariance import log_likelihood_ratio, mean_variance, mutual_information

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["are_all_distinct"]

# Share of the mean log likelihood ratio of two halves of one speaker above which two speakers may be one.
# Chosen on the tuning recordings of benchmarks/protocol.md; between 0.3 and 0.5 little changes.
CONFUSABLE: Final = 0.35
# Least number of windows assumed for the variance of a speaker's mean.
MIN_WINDOWS: Final = 0.3


def are_all_distinct(points: SpeakerPoints, responsibilities: Array, margin: float) -> bool:
    """Whether all speakers of a solution are different enough to be different people.

    For any two of them, the log likelihood ratio for one person must stay under a share of its mean for one
    person.

    Parameters
    ----------
    points : the windows, (n, d), with a two-covariance model; without one the answer is True
    responsibilities : (n, K)
    margin : nats by which two speakers may exceed that

    Returns
    -------
    Whether all pairs of speakers meet the condition.

    """
    if points.weights is None or points.between is None:
        return True
    means, counts = pool_points(points.values, points.weights, responsibilities)
    variances = mean_variance(np.maximum(counts, MIN_WINDOWS))
    i, j = np.triu_indices(len(counts), 1)
    pairs = variances[i], variances[j]
    ratio = log_likelihood_ratio(means[i], means[j], pairs, points.between)
    return bool((ratio < CONFUSABLE * mutual_information(pairs, points.between) + margin).all())
