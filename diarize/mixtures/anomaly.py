"""Anomaly: how unusual every point is under a mixture, on a scale calibrated to what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.validation import BoolArray, Float64Array, as_weights, frozen

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.gmm import GMM

__all__ = ["AnomalyScale", "calibrate_anomaly"]

DEFAULT_QUANTILE: Final = 0.01


@dataclass(frozen=True, slots=True)
class AnomalyScale:
    """A mixture with the log densities that its points usually have.

    usual (m,): sorted log densities in nats of the points it was calibrated to, with their cumulative
    shares (m,); quantile: the share of usual points to flag; threshold: the log density below which a point
    is flagged.
    """

    gmm: GMM
    usual: Float64Array
    shares: Float64Array
    quantile: float
    threshold: float

    def __post_init__(self) -> None:
        for name in ("usual", "shares"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def score(self, x: ArrayLike) -> Float64Array:
        """For every point of x (n, D), the share of usual points that are denser: (n,), 0 usual to 1
        never seen.
        """
        below = np.searchsorted(self.usual, self.gmm.log_prob(x), side="right")
        return 1.0 - np.concatenate([[0.0], self.shares])[below]

    def surprise(self, x: ArrayLike) -> Float64Array:
        """Nats by which every point of x (n, D) falls short of the threshold: (n,), above zero when
        flagged.
        """
        return self.threshold - self.gmm.log_prob(x)

    def flags(self, x: ArrayLike) -> BoolArray:
        """Which points of x (n, D) are less dense than the threshold: (n,)."""
        return np.asarray(self.surprise(x) > 0.0)


def calibrate_anomaly(
    gmm: GMM, x: ArrayLike, *, quantile: float = DEFAULT_QUANTILE, weights: ArrayLike | None = None
) -> AnomalyScale:
    """A scale on which the share `quantile` of the points of x (n, D) is flagged, at most.

    Calibrate on points that the mixture was not fitted to where you can: those it was fitted to look
    denser. Raises ModelError for a quantile outside 0..1.
    """
    if not 0.0 < quantile < 1.0:
        raise ModelError(
            f"quantile is {quantile}; allowed is a share between 0 and 1; try {DEFAULT_QUANTILE}"
        )
    log_prob = gmm.log_prob(x)
    mass = as_weights(weights, len(log_prob))
    order = np.argsort(log_prob, kind="stable")
    steps = np.ones(len(order), dtype=np.float64) if mass is None else mass[order]
    shares = np.cumsum(steps) / steps.sum()
    shares[-1] = 1.0
    at = int(np.searchsorted(shares, quantile, side="right"))
    usual = log_prob[order]
    return AnomalyScale(gmm, usual, shares, quantile, float(usual[min(at, len(usual) - 1)]))
