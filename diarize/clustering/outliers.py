"""Outliers: windows of speech that fit none of the speakers that were found.

Under the speaker model a window, given its speaker, leaves a standard normal residual. Its log density is
low where two talk at once, where somebody speaks who was given no speaker, and in laughter, whispers or noise
that passed for speech. How low is low is read off the recording itself: the least dense share of its windows
is flagged, so this says where to listen first and not whether anything is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.vbx import pooled_points
from diarize.mixtures import GMM, calibrate_anomaly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import FrameGrid, SpeakerPoints

    Array = NDArray[Any]

__all__ = ["SHARE", "Outliers", "find_outliers"]

SHARE: Final = 0.02
"""Of the windows, the part that is flagged at most."""


@dataclass(frozen=True, slots=True)
class Outliers:
    """How usual every window of speech is: ``log_density`` (n,) in nats; ``bounds`` (n, 2) in frames of
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
    """The density of every window given the speakers that have it by ``responsibilities`` (n_windows, K).

    None for bare frames (those of the textbook space), of which a residual would tell phones.
    """
    if points.weights is None or not len(points.values):
        return None
    means, _ = pooled_points(points.values, points.weights, responsibilities)
    left = points.values - responsibilities @ means
    n_dims = left.shape[1]
    usual = GMM(np.ones(1), np.zeros((1, n_dims)), np.ones((1, n_dims)), "diag")
    scale = calibrate_anomaly(usual, left, contamination=SHARE)
    return Outliers(usual.score_samples(left), points.bounds, points.grid, scale.offset_)
