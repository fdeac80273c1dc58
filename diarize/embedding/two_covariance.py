r"""The two-covariance model of speaker embeddings: a Gaussian between speakers, and one within a speaker.

The embedding of a window of speech is x = y + e, y ~ N(μ, B) for the speaker and e ~ N(0, W) for the window
(Brümmer & de Villiers 2010, "The speaker partitioning problem"). Linear discriminant analysis diagonalises
both covariances: in its coordinates W = I and B = diag(ψ), and all formulas are sums over dimensions.

The error of the mean of n windows of one recording does not go to zero, because the manner of speaking, the
microphone and the room stay the same. Its variance is c/n + s (``mean_variance``), with c more than 1 because
windows overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "TwoCovariance",
    "fit_two_covariance",
    "log_evidence",
    "log_likelihood_ratio",
    "mean_variance",
    "mutual_information",
]

SHRINKAGE: Final = 0.25
"""Of the within-speaker covariance, the part that is taken from a sphere of the same trace (Ledoit & Wolf
2004): few voices leave it singular, and speakers also vary in ways that the calibration has not heard."""
RIDGE: Final = 1e-4
"""Of its mean variance, added to every direction."""
MIN_BETWEEN: Final = 1e-3
OVERLAP_FACTOR: Final = 3.0
"""c: overlapping windows of 1.5 s every half second say what a third of as many would."""
RECORDING_VARIANCE: Final = 0.15
"""s: of the variance within a speaker, what does not average out over a recording."""


@dataclass(frozen=True, slots=True, eq=False)
class TwoCovariance:
    """Parameters: ``mean`` (D,) of unit-length embeddings; ``projection`` (D, d) to the space in which the
    covariance within a speaker is I and that between speakers is diag(``between``) (d,), largest first.
    """

    mean: Array
    projection: Array
    between: Array

    def __post_init__(self) -> None:
        n, d = self.projection.shape if self.projection.ndim == 2 else (0, 0)
        if not d or self.mean.shape != (n,) or self.between.shape != (d,):
            shapes = f"{self.mean.shape}, {self.projection.shape} and {self.between.shape}"
            raise ModelError(f"a mean, projection and covariance of shapes {shapes} do not fit each other")
        if not all(np.isfinite(each).all() for each in (self.mean, self.projection, self.between)):
            raise ModelError("a two-covariance model with NaN or infinity; calibrate the embedding again")

    def project(self, embeddings: Array) -> Array:
        """Embeddings as points of the speaker space.

        Parameters
        ----------
        embeddings : (n, D), of any length; each is scaled to length one

        Returns
        -------
        (n, d), float64; within a speaker the variance is 1 in every dimension.

        """
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        points: Array = (embeddings / np.maximum(lengths, 1e-12) - self.mean) @ self.projection
        return points


def fit_two_covariance(
    embeddings: Array, speakers: Array, n_dims: int, shrinkage: float = SHRINKAGE
) -> TwoCovariance:
    """Fit a two-covariance model to embeddings of many speakers.

    By moments, not maximum likelihood: with equally many windows per speaker both are the same. The
    covariance within a speaker is shrunk towards a sphere, because few voices leave it singular.

    Parameters
    ----------
    embeddings : (n, D), one row per window, of any length; each is scaled to length one
    speakers : (n,), the speaker of each row
    n_dims : most dimensions of the speaker space; there are fewer where there are not more speakers than that
    shrinkage : share of the covariance within a speaker that is taken from the sphere, 0 to 1

    Returns
    -------
    The model, dimensions with the largest variance between speakers first.

    Raises
    ------
    ModelError
        Unless there are two speakers and one of them has two windows.

    References
    ----------
    Brümmer & de Villiers 2010, "The speaker partitioning problem"; Ledoit & Wolf 2004, "A well-conditioned
    estimator for large-dimensional covariance matrices" (shrinkage).

    """
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    names, index, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    if len(names) < 2 or len(unit) <= len(names):
        raise ModelError(
            f"{len(unit)} windows of {len(names)} voices; at least two voices with several windows each "
            "are needed, two hundred are better"
        )
    mean = unit.mean(axis=0)
    within, between = _moments(unit - mean, index, counts)
    spherical = np.trace(within) / len(within) * np.eye(len(within))
    within = (1 - shrinkage) * within + (shrinkage + RIDGE) * spherical
    values, vectors = _joint_axes(between, within)
    kept = slice(0, min(n_dims, len(names) - 1, len(values)))
    return TwoCovariance(mean, vectors[:, kept], np.maximum(values[kept], MIN_BETWEEN))


def _moments(centred: Array, index: Array, counts: Array) -> tuple[Array, Array]:
    """Unbiased covariances (D, D) within and between speakers."""
    means = np.zeros((len(counts), centred.shape[1]))
    np.add.at(means, index, centred)
    means /= counts[:, None]
    left = centred - means[index]
    within = left.T @ left / (len(centred) - len(counts))
    return within, means.T @ means / len(counts) - within * np.mean(1 / counts)


def _joint_axes(between: Array, within: Array) -> tuple[Array, Array]:
    """Eigenvalues of B against W, largest first, and the axes with WᵀW-norm one that belong to them."""
    from scipy.linalg import eigh

    values, vectors = eigh(between, within)
    vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)  # fix the sign of each axis
    return values[::-1], vectors[:, ::-1]


def mean_variance(
    n: Array | float, overlap_factor: float = OVERLAP_FACTOR, recording_variance: float = RECORDING_VARIANCE
) -> Any:
    """Variance of the mean of several windows about its speaker, in every dimension: c/n + s.

    Parameters
    ----------
    n : number of windows, or an array of them; more than 0
    overlap_factor : c, more than 1 because windows overlap
    recording_variance : s, which does not average out over a recording

    Returns
    -------
    The variance, in the shape of ``n``; the variance of one independent window is 1.

    """
    return overlap_factor / n + recording_variance


def log_likelihood_ratio(
    first: Array, second: Array, variances: tuple[Array, Array], between: Array
) -> Array:
    """Log odds that two points come from one speaker and not from two, both hypotheses being equally probable
    before.

    Parameters
    ----------
    first, second : (…, d), points of the speaker space
    variances : two of (…,), variance of each point about its speaker
    between : ψ (d,), variances between speakers

    Returns
    -------
    Nats (…,).

    References
    ----------
    Brümmer & de Villiers 2010, "The speaker partitioning problem".

    """
    a, b = (between + np.asarray(v)[..., None] for v in variances)
    determinant = a * b - between**2
    together = (b * first**2 - 2 * between * first * second + a * second**2) / determinant
    separate = first**2 / a + second**2 / b
    ratio: Array = -0.5 * (np.log(determinant / (a * b)) + together - separate).sum(axis=-1)
    return ratio


def log_evidence(means: Array, variances: Array, between: Array) -> float:
    """Log marginal likelihood of points of one speaker, up to a term of the points alone.

    With p = Σ 1/vᵢ and m = Σ xᵢ/vᵢ it is ½ m² / (p + 1/ψ) − ½ log(1 + ψ p), summed over dimensions. Only
    differences between groupings of the same points are meaningful.

    Parameters
    ----------
    means : x (n, d), points of the speaker space
    variances : v (n,), of the points about the speaker
    between : ψ (d,), variances between speakers

    Returns
    -------
    Nats.

    References
    ----------
    Brümmer & de Villiers 2010, "The speaker partitioning problem".

    """
    precision = (1 / variances).sum()
    linear = (means / variances[:, None]).sum(axis=0)
    gain = linear**2 / (precision + 1 / between) - np.log1p(between * precision)
    return float(0.5 * gain.sum())


def mutual_information(variances: tuple[Array, Array], between: Array) -> Array:
    """Mean of ``log_likelihood_ratio`` for two points of one speaker.

    Parameters
    ----------
    variances : two of (…,), variance of each point about its speaker
    between : ψ (d,), variances between speakers

    Returns
    -------
    Nats (…,).

    """
    a, b = (between + np.asarray(v)[..., None] for v in variances)
    information: Array = -0.5 * np.log1p(-(between**2) / (a * b)).sum(axis=-1)
    return information
