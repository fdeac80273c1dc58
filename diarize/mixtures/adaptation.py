"""MAP adaptation of the means of a mixture to a small amount of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from diarize.mixtures.validation import Float64Array

__all__ = ["map_shift"]


def map_shift(counts: Float64Array, sums: Float64Array, relevance: float) -> Float64Array:
    """Shift (..., K, D) of the means by relevance MAP (Gauvain & Lee 1994; Reynolds et al. 2000).

    ``counts`` (..., K): points of each component; ``sums`` (..., K, D): sums of their offsets from its mean;
    ``relevance``: number of points that the old mean counts for. At 0 the new mean is the maximum likelihood
    mean of the points; a component without points keeps its mean.
    """
    held = counts + relevance
    known = (held > np.finfo(np.float64).tiny)[..., None]
    return np.divide(sums, held[..., None], out=np.zeros(sums.shape), where=known)
