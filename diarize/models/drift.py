"""By how much a voice may differ from itself within a recording: its drift in speaker space.

Every window has factors x of its own, which evidence on y has integrated out. Some of that does not pass with
the window: a raised voice, a turned head, another place in the room last for a while. Were all x the same,
evidence of ever so many windows would put y off by B x: f = NUx gives ρ = VᵀNU A⁻¹ x (``factors.observed``),
so B = Φ⁻¹ VᵀNU A⁻¹. The model itself thus says in which directions a voice is likeliest to wander.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.models.factors import RIDGE, Statistics, observed, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["capped", "drift_covariance"]

# Of the variance between voices in any direction: more, and nothing there would be a voice's own.
MOST: Final = 0.9


def drift_covariance(counts: Array, loadings: tuple[Array, Array], lasting: float, rest: float) -> Array:
    """lasting B Bᵀ + rest I, its eigenvalues capped at 0.9, float64 (R, R).

    ``counts`` (K,) of a usual window; ``loadings`` of the speaker (K, D, R) and of windows (K, D, Q);
    ``lasting``: the share of the variance of windows that lasts; ``rest``: of that between voices, drift in
    every direction that no loadings know.
    """
    speaker, window = (np.asarray(each, dtype=np.float64) for each in loadings)
    sums = np.moveaxis(counts[:, None, None] * window, 2, 0)
    shifted = observed(Statistics(np.tile(counts, (len(sums), 1)), sums), speaker, window)
    identity = np.eye(speaker.shape[2])
    shift = np.linalg.solve(unpacked(shifted.precision[0]) + RIDGE * identity, shifted.linear.T)
    return capped(lasting * shift @ shift.T + rest * identity)


def capped(covariance: Array) -> Array:
    """A covariance (R, R) with no eigenvalue over 0.9, so that a voice keeps something of its own."""
    values, vectors = np.linalg.eigh(covariance)
    drift: Array = (vectors * np.minimum(values, MOST)) @ vectors.T
    return drift
