"""Anomaly detection: how unusual every point is under a mixture, on a scale calibrated with usual points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.validation import Float64Array, IntArray, as_weights, freeze

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.gmm import GMM

__all__ = ["AnomalyScale", "calibrate_anomaly"]

DEFAULT_CONTAMINATION: Final = 0.01


@dataclass(frozen=True, slots=True)
class AnomalyScale:
    """A mixture with the log densities that its points usually have.

    Parameters
    ----------
    gmm : the mixture
    usual : (m,), sorted log densities in nats of the points that it was calibrated to
    shares : (m,), their cumulative shares
    contamination : the share of usual points to flag
    offset_ : the log density below which a point is flagged

    Raises
    ------
    ModelError
        By methods, for points that are not finite or have another number of dimensions.

    """

    gmm: GMM
    usual: Float64Array
    shares: Float64Array
    contamination: float
    offset_: float

    def __post_init__(self) -> None:
        for name in ("usual", "shares"):
            object.__setattr__(self, name, freeze(getattr(self, name)))

    def score_samples(self, x: ArrayLike) -> Float64Array:
        """Log density of every point: the lower, the more abnormal.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), nats.

        """
        return self.gmm.score_samples(x)

    def decision_function(self, x: ArrayLike) -> Float64Array:
        """How far every point is from being flagged: ``score_samples`` less ``offset_``.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), nats; below zero when flagged.

        """
        return self.gmm.score_samples(x) - self.offset_

    def predict(self, x: ArrayLike) -> IntArray:
        """Flag the points that are rarer than the threshold.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,): -1 for flagged points, 1 for the others.

        """
        return np.where(self.decision_function(x) < 0.0, -1, 1).astype(np.int64)

    def rarity(self, x: ArrayLike) -> Float64Array:
        """The share of usual points with a higher log density.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), from 0, the most usual, to 1, below all usual points.

        """
        below = np.searchsorted(self.usual, self.gmm.score_samples(x), side="right")
        return 1.0 - np.concatenate([[0.0], self.shares])[below]


def calibrate_anomaly(
    gmm: GMM,
    x: ArrayLike,
    *,
    contamination: float = DEFAULT_CONTAMINATION,
    sample_weight: ArrayLike | None = None,
) -> AnomalyScale:
    """A scale on which a share of usual points is flagged, at most.

    If possible, calibrate on points that the mixture was not fitted to, because fitted points look denser.

    Parameters
    ----------
    gmm : the mixture
    x : (n, D), usual points
    contamination : the share of them to flag, between 0 and 1
    sample_weight : (n,), how often each point counts; once unless given

    Returns
    -------
    The scale, with the threshold ``offset_`` in nats.

    Raises
    ------
    ModelError
        For a contamination out of range, and points that are not finite (n, D).

    """
    if not 0.0 < contamination < 1.0:
        raise ModelError(
            f"contamination is {contamination}; allowed is a share between 0 and 1; "
            f"try {DEFAULT_CONTAMINATION}"
        )
    log_density = gmm.score_samples(x)
    mass = as_weights(sample_weight, len(log_density))
    order = np.argsort(log_density, kind="stable")
    steps = np.ones(len(order), dtype=np.float64) if mass is None else mass[order]
    shares = np.cumsum(steps) / steps.sum()
    shares[-1] = 1.0
    at = int(np.searchsorted(shares, contamination, side="right"))
    usual = log_density[order]
    return AnomalyScale(gmm, usual, shares, contamination, float(usual[min(at, len(usual) - 1)]))
