"""The variational posterior of a Bayesian mixture, what it says about points, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.conjugate import expected_sticks, stick_parameters
from diarize.mixtures.gaussian import TIED, Parameters
from diarize.mixtures.gmm import GMM, log_sum_exp, normalize_scores
from diarize.mixtures.quadratic_design import component_scores
from diarize.mixtures.standardize import standardizer_of_mixture
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, freeze
from diarize.mixtures.variational import (
    expected_log_weights,
    score_offsets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["WEIGHT_PRIOR_TYPES", "BayesianGMM"]

WEIGHT_PRIOR_TYPES: Final = ("dirichlet_process", "dirichlet_distribution")
_ARRAYS: Final = ("counts_", "mean_precision_", "degrees_of_freedom_", "means_", "covariances_")
_PRIOR: Final = "weight_concentration_prior"
USED: Final = 1.0  # a component with fewer expected points than this is unused


@dataclass(frozen=True, slots=True)
class BayesianGMM:
    """The variational posterior of a mixture with at most K components.

    Components come largest first under a Dirichlet distribution and in the order of the sticks under a
    Dirichlet process.

    Parameters
    ----------
    counts_ : (K,), expected points of each component
    mean_precision_ : (K,), precision of the posterior means, in points
    degrees_of_freedom_ : (K,), of the posterior precisions, in points
    means_ : (K, D), their expectations
    covariances_ : the inverses of the expected precisions, shaped by ``covariance_type`` as in ``GMM``
    covariance_type : 'full', 'tied', 'diag' or 'spherical'
    weight_concentration_prior_type : 'dirichlet_process' or 'dirichlet_distribution'
    weight_concentration_prior : what the fit was given

    Raises
    ------
    ModelError
        When the numbers of components disagree, or values are impossible for a fit. Methods raise it for
        points that are not finite or have another number of dimensions.

    """

    counts_: Float64Array
    mean_precision_: Float64Array
    degrees_of_freedom_: Float64Array
    means_: Float64Array
    covariances_: Float64Array
    covariance_type: str
    weight_concentration_prior_type: str
    weight_concentration_prior: float

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, freeze(getattr(self, name)))
        _check_posterior(self)

    @property
    def n_components(self) -> int:
        """K."""
        return len(self.counts_)

    @property
    def weights_(self) -> Float64Array:
        """Expected weights (K,) of the components."""
        if self.weight_concentration_prior_type == "dirichlet_distribution":
            held = self.counts_ + self.weight_concentration_prior
            return np.asarray(held / held.sum(), dtype=np.float64)
        return expected_sticks(*stick_parameters(self.counts_, self.weight_concentration_prior))

    @property
    def used(self) -> IntArray:
        """Indices of the components with at least one expected point."""
        return np.flatnonzero(self.counts_ >= USED).astype(np.int64)

    @property
    def n_used(self) -> int:
        """Number of used components."""
        return len(self.used)

    @property
    def gmm(self) -> GMM:
        """The expected mixture of the used components, pruned of the others."""
        used = self.used
        covariances = self.covariances_ if self.covariance_type in TIED else self.covariances_[used]
        weights = self.counts_[used] / self.counts_[used].sum()
        return GMM(weights, self.means_[used], covariances, self.covariance_type)

    @on_one_thread
    def predict_proba(self, x: ArrayLike) -> Float64Array:
        """Responsibilities: the variational posterior q of every component, for every point.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n, K) with every component, used or not; rows sum to 1.

        """
        points = as_points(x, self.means_.shape[1])
        out = np.empty((len(points), self.n_components), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = normalize_scores(scores)
        return out

    def predict(self, x: ArrayLike) -> IntArray:
        """The most probable component of every point.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), from 0 to K - 1; the first of equals.

        """
        return np.asarray(self.predict_proba(x).argmax(axis=1), dtype=np.int64)

    @on_one_thread
    def score_samples(self, x: ArrayLike) -> Float64Array:
        """The contribution of every point to the bound, as scikit-learn's BayesianGaussianMixture has it.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        (n,), nats: log Σ_k exp E[log π_k N(x; μ_k, Λ_k⁻¹)]; at most the log of the expected density.

        References
        ----------
        Bishop 2006, "Pattern Recognition and Machine Learning", section 10.2, equation 10.46.

        """
        points = as_points(x, self.means_.shape[1])
        out = np.empty(len(points), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = log_sum_exp(scores)
        return out

    def score(self, x: ArrayLike) -> float:
        """Mean contribution of the points to the bound.

        Parameters
        ----------
        x : (n, D), finite

        Returns
        -------
        Nats per point, the mean of ``score_samples``.

        """
        return float(self.score_samples(x).mean())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the posterior as npz without pickle.

        Raises
        ------
        ModelError
            When the file cannot be written.

        """
        from diarize.mixtures.npz import save_arrays

        arrays = {name.rstrip("_"): getattr(self, name) for name in _ARRAYS}
        prior = np.array([self.weight_concentration_prior], dtype=np.float64)
        kind = f"variational-{self.covariance_type}-{self.weight_concentration_prior_type}"
        save_arrays(path, kind, {**arrays, _PRIOR: prior})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> BayesianGMM:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            For any other file, before memory is allocated for large arrays.

        """
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, [*(name.rstrip("_") for name in _ARRAYS), _PRIOR])
        family, covariance_type, prior_type = (*kind.split("-", 2), "", "")[:3]
        prior = arrays.pop(_PRIOR)
        if family != "variational" or prior_type not in WEIGHT_PRIOR_TYPES or prior.shape != (1,):
            raise ModelError(
                f"{path} holds a {family}; allowed is a variational mixture; "
                "load it with the class that saved it"
            )
        fields = {f"{name}_": array for name, array in arrays.items()}
        return cls(
            **fields,
            covariance_type=covariance_type,
            weight_concentration_prior_type=prior_type,
            weight_concentration_prior=float(prior[0]),
        )

    def _scores(self, points: Points) -> Iterator[tuple[slice, Float64Array]]:
        """Slices of the points with the expected log joint densities (K, c) of them and every component."""
        parameters = Parameters(self.weights_, self.means_, self.covariances_, self.covariance_type)
        offsets = expected_log_weights(
            self.counts_, self.weight_concentration_prior_type, self.weight_concentration_prior
        ) + score_offsets(self.mean_precision_, self.degrees_of_freedom_, points.shape[1])
        return component_scores(points, parameters, standardizer_of_mixture(parameters), offsets)


def _check_posterior(found: BayesianGMM) -> None:
    """Raises ModelError for values that are impossible for a fit."""
    n = len(found.means_)
    if any(getattr(found, name).shape != (n,) for name in _ARRAYS[:3]):
        raise ModelError(
            "counts_, mean_precision_, degrees_of_freedom_ and means_ must have one row per component"
        )
    GMM(np.full(n, 1 / max(n, 1)), found.means_, found.covariances_, found.covariance_type)
    freedom = found.degrees_of_freedom_.min() - found.means_.shape[1] + 1
    positive = found.mean_precision_.min(), freedom, found.weight_concentration_prior, found.counts_.sum()
    if found.counts_.min() < 0 or not min(positive) > 0:
        raise ModelError(
            "counts below 0, or a precision, degrees of freedom or prior too small for a posterior; "
            "pass what save() wrote"
        )
