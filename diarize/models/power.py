"""How much evidence is worth in one set of observations: the power of the likelihood, heard from neighbours.

Observations that follow each other mostly come of one latent point. If they say so, the evidence is worth
what it claims; if neighbours agree no better than strangers, there is more noise in it than was learnt, or
there is one point only and nothing to tell it from. The power b on the likelihoods exp(ρᵀy − ½ yᵀΦy) under
which neighbours are best foretold to share their point measures that:

    b = argmax Σ log(p e^{g(b)} + 1 − p) − ½ (log(b / usual) / WIDTH)²

with p the chance that neighbours share a point and g(b) the log evidence ratio of one point against two
(Brümmer & de Villiers 2010) with ρ and Φ times b: F_A of Diez et al. 2020, fitted instead of tuned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.models.factors import Observations, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["fitted_power"]

# Standard deviation of log b around log ``usual`` before anything is heard.
WIDTH: Final = 0.5
# Powers tried, as shares of the usual one.
SHARES: Final = np.geomspace(0.05, 1.5, 35)
# Pairs of neighbours that are looked at, evenly spaced: so many tell the power to a few hundredths.
ENOUGH: Final = 300


def fitted_power(observations: Observations, continued: Array, sharing: float, usual: float) -> float:
    """The power b of the likelihoods of n observations, within 0.05 to 1.5 times ``usual``.

    ``continued`` bool (n,): whether an observation is the neighbour of the one before it; ``sharing``: the
    chance p, between 0 and 1, that neighbours share their point. Without neighbours, ``usual``.
    """
    later = np.flatnonzero(continued[1:]) + 1
    later = later[np.linspace(0, len(later) - 1, min(len(later), ENOUGH)).astype(int)]
    powers = usual * SHARES
    one, other = (Observations(observations.linear[i], observations.precision[i]) for i in (later - 1, later))
    both = Observations(one.linear + other.linear, one.precision + other.precision)
    ratios = _log_evidence(both, powers) - _log_evidence(one, powers) - _log_evidence(other, powers)
    fit = np.logaddexp(np.log(sharing) + ratios, np.log1p(-sharing)).sum(axis=0)
    return float(powers[np.argmax(fit - 0.5 * (np.log(SHARES) / WIDTH) ** 2)])


def _log_evidence(observations: Observations, powers: Array) -> Array:
    """log ∫ N(y; 0, I) exp(b(ρᵀy − ½ yᵀΦy)) dy of n observations at each of B powers, (n, B)."""
    values, vectors = np.linalg.eigh(unpacked(observations.precision.astype(np.float64)))
    turned = np.matmul(vectors.transpose(0, 2, 1), observations.linear[..., None].astype(np.float64))
    spread = 1 + powers[:, None] * values[:, None, :]
    squares = (powers[:, None] * turned[..., 0][:, None, :]) ** 2
    evidence: Array = 0.5 * (squares / spread - np.log(spread)).sum(axis=2)
    return evidence
