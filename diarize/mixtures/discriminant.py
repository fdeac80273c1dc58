"""Linear discriminant analysis of two Gaussians with a shared covariance.

Fisher 1936; Bishop 2006, section 4.2: w = Σ⁻¹ (μ₁ − μ₀), and with equal priors the log odds are
wᵀ(x − (μ₀ + μ₁) / 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Discriminant", "fit_discriminant"]

RIDGE: Final = 1e-6  # of the mean variance: avoids a singular covariance


@dataclass(frozen=True, slots=True)
class Discriminant:
    """``weights`` (D,) and ``offset`` of the log odds of one class against another."""

    weights: Array
    offset: float

    def log_odds(self, x: Array) -> Array:
        """Log odds (n,) of points (n, D) at equal prior probabilities.

        Raises ModelError when the points have another number of dimensions.
        """
        if self.weights.shape != x.shape[1:]:
            raise ModelError(
                f"a discriminant of shape {self.weights.shape} cannot tell points of {x.shape[1]} numbers "
                "apart; train it on such points"
            )
        odds: Array = x @ self.weights + self.offset
        return odds


def fit_discriminant(one: Array, other: Array) -> Discriminant:
    """The discriminant of class ``one`` (n, D) against ``other`` (m, D), with equal priors for any n and m.

    Raises ModelError when a class has no points.
    """
    if not (len(one) and len(other)):
        raise ModelError(f"classes of {len(one)} and {len(other)} points; both need some")
    means = one.mean(axis=0), other.mean(axis=0)
    spreads = [np.cov(x, rowvar=False, bias=True).reshape(x.shape[1], -1) for x in (one, other)]
    scatter = (spreads[0] + spreads[1]) / 2
    ridge = RIDGE * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    weights = np.linalg.solve(scatter + ridge, means[0] - means[1])
    return Discriminant(weights, float(-weights @ (means[0] + means[1]) / 2))
