"""Start of the search for speakers: more than expected, by k-means on directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.mixtures import fit_kmeans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["STAY_AFTER_PAUSE", "STAY_WITHIN", "initialize_by_kmeans", "initialize_clusters"]

# The search starts from at least this many speakers and merges: merging finds what splitting misses.
N_INITIAL: Final = 20
# Chance that the next window has the same speaker: within an interval of speech, and after a pause.
STAY_WITHIN: Final = 0.9
STAY_AFTER_PAUSE: Final = 0.5
# Probability that a hard start leaves to the other speakers.
LABEL_SMOOTHING: Final = 1e-3


def initialize_clusters(values: Array, max_speakers: int, seed: int) -> Array:
    """Responsibilities of k-means on directions; the length of a point only shows how certain it is.

    Parameters
    ----------
    values : (n, d), n of 2 or more
    max_speakers : greatest number of speakers to find
    seed : of k-means

    Returns
    -------
    (n, K); K is 20, or ``max_speakers`` if that is more, and at most half of n.

    """
    n_starting = min(max(N_INITIAL, max_speakers), len(values) // 2)
    return initialize_by_kmeans(values, n_starting, seed)


def initialize_by_kmeans(values: Array, k: int, seed: int) -> Array:
    """Responsibilities of k-means on directions, for a given number of speakers.

    Parameters
    ----------
    values : (n, d)
    k : number of speakers
    seed : of k-means

    Returns
    -------
    (n, k), rows sum to 1; where all windows are equal, as for a tone, some of the k have no window.

    """
    directions = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    distinct = len(np.unique(directions, axis=0))
    labels = fit_kmeans(directions, min(k, distinct), random_state=seed).labels_
    hard = np.eye(k)[labels]
    return (1 - LABEL_SMOOTHING) * hard + LABEL_SMOOTHING / k
