"""Hold-out for correlated points: blocked folds, held-out likelihood, effective sample size.

Neighbouring frames are correlated, so a random split tests a model on points that it has nearly seen. Here
folds are made of whole blocks (Burman, Chow & Nolan 1994), and criteria use the number of independent points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.fitting import fit_gmm
from diarize.mixtures.validation import as_points, as_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray

__all__ = ["HeldOut", "blocked_folds", "effective_sample_size", "held_out_likelihood"]

_BLOCKS_PER_FOLD = 4
DEFAULT_FOLDS = 5


class HeldOut(NamedTuple):
    """Mean log density ``scores`` (n_folds,) in nats per point on each fold, and the weight ``sizes``
    (n_folds,) of each fold.
    """

    scores: Float64Array
    sizes: Float64Array

    @property
    def mean(self) -> float:
        """Nats per point over all folds."""
        return float(self.sizes @ self.scores / self.sizes.sum())


def blocked_folds(n_points: int, n_folds: int = DEFAULT_FOLDS, block_length: int | None = None) -> IntArray:
    """The fold of every point: blocks of neighbours, assigned to the folds in turn.

    Parameters
    ----------
    n_points : n
    n_folds : 2 or more
    block_length : points in a block, a quarter of a fold unless given; take it longer than the memory of the
        data

    Returns
    -------
    The fold (n,) of every point, from 0.

    Raises
    ------
    ModelError
        When there are fewer blocks than folds.

    References
    ----------
    Burman, Chow & Nolan 1994, "A cross-validatory method for dependent data".

    """
    quarter = max(1, -(-n_points // (max(n_folds, 1) * _BLOCKS_PER_FOLD)))
    length = quarter if block_length is None else block_length
    if n_folds < 2 or length < 1 or length * (n_folds - 1) >= n_points:
        raise ModelError(
            f"{n_points} points in blocks of {length} cannot fill {n_folds} folds; allowed are "
            "2 folds or more with a block in each; take shorter blocks or fewer folds"
        )
    return (np.arange(n_points, dtype=np.int64) // length) % n_folds


def held_out_likelihood(
    x: ArrayLike,
    n_components: int,
    covariance_type: str,
    *,
    folds: IntArray,
    gap: int = 0,
    sample_weight: ArrayLike | None = None,
    **settings: Any,
) -> HeldOut:
    """Log density of every fold under a mixture fitted to the others.

    Parameters
    ----------
    x : (n, D), neighbours in time beside each other
    n_components, covariance_type, sample_weight, settings : as for ``fit_gmm``
    folds : (n,), the fold of every point, as ``blocked_folds`` gives them
    gap : points on either side of every held-out block that are not used for training

    Returns
    -------
    Mean log density in nats per point on each fold, and the weight of each fold.

    Raises
    ------
    ModelError
        Where a fold or what is left to train on is empty, and as ``fit_gmm`` does.

    """
    points = as_points(x)
    mass = as_weights(sample_weight, len(points))
    scores, sizes = [], []
    for fold in np.unique(folds):
        tested = folds == fold
        trained = ~_widen(tested, gap)
        if mass is not None:
            tested, trained = tested & (mass > 0.0), trained & (mass > 0.0)
        if not trained.any() or not tested.any():
            raise ModelError(
                f"fold {fold} leaves nothing to train or test on; allowed is a point in each; "
                "take a smaller gap or other folds"
            )
        inside, outside = (None, None) if mass is None else (mass[tested], mass[trained])
        gmm, _ = fit_gmm(points[trained], n_components, covariance_type, sample_weight=outside, **settings)
        sizes.append(float(tested.sum()) if inside is None else float(inside.sum()))
        scores.append(gmm.score(points[tested], inside))
    return HeldOut(np.array(scores, dtype=np.float64), np.array(sizes, dtype=np.float64))


def _widen(mask: np.ndarray, gap: int) -> np.ndarray:
    if gap == 0:
        return mask
    reach = np.convolve(mask.astype(np.float64), np.ones(2 * gap + 1, dtype=np.float64), mode="same")
    return np.asarray(reach > 0.5)


def effective_sample_size(x: ArrayLike) -> float:
    """Number of independent points that determine the mean as well as the given correlated ones.

    n over the integrated autocorrelation time 1 + 2 Σ ρ(lag), with ρ averaged over the dimensions after each
    is scaled to unit variance, and the sum cut where a pair of neighbouring lags is no longer positive.

    Parameters
    ----------
    x : (n, D), in order of time

    Returns
    -------
    A number from 1 to n.

    Raises
    ------
    ModelError
        For points that are not finite (n, D) or never vary.

    References
    ----------
    Geyer 1992, "Practical Markov chain Monte Carlo", the initial positive sequence.

    """
    points = as_points(x)
    n_points = len(points)
    if n_points < 4:
        return float(n_points)
    rho = _autocorrelation(points)
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0.0)
    kept = pairs[: ends[0]] if len(ends) else pairs
    time = max(1.0, 2.0 * float(kept.sum()) - 1.0)
    return float(min(max(n_points / time, 1.0), n_points))


def _autocorrelation(points: np.ndarray) -> Float64Array:
    """ρ at lags 0 to n/2, averaged over the dimensions that vary."""
    n_points = len(points)
    size = 1 << (2 * n_points - 1).bit_length()
    total = np.zeros(n_points // 2 + 1, dtype=np.float64)
    used = 0
    for column in points.T:
        centred = column.astype(np.float64) - column.mean(dtype=np.float64)
        spectrum = np.fft.rfft(centred, size)
        autocovariance = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(total)]
        if autocovariance[0] > 0.0:
            total += autocovariance / autocovariance[0]
            used += 1
    if not used:
        raise ModelError("every dimension of x is constant; allowed is one that varies; pass other data")
    return total / used
