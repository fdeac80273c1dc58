"""Sufficient statistics of stretches of frames under a diagonal mixture, each frame visited once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.models.factors import Statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.mixtures.gmm import GMM

    Array = NDArray[Any]

__all__ = ["accumulated"]

AT_ONCE = 256  # stretches whose frames and responsibilities are held at a time


def accumulated(gmm: GMM, x: Array, used: Array, bounds: Array, scale: float = 1.0) -> Statistics:
    """Soft counts and centred, whitened first-order sums of the ``used`` frames in each stretch.

    ``x`` (T, D); ``used`` bool (T,); ``bounds`` (n, 2) half-open in frames; ``scale`` multiplies both
    statistics, because neighbouring frames repeat each other. Returns float32 (n, K) and (n, K, D).
    """
    k, d = gmm.means_.shape
    counts, sums = np.zeros((len(bounds), k), np.float32), np.zeros((len(bounds), k, d), np.float32)
    deviations = np.sqrt(gmm.covariances_)
    for start in range(0, len(bounds), AT_ONCE):
        part = slice(start, min(start + AT_ONCE, len(bounds)))
        frames, there = _gathered(used, bounds[part])
        responsibilities = np.zeros((*frames.shape, k), np.float32)
        if there.any():
            responsibilities[there] = scale * gmm.predict_proba(x[frames[there]])
        counts[part] = responsibilities.sum(axis=1)
        first = np.matmul(responsibilities.transpose(0, 2, 1), x[frames].astype(np.float32))
        sums[part] = (first - counts[part][..., None] * gmm.means_) / deviations
    return Statistics(counts, sums)


def _gathered(used: Array, bounds: Array) -> tuple[Array, Array]:
    """Frame numbers (n, longest) of some stretches, and which of them exist and are used."""
    longest = int((bounds[:, 1] - bounds[:, 0]).max())
    frames = bounds[:, :1] + np.arange(longest)
    inside = frames < bounds[:, 1:]
    frames = np.minimum(frames, len(used) - 1)
    return frames, inside & used[frames]
