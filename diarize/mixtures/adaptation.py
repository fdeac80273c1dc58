"""Adaptation: how far the means of a mixture move towards data of which there may be little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array

__all__ = ["map_shift"]


def map_shift(counts: Float64Array, sums: Float64Array, relevance: float) -> Float64Array:
    """Shift (..., K, D) of the means by relevance MAP (Gauvain & Lee 1994; Reynolds et al. 2000).

    ``counts`` (..., K): points that each component holds; ``sums`` (..., K, D): their offsets from its mean,
    added up; ``relevance``: how many points the mean is worth. At 0 it moves to the mean of the points, the
    likeliest; with no points, whatever the relevance, it stays.
    """
    held = counts + relevance
    known = (held > np.finfo(np.float64).tiny)[..., None]
    return np.divide(sums, held[..., None], out=np.zeros(sums.shape), where=known)
