"""Evidence about one latent point, heard in several sessions, and whether two sets of it are about the same.

Within a session all windows share two things that the loadings do not know. The means were taken out of the
whole session, so the point's own mean shift went with them in proportion to its share of the session, and so
did those of whoever else was there. And the same source is not quite the same in another session:

    y_session = √(1 − w) y + √w e,    e ~ N(0, I)

Both are linear and Gaussian, so integrating them out is exact. What is left says of y no more than
exp(ρᵀy − ½ yᵀΦy) again; evidence of sessions adds up, and however long a session was, its Φ stays under
(1 − w)/w in every direction. Brümmer & de Villiers 2010 (two-covariance comparison), Kenny 2010 (sessions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.models.factors import Observations, Statistics, observed, packed, pooled_log_evidence, unpacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.mixtures.gmm import GMM

    Array = NDArray[Any]

__all__ = ["log_evidence", "log_ratio", "pooled", "scattered", "session_evidence"]


def session_evidence(
    statistics: Statistics,
    ubm: GMM,
    loadings: tuple[Array, Array],
    company: tuple[float, float],
    within: float,
) -> Observations:
    """What one session says of its point y: one row, float64 (1, R) and (1, R(R+1)/2).

    ``statistics`` of its n windows under ``ubm``; ``loadings`` of the point (K, D, R) and of single windows
    (K, D, Q); ``company``: the point's share of the session whose mean was taken out, and the sum of the
    squared shares of all others; ``within``: w, the share of variance that changes from session to session.
    """
    share, others = company
    speaker = np.asarray(loadings[0], dtype=np.float64)
    deviations = np.sqrt(ubm.covariances_)[..., None]
    shift = np.einsum("k,kdr->dr", ubm.weights_, deviations * speaker)
    own = speaker - share * shift / deviations
    # a square root of the covariance that the shifts of others have: shift shiftᵀ
    theirs = np.sqrt(others) * np.transpose(np.linalg.qr(shift.T, mode="r")) / deviations
    together = observed(statistics, np.concatenate((own, theirs), axis=2), loadings[1])
    rank = speaker.shape[2]
    return scattered(_without_rest(pooled(together), rank), within * np.eye(rank))


def pooled(observations: Observations) -> Observations:
    """The evidence of all rows as one row: about one point it adds up."""
    return Observations(
        observations.linear.sum(axis=0, keepdims=True, dtype=np.float64),
        observations.precision.sum(axis=0, keepdims=True, dtype=np.float64),
    )


def _without_rest(observations: Observations, rank: int) -> Observations:
    """One row with all factors but the first ``rank`` integrated out under a standard normal prior."""
    linear, matrix = observations.linear[0], unpacked(observations.precision[0])
    inner = matrix[rank:, rank:] + np.eye(len(linear) - rank)
    solved = np.linalg.solve(inner, np.column_stack((matrix[rank:, :rank], linear[rank:])))
    across = matrix[:rank, rank:]
    return _row(linear[:rank] - across @ solved[:, rank], matrix[:rank, :rank] - across @ solved[:, :rank])


def scattered(observations: Observations, within: Array) -> Observations:
    """One row about the point of a session as evidence about the point behind all sessions.

    ``within`` (R, R): W, the covariance of what changes from session to session, its eigenvalues in [0, 1]:
    y_session = (I − W)^½ y + W^½ e.
    """
    linear, matrix = observations.linear[0], unpacked(observations.precision[0])
    values, vectors = np.linalg.eigh(np.eye(len(linear)) - within)
    kept = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    solved = np.linalg.solve(np.eye(len(linear)) + matrix @ within, np.column_stack((matrix, linear)))
    return _row(kept @ solved[:, -1], kept @ solved[:, :-1] @ kept)


def _row(linear: Array, matrix: Array) -> Observations:
    return Observations(linear[None], packed((matrix + matrix.T)[None] / 2))


def log_evidence(observations: Observations) -> float:
    """log ∫ N(y; 0, I) exp(ρᵀy − ½ yᵀΦy) dy of all rows together, ½(ρᵀ(I + Φ)⁻¹ρ − log det(I + Φ))."""
    return float(pooled_log_evidence(*pooled(observations))[0])


def log_ratio(first: Observations, second: Observations) -> float:
    """How much likelier both are about one point than about two, in nats (Brümmer & de Villiers 2010)."""
    both = Observations(*(np.concatenate(part) for part in zip(first, second, strict=True)))
    return log_evidence(both) - log_evidence(first) - log_evidence(second)
