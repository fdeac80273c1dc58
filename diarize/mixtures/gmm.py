"""A Gaussian mixture as a frozen value: densities, labels, criteria, samples, files without pickle.

Its attributes and methods have the names, shapes and meanings of scikit-learn's ``GaussianMixture``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.gaussian import (
    Parameters,
    check_covariance_type,
    covariance_shape,
    draw_points,
    n_parameters,
    precision_cholesky,
)
from diarize.mixtures.quadratic_design import component_scores
from diarize.mixtures.standardize import standardizer_of_mixture
from diarize.mixtures.subnormals import exp_flush_to_zero
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights, freeze

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["DEFAULT_COVARIANCE_TYPE", "GMM", "Criteria", "log_sum_exp", "normalize_scores"]

DEFAULT_COVARIANCE_TYPE: Final = "full"
_ARRAYS: Final = ("weights_", "means_", "covariances_")


class Criteria(NamedTuple):
    """Log likelihood in nats, and the three criteria made from it: smaller is better."""

    log_likelihood: float
    bic: float
    aic: float
    icl: float


@dataclass(frozen=True, slots=True)
class GMM:
    """A mixture of K Gaussians in D dimensions.

    Parameters
    ----------
    weights_ : (K,), at least 0, sum 1
    means_ : (K, D)
    covariances_ : (K, D, D) for full, (D, D) for tied, (K, D) for diag, (K,) for spherical, () for
        tied_spherical
    covariance_type : 'full', 'tied', 'diag', 'spherical' or 'tied_spherical' (one variance for all)

    Raises
    ------
    ModelError
        When shapes disagree, weights are negative, or a covariance is not positive definite. Methods raise it
        for points that are not finite or have another number of dimensions, and for sample weights that are
        negative or all zero.

    """

    weights_: Float64Array
    means_: Float64Array
    covariances_: Float64Array
    covariance_type: str = DEFAULT_COVARIANCE_TYPE

    def __post_init__(self) -> None:
        check_covariance_type(self.covariance_type)
        for name in _ARRAYS:
            object.__setattr__(self, name, freeze(getattr(self, name)))
        _check_shapes(self)
        precision_cholesky(self.covariances_, self.covariance_type)

    @property
    def n_components(self) -> int:
        """K."""
        return len(self.weights_)

    @property
    def n_features_in_(self) -> int:
        """D."""
        return int(self.means_.shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of free parameters: K - 1 weights, the means, the covariances."""
        return n_parameters(self.covariance_type, self.n_components, self.n_features_in_)

    @property
    def precisions_cholesky_(self) -> Float64Array:
        """U with Σ⁻¹ = U Uᵀ in the shape of ``covariances_``: upper triangular, or 1/σ."""
        return precision_cholesky(self.covariances_, self.covariance_type)

    @property
    def precisions_(self) -> Float64Array:
        """Σ⁻¹ in the shape of ``covariances_``."""
        factors = self.precisions_cholesky_
        if self.covariance_type in ("full", "tied"):
            return np.asarray(factors @ factors.swapaxes(-1, -2), dtype=np.float64)
        return np.square(factors)

    @property
    def parameters(self) -> Parameters:
        """The four fields as a plain tuple."""
        return Parameters(self.weights_, self.means_, self.covariances_, self.covariance_type)

    @on_one_thread
    def score_samples(self, x: ArrayLike) -> Float64Array:
        """Log density of every point: log Σ_k π_k N(x; μ_k, Σ_k).

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), nats.

        """
        points = as_points(x, self.n_features_in_)
        out = np.empty(len(points), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = log_sum_exp(scores)
        return out

    def score(self, x: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Mean log density of the points.

        Parameters
        ----------
        x : (n, D), finite
        sample_weight : (n,), how often each point counts; once unless given

        Returns
        -------
        Nats per point.

        """
        log_density = self.score_samples(x)
        mass = as_weights(sample_weight, len(log_density))
        return float(log_density.mean() if mass is None else mass @ log_density / mass.sum())

    @on_one_thread
    def predict_proba(self, x: ArrayLike) -> Float64Array:
        """Responsibilities: the posterior probability of every component, for every point.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n, K); rows sum to 1.

        """
        points = as_points(x, self.n_features_in_)
        out = np.empty((len(points), self.n_components), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = normalize_scores(scores)
        return out

    @on_one_thread
    def predict(self, x: ArrayLike) -> IntArray:
        """The most probable component of every point.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), from 0 to K - 1; the first of equals.

        """
        points = as_points(x, self.n_features_in_)
        out = np.empty(len(points), dtype=np.int64)
        for part, scores in self._scores(points):
            out[part] = scores.argmax(axis=0)
        return out

    def aic(
        self, x: ArrayLike, sample_weight: ArrayLike | None = None, n_samples: float | None = None
    ) -> float:
        """Akaike's criterion 2 p - 2 log L, for p free parameters.

        Parameters
        ----------
        x, sample_weight, n_samples : as for ``criteria``

        Returns
        -------
        Nats, smaller is better.

        References
        ----------
        Akaike 1974, "A new look at the statistical model identification".

        """
        return self.criteria(x, sample_weight, n_samples).aic

    def bic(
        self, x: ArrayLike, sample_weight: ArrayLike | None = None, n_samples: float | None = None
    ) -> float:
        """Schwarz's criterion p log n - 2 log L, for p free parameters.

        Parameters
        ----------
        x, sample_weight, n_samples : as for ``criteria``

        Returns
        -------
        Nats, smaller is better.

        References
        ----------
        Schwarz 1978, "Estimating the dimension of a model".

        """
        return self.criteria(x, sample_weight, n_samples).bic

    def icl(
        self, x: ArrayLike, sample_weight: ArrayLike | None = None, n_samples: float | None = None
    ) -> float:
        """BIC plus twice the entropy of the responsibilities: clusters that overlap cost more.

        Parameters
        ----------
        x, sample_weight, n_samples : as for ``criteria``

        Returns
        -------
        Nats, smaller is better.

        References
        ----------
        Biernacki, Celeux & Govaert 2000, "Assessing a mixture model for clustering with the integrated
        completed likelihood".

        """
        return self.criteria(x, sample_weight, n_samples).icl

    @on_one_thread
    def criteria(
        self, x: ArrayLike, sample_weight: ArrayLike | None = None, n_samples: float | None = None
    ) -> Criteria:
        """Log likelihood, BIC, AIC and ICL from one pass.

        Parameters
        ----------
        x : (n, D), finite
        sample_weight : (n,), how often each point counts; once unless given
        n_samples : number of independent points, for correlated points; the log likelihood is then scaled to
            as many points, so that both terms use the same sample size

        Returns
        -------
        Nats: the log likelihood of all points, not scaled, and the criteria, smaller is better.

        Raises
        ------
        ModelError
            Also for an ``n_samples`` that is not above zero.

        """
        points = as_points(x, self.n_features_in_)
        mass = as_weights(sample_weight, len(points))
        total = float(len(points)) if mass is None else float(mass.sum())
        scale = 1.0 if n_samples is None else _positive_count(n_samples) / total
        fit, entropy = 0.0, 0.0
        for part, scores in self._scores(points):
            log_density = log_sum_exp(scores)
            logs = scores - log_density
            unsure = -np.einsum("kc,kc->c", exp_flush_to_zero(logs), np.maximum(logs, -1e300))
            fit += float(log_density.sum() if mass is None else mass[part] @ log_density)
            entropy += float(unsure.sum() if mass is None else mass[part] @ unsure)
        bic = self.n_parameters * float(np.log(scale * total)) - 2.0 * scale * fit
        return Criteria(fit, bic, 2.0 * (self.n_parameters - scale * fit), bic + 2.0 * scale * entropy)

    def sample(self, n_samples: int = 1, random_state: int = 0) -> tuple[Float64Array, IntArray]:
        """Draw points from the mixture, in random order, unlike scikit-learn's, which come by component.

        Parameters
        ----------
        n_samples : how many, at least 1
        random_state : the same number gives the same points

        Returns
        -------
        The points (n, D), and the component (n,) that each came from.

        Raises
        ------
        ModelError
            For fewer than one point.

        """
        if n_samples < 1:
            raise ModelError(f"n_samples is {n_samples}; allowed is at least 1")
        rng = np.random.default_rng(random_state)
        labels = rng.choice(self.n_components, size=n_samples, p=self.weights_).astype(np.int64)
        noise = rng.standard_normal((n_samples, self.n_features_in_))
        return draw_points(self.parameters, labels, noise), labels

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mixture as npz without pickle.

        Raises
        ------
        ModelError
            When the file cannot be written.

        """
        from diarize.mixtures.npz import save_arrays

        arrays = {name.rstrip("_"): getattr(self, name) for name in _ARRAYS}
        save_arrays(path, f"gmm-{self.covariance_type}", arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> GMM:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            For any other file, before memory is allocated for large arrays.

        """
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, [name.rstrip("_") for name in _ARRAYS])
        family, _, covariance_type = kind.partition("-")
        if family != "gmm":
            raise ModelError(
                f"{path} holds a {family}; allowed is a gmm; load it with the class that saved it"
            )
        fields = {f"{name}_": array for name, array in arrays.items()}
        return cls(**fields, covariance_type=covariance_type)

    def _scores(self, points: Points) -> Iterator[tuple[slice, Float64Array]]:
        """Slices of the points with the log joint densities (K, c) of them and every component."""
        return component_scores(points, self.parameters, standardizer_of_mixture(self.parameters))


def normalize_scores(scores: Float64Array) -> Float64Array:
    """Responsibilities (c, K) from log joint densities (K, c)."""
    shares = exp_flush_to_zero(scores - scores.max(axis=0))
    return np.asarray((shares / shares.sum(axis=0)).T, dtype=np.float64)


def log_sum_exp(scores: Float64Array) -> Float64Array:
    """Log densities (c,) from log joint densities (K, c)."""
    top = scores.max(axis=0)
    return np.asarray(top + np.log(exp_flush_to_zero(scores - top).sum(axis=0)), dtype=np.float64)


def _positive_count(n_samples: float) -> float:
    if not n_samples > 0.0:
        raise ModelError(
            f"n_samples is {n_samples}; allowed is a number above zero; leave it out for the count"
        )
    return float(n_samples)


def _check_shapes(gmm: GMM) -> None:
    if gmm.means_.ndim != 2 or gmm.means_.size == 0 or gmm.weights_.shape != (len(gmm.means_),):
        raise ModelError(
            f"weights have shape {gmm.weights_.shape} and means {gmm.means_.shape}; "
            "allowed are (K,) and (K, D)"
        )
    wanted = covariance_shape(gmm.covariance_type, *gmm.means_.shape)
    if gmm.covariances_.shape != wanted:
        raise ModelError(
            f"covariances have shape {gmm.covariances_.shape}; {gmm.covariance_type} with means "
            f"{gmm.means_.shape} needs {wanted}; check covariance_type"
        )
    if not all(np.isfinite(array).all() for array in (gmm.weights_, gmm.means_, gmm.covariances_)):
        raise ModelError("the mixture holds NaN or infinity; allowed are finite numbers")
    if (gmm.weights_ < 0.0).any() or abs(float(gmm.weights_.sum()) - 1.0) > 1e-6:
        raise ModelError(
            f"weights sum to {gmm.weights_.sum():.6g} with least {gmm.weights_.min():.3g}; divide by the sum"
        )
