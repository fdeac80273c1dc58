"""Outliers: windows of speech that fit none of the speakers that were found.

Under the two-covariance model the residual of a window, given its speaker, is standard normal. Its log
density is low where two people talk at once, where a person was not given a speaker, and in laughter,
whispers or noise that was taken for speech. The threshold is relative: the windows with the lowest density
are flagged, so a flag shows where to listen first and not that something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.vbx import pool_points
from diarize.mixtures import GMM, calibrate_anomaly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import FrameGrid, SpeakerPoints

    Array = NDArray[Any]

__all__ = ["FLAGGED_SHARE", "Outliers", "find_outliers"]

FLAGGED_SHARE: Final = 0.02
"""Of the windows, the part that is flagged at most."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """Density of every window of speech: ``log_density`` (n,) in nats; ``bounds`` (n, 2) in frames of
    ``grid``; windows below ``threshold`` are flagged.
    """

    log_density: Array
    bounds: Array
    grid: FrameGrid
    threshold: float

    @property
    def flagged(self) -> Array:
        """Which windows are less dense than the threshold, bool (n,)."""
        below: Array = self.log_density < self.threshold
        return below


def find_outliers(points: SpeakerPoints, responsibilities: Array) -> Outliers | None:
    """The density of every window given its speakers.

    Parameters
    ----------
    points : the windows, (n, d)
    responsibilities : (n, K), of the speakers for the windows

    Returns
    -------
    Log densities and the threshold; None without windows, and in the textbook space, where the residual of a
    frame depends on the phone.

    """
    if points.weights is None or not len(points.values):
        return None
    means, _ = pool_points(points.values, points.weights, responsibilities)
    left = points.values - responsibilities @ means
    n_dims = left.shape[1]
    usual = GMM(np.ones(1), np.zeros((1, n_dims)), np.ones((1, n_dims)), "diag")
    scale = calibrate_anomaly(usual, left, contamination=FLAGGED_SHARE)
    return Outliers(usual.score_samples(left), points.bounds, points.grid, scale.offset_)
