"""Collapsed Gibbs sampling of a Dirichlet-process mixture: exact in the limit, for small data and as a check.

Neal (2000, algorithm 3) with a normal-inverse-Wishart prior (Murphy 2007, sections 8 and 9). Means,
covariances and weights are integrated out; only the labels are sampled. For every cluster the sums are kept,
and Ψ⁻¹ and log |Ψ| are updated by rank one when a point enters or leaves (Sherman & Morrison 1950).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import gammaln

from diarize.errors import ModelError
from diarize.mixtures.standardize import moments, standardizer_of_points
from diarize.mixtures.validation import Float64Array, IntArray, as_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["GibbsRun", "NormalInverseWishart", "log_partition_evidence", "sample_partitions"]

DEFAULT_CONCENTRATION: Final = 1.0
DEFAULT_SWEEPS: Final = 200
DEFAULT_BURN_IN: Final = 50


class NormalInverseWishart(NamedTuple):
    """Prior of a cluster: mean (D,) held with ``mean_precision`` points, scale Ψ (D, D) with degrees of
    freedom above D - 1.
    """

    mean: Float64Array
    mean_precision: float
    scale: Float64Array
    degrees_of_freedom: float


@dataclass(frozen=True, slots=True)
class GibbsRun:
    """Partitions drawn from a posterior.

    Parameters
    ----------
    labels_ : (n_kept, n), one partition per kept sweep, clusters numbered by first appearance
    log_joint : (n_sweeps,), log p(x, labels) after every sweep, burn-in included, to judge convergence by

    """

    labels_: IntArray
    log_joint: Float64Array

    def __post_init__(self) -> None:
        for name in ("labels_", "log_joint"):
            array = np.array(getattr(self, name))
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def n_components(self) -> IntArray:
        """Number of clusters in every kept sweep: (n_kept,)."""
        return np.asarray(self.labels_.max(axis=1) + 1, dtype=np.int64)

    @property
    def co_occurrence(self) -> Float64Array:
        """P(two points share a cluster), (n, n): independent of the numbering of clusters."""
        n_points = self.labels_.shape[1]
        out = np.zeros((n_points, n_points), dtype=np.float64)
        for labels in self.labels_:
            out += labels[:, None] == labels
        return out / len(self.labels_)


class _Clusters:
    """Sufficient statistics of up to n + 1 clusters, changed in place one point at a time."""

    def __init__(self, x: Float64Array, prior: NormalInverseWishart) -> None:
        n_points, self.n_dims = x.shape
        self.x, self.prior = x, prior
        self.counts = np.zeros(n_points + 1, dtype=np.int64)
        self.means = np.tile(prior.mean, (n_points + 1, 1))
        inverse, log_det = np.linalg.inv(prior.scale), float(np.linalg.slogdet(prior.scale)[1])
        self.inverses = np.tile(inverse, (n_points + 1, 1, 1))
        self.log_dets = np.full(n_points + 1, log_det, dtype=np.float64)
        self._empty = (prior.mean.copy(), inverse, log_det)
        sizes = np.arange(n_points + 2, dtype=np.float64)
        freedom = prior.degrees_of_freedom + sizes
        kappa = prior.mean_precision + sizes
        ratio = kappa / (kappa + 1.0)
        self._shrink = ratio
        self._norms = (
            gammaln(0.5 * (freedom + 1.0))
            - gammaln(0.5 * (freedom + 1.0 - self.n_dims))
            + 0.5 * self.n_dims * np.log(ratio / np.pi)
        )

    def add(self, point: int, cluster: int) -> None:
        """Ψ gains κ/(κ+1) d dᵀ with d the distance from the mean before."""
        self._move(point, cluster, 1)

    def remove(self, point: int, cluster: int) -> None:
        """The inverse of `add`; an emptied cluster gets exactly the prior again."""
        if self.counts[cluster] == 1:
            self.counts[cluster] = 0
            self.means[cluster], self.inverses[cluster], self.log_dets[cluster] = self._empty
        else:
            self._move(point, cluster, -1)

    def _move(self, point: int, cluster: int, sign: int) -> None:
        kappa = self.prior.mean_precision + self.counts[cluster]
        away = self.x[point] - self.means[cluster]
        self.means[cluster] += sign * away / (kappa + sign)
        factor = sign * kappa / (kappa + sign)
        half = self.inverses[cluster] @ away
        grown = 1.0 + factor * float(away @ half)
        self.inverses[cluster] -= (factor / grown) * np.outer(half, half)
        self.log_dets[cluster] += np.log(grown)
        self.counts[cluster] += sign

    def log_predictive(self, point: int, clusters: IntArray) -> Float64Array:
        """Log density of the point under each of the clusters: Student t, from Ψ⁻¹ and log |Ψ| alone."""
        counts = self.counts[clusters]
        away = self.x[point] - self.means[clusters]
        distances = np.einsum("kd,kde,ke->k", away, self.inverses[clusters], away)
        power = 0.5 * (self.prior.degrees_of_freedom + counts + 1.0)
        spread = np.log1p(self._shrink[counts] * distances)
        return np.asarray(
            self._norms[counts] - 0.5 * self.log_dets[clusters] - power * spread, dtype=np.float64
        )


def sample_partitions(
    x: ArrayLike,
    *,
    weight_concentration_prior: float = DEFAULT_CONCENTRATION,
    prior: NormalInverseWishart | None = None,
    n_sweeps: int = DEFAULT_SWEEPS,
    burn_in: int = DEFAULT_BURN_IN,
    random_state: int = 0,
) -> GibbsRun:
    """Partitions of points drawn from the posterior of a Dirichlet-process mixture of Gaussians.

    The cost per sweep is n K D².

    Parameters
    ----------
    x : (n, D), finite
    weight_concentration_prior : concentration of the process, above 0; smaller makes fewer clusters
    prior : of every cluster; unless given, centred on the data, with the covariance of the data at D + 2
        degrees of freedom and the weight of a hundredth of a point
    n_sweeps : visits of every point
    burn_in : how many of the first are not kept
    random_state : the same number gives the same partitions

    Returns
    -------
    The partitions that were kept, one per sweep, and log p(x, labels) after every sweep.

    Raises
    ------
    ModelError
        For settings out of range, and for data as ``fit_gmm`` does.

    References
    ----------
    Neal 2000, "Markov chain sampling methods for Dirichlet process mixture models", algorithm 3.

    """
    concentration = weight_concentration_prior
    points = np.asarray(as_points(x), dtype=np.float64)
    if concentration <= 0.0 or not 0 <= burn_in < n_sweeps:
        raise ModelError(
            f"weight_concentration_prior is {concentration}, n_sweeps {n_sweeps} and burn_in "
            f"{burn_in}; allowed are a "
            "concentration above 0 and 0 <= burn_in < n_sweeps"
        )
    prior = _check_prior(prior, points.shape[1]) if prior is not None else _default_prior(points)
    rng = np.random.default_rng(random_state)
    labels = np.arange(len(points), dtype=np.int64)  # merging mixes faster than splitting one cluster of all
    kept, log_joint = [], []
    for sweep in range(n_sweeps):
        clusters = _fill_clusters(
            points, prior, labels
        )  # computed anew, so that rounding errors do not accumulate over sweeps
        _sweep_once(clusters, labels, concentration, rng)
        labels = _relabel_by_appearance(labels)
        log_joint.append(log_partition_evidence(points, labels, prior, concentration))
        if sweep >= burn_in:
            kept.append(labels.copy())
    return GibbsRun(np.array(kept), np.array(log_joint))


def _fill_clusters(x: Float64Array, prior: NormalInverseWishart, labels: IntArray) -> _Clusters:
    clusters = _Clusters(x, prior)
    for point, label in enumerate(labels):
        clusters.add(point, int(label))
    return clusters


def _sweep_once(
    clusters: _Clusters, labels: IntArray, concentration: float, rng: np.random.Generator
) -> None:
    """One visit of every point in random order: leave its cluster, weigh all of them and a new one, join."""
    chances = rng.random(len(labels))
    for at, point in enumerate(rng.permutation(len(labels))):
        clusters.remove(int(point), int(labels[point]))
        live = np.flatnonzero(clusters.counts)
        fresh = int(np.argmin(clusters.counts))  # the first empty slot
        options = np.append(live, fresh)
        sizes = np.append(clusters.counts[live], concentration)
        logs = np.log(sizes) + clusters.log_predictive(int(point), options)
        edges = np.cumsum(np.exp(logs - logs.max()))
        choice = int(
            options[min(np.searchsorted(edges, chances[at] * edges[-1], side="right"), len(options) - 1)]
        )
        labels[point] = choice
        clusters.add(int(point), choice)


def _relabel_by_appearance(labels: IntArray) -> IntArray:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def log_partition_evidence(
    x: Float64Array, labels: IntArray, prior: NormalInverseWishart, concentration: float
) -> float:
    """log p(x, labels): the Chinese restaurant process times the evidence of every cluster.

    Parameters
    ----------
    x : (n, D)
    labels : (n,), the cluster of every point
    prior : of every cluster
    concentration : of the process, above 0

    Returns
    -------
    The log evidence in nats.

    References
    ----------
    Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", equation 266.

    """
    n_points, n_dims = x.shape
    total = gammaln(concentration) - gammaln(concentration + n_points)
    places = np.arange(n_dims, dtype=np.float64)
    before = (
        gammaln(0.5 * (prior.degrees_of_freedom - places)).sum()
        - 0.5 * prior.degrees_of_freedom * np.linalg.slogdet(prior.scale)[1]
    )
    for label in np.unique(labels):
        mine = x[labels == label]
        count, kappa = len(mine), prior.mean_precision + len(mine)
        middle, freedom = mine.mean(axis=0), prior.degrees_of_freedom + count
        centred, away = mine - middle, middle - prior.mean
        scale = (
            prior.scale + centred.T @ centred + (prior.mean_precision * count / kappa) * np.outer(away, away)
        )
        after = gammaln(0.5 * (freedom - places)).sum() - 0.5 * freedom * np.linalg.slogdet(scale)[1]
        total += np.log(concentration) + gammaln(count) + after - before
        total += 0.5 * n_dims * (np.log(prior.mean_precision / kappa) - count * np.log(np.pi))
    return float(total)


def _default_prior(x: Float64Array) -> NormalInverseWishart:
    mean, cov = moments(x, None)
    standardizer_of_points(mean, cov, "diag", 0.0, x.dtype)  # refuses constant dimensions by name
    n_dims = x.shape[1]
    return _check_prior(NormalInverseWishart(mean, 0.01, cov, n_dims + 2.0), n_dims)


def _check_prior(prior: NormalInverseWishart, n_dims: int) -> NormalInverseWishart:
    mean, scale = np.asarray(prior.mean, dtype=np.float64), np.asarray(prior.scale, dtype=np.float64)
    if mean.shape != (n_dims,) or scale.shape != (n_dims, n_dims):
        raise ModelError(
            f"the prior has mean {mean.shape} and scale {scale.shape}; x has {n_dims} dimensions"
        )
    if (
        prior.mean_precision <= 0.0
        or prior.degrees_of_freedom <= n_dims - 1.0
        or np.linalg.eigvalsh(scale)[0] <= 0.0
    ):
        raise ModelError(
            f"the prior has mean_precision {prior.mean_precision} and degrees_of_freedom "
            f"{prior.degrees_of_freedom}; allowed are above 0 and "
            f"above {n_dims - 1}, with a positive definite scale; "
            "reduce x with fit_pca if its dimensions depend"
        )
    return NormalInverseWishart(mean, float(prior.mean_precision), scale, float(prior.degrees_of_freedom))
