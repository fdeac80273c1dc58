"""Bayesian mixtures by variational inference: the weight of unneeded components goes to zero.

Bishop (2006, section 10.2) for the updates; Blei & Jordan (2006) for stick-breaking weights, the truncated
Dirichlet process. The E-step is that of EM with expected log weights and precisions, so it uses the same
code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.conjugate import expected_sticks, stick_parameters
from diarize.mixtures.em import FitData, e_step, gather_statistics
from diarize.mixtures.fitting import (
    DEFAULT_INIT,
    DEFAULT_MAX_ITER,
    DEFAULT_N_INIT,
    DEFAULT_REG_COVAR,
    DEFAULT_TOL,
    FitTrace,
    fit_data,
)
from diarize.mixtures.gaussian import TIED, Parameters, check_covariance_type
from diarize.mixtures.gmm import DEFAULT_COVARIANCE_TYPE, GMM, log_sum_exp, normalize_scores
from diarize.mixtures.init import InitSettings, initial_responsibilities
from diarize.mixtures.quadratic_design import component_scores
from diarize.mixtures.standardize import standardize, standardizer_of_mixture, unstandardize
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights, freeze
from diarize.mixtures.variational import (
    Posterior,
    Prior,
    VariationalRun,
    expected_log_weights,
    posterior_of,
    score_offsets,
    variational_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.em import SufficientStatistics
    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["WEIGHT_PRIOR_TYPES", "BayesianGMM", "fit_bayesian_gmm"]

WEIGHT_PRIOR_TYPES: Final = ("dirichlet_process", "dirichlet_distribution")
DEFAULT_MEAN_PRECISION: Final = 1.0
_ARRAYS: Final = ("counts_", "mean_precision_", "degrees_of_freedom_", "means_", "covariances_")
_PRIOR: Final = "weight_concentration_prior"
_USED: Final = 1.0  # a component with fewer expected points than this is unused


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
        When the numbers of components disagree, or values are impossible for a fit.

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
        return np.flatnonzero(self.counts_ >= _USED).astype(np.int64)

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
        """Variational q(component | point) for x (n, D): (n, K) with every component, used or not."""
        points = as_points(x, self.means_.shape[1])
        out = np.empty((len(points), self.n_components), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = normalize_scores(scores)
        return out

    def predict(self, x: ArrayLike) -> IntArray:
        """The most probable component of every point of x (n, D): (n,)."""
        return np.asarray(self.predict_proba(x).argmax(axis=1), dtype=np.int64)

    @on_one_thread
    def score_samples(self, x: ArrayLike) -> Float64Array:
        """The contribution of every point of x (n, D) to the bound, nats (n,): log density at the expected
        logarithms of weights and precisions.
        """
        points = as_points(x, self.means_.shape[1])
        out = np.empty(len(points), dtype=np.float64)
        for part, scores in self._scores(points):
            out[part] = log_sum_exp(scores)
        return out

    def score(self, x: ArrayLike) -> float:
        """Mean of ``score_samples`` over the points of x (n, D)."""
        return float(self.score_samples(x).mean())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the posterior as npz without pickle."""
        from diarize.mixtures.npz import save_arrays

        arrays = {name.rstrip("_"): getattr(self, name) for name in _ARRAYS}
        prior = np.array([self.weight_concentration_prior], dtype=np.float64)
        kind = f"variational-{self.covariance_type}-{self.weight_concentration_prior_type}"
        save_arrays(path, kind, {**arrays, _PRIOR: prior})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> BayesianGMM:
        """Read what `save` wrote. Raises ModelError for anything else, before any large array is read."""
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


@on_one_thread
def fit_bayesian_gmm(
    x: ArrayLike,
    n_components: int = 1,
    covariance_type: str = DEFAULT_COVARIANCE_TYPE,
    *,
    tol: float = DEFAULT_TOL,
    max_iter: int = DEFAULT_MAX_ITER,
    n_init: int = DEFAULT_N_INIT,
    init_params: str | GMM = DEFAULT_INIT,
    weight_concentration_prior_type: str = WEIGHT_PRIOR_TYPES[0],
    weight_concentration_prior: float | None = None,
    mean_precision_prior: float = DEFAULT_MEAN_PRECISION,
    degrees_of_freedom_prior: float | None = None,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
) -> tuple[BayesianGMM, FitTrace]:
    """Variational posterior of a mixture with at most ``n_components`` Gaussians.

    The prior mean and covariance are those of the data.

    Parameters
    ----------
    x : (n, D), finite
    n_components : K, from 1 to n; the weight of unneeded components goes to zero
    covariance_type : 'full', 'tied', 'diag' or 'spherical'
    tol, max_iter, n_init, random_state, sample_weight : as for ``fit_gmm``
    init_params : the name of a start as for ``fit_gmm``, or a GMM of the same shape
    weight_concentration_prior_type : 'dirichlet_process' or 'dirichlet_distribution'
    weight_concentration_prior : 1 / n_components unless given; smaller uses fewer components
    mean_precision_prior : how many points the prior mean counts for
    degrees_of_freedom_prior : how many points the prior covariance counts for, above D - 1; D unless given

    Returns
    -------
    The posterior, and how the fit went, with evidence lower bounds in nats per point.

    Raises
    ------
    ModelError
        As ``fit_gmm`` does.

    References
    ----------
    Bishop 2006, "Pattern Recognition and Machine Learning", section 10.2; Blei & Jordan 2006, "Variational
    inference for Dirichlet process mixtures".

    """
    points = as_points(x)
    mass = as_weights(sample_weight, len(points))
    if check_covariance_type(covariance_type) == "tied_spherical":
        raise ModelError(
            "covariance_type is 'tied_spherical', which has no prior here; try 'spherical' or 'tied'"
        )
    _check_request(len(points), n_components, weight_concentration_prior_type, n_init, max_iter)
    held = 1.0 / n_components if weight_concentration_prior is None else weight_concentration_prior
    data = fit_data(points, mass, covariance_type, DEFAULT_REG_COVAR)
    prior = _prior(
        data, weight_concentration_prior_type, held, mean_precision_prior, degrees_of_freedom_prior
    )
    name = init_params if isinstance(init_params, str) else "given mixture"
    n_starts = n_init if isinstance(init_params, str) else 1
    start = InitSettings(name, n_components, covariance_type, n_starts, random_state)
    runs = [
        variational_run(data, posterior_of(first, prior, data, covariance_type), prior, max_iter, tol)
        for first in _first_statistics(data, start, init_params)
    ]
    best = max(runs, key=lambda run: run.bounds[-1])
    return _model(best.posterior, prior, data), _trace(best, name, [run.bounds[-1] for run in runs])


def _first_statistics(data: FitData, start: InitSettings, init: str | GMM) -> list[SufficientStatistics]:
    """The statistics that each start begins with."""
    if isinstance(init, str):
        rng = np.random.default_rng(start.random_state)
        rows = (initial_responsibilities(data, start, rng) for _ in range(start.n_init))
        return [gather_statistics(data, r, start.covariance_type) for r in rows]
    given = (init.n_components, init.n_features_in_, init.covariance_type)
    wanted = (start.n_components, data.x.shape[1], start.covariance_type)
    if given != wanted:
        raise ModelError(
            f"init_params has components, dimensions, covariance {given}; "
            f"allowed are {wanted}; fit one like it"
        )
    return [e_step(data, standardize(init.parameters, data.standardizer))]


def _prior(
    data: FitData, weights: str, concentration: float, mean_precision: float, freedom: float | None
) -> Prior:
    n_dims = data.x.shape[1]
    held = float(n_dims) if freedom is None else freedom
    if concentration <= 0.0 or mean_precision <= 0.0 or held <= n_dims - 1.0:
        raise ModelError(
            f"weight_concentration_prior is {concentration}, mean_precision_prior {mean_precision} and "
            f"degrees_of_freedom_prior {held}; "
            f"allowed are numbers above 0, 0 and {n_dims - 1}; leave them out for the defaults"
        )
    unbiased = data.total / (data.total - 1.0) if data.total > 1.0 else 1.0
    # in standardised coordinates the mean of the data is 0 up to rounding
    mean = np.zeros(n_dims, dtype=np.float64)
    return Prior(weights, concentration, mean, mean_precision, held, unbiased)


def _model(posterior: Posterior, prior: Prior, data: FitData) -> BayesianGMM:
    order = np.arange(len(posterior.counts))
    if prior.weights == "dirichlet_distribution":
        order = np.argsort(-posterior.counts, kind="stable")
    mixture = unstandardize(posterior.mixture, data.standardizer)
    covariances = mixture.covariances if mixture.covariance_type in TIED else mixture.covariances[order]
    return BayesianGMM(
        posterior.counts[order],
        posterior.precision[order],
        posterior.freedom[order],
        mixture.means[order],
        covariances,
        mixture.covariance_type,
        prior.weights,
        prior.concentration,
    )


def _trace(run: VariationalRun, start: str, finals: list[float]) -> FitTrace:
    posterior, bounds, converged = run
    unused = int((posterior.counts < _USED).sum())
    notes = [] if converged else [f"stopped after {len(bounds) - 1} steps before the gain fell below tol"]
    notes += [f"{unused} of {len(posterior.counts)} components are unused"] if unused else []
    return FitTrace(np.array(bounds), converged, start, tuple(finals), notes=tuple(notes))


def _check_request(n_points: int, n_components: int, prior_type: str, n_init: int, max_iter: int) -> None:
    if prior_type not in WEIGHT_PRIOR_TYPES:
        raise ModelError(
            f"weight_concentration_prior_type is {prior_type!r}; allowed are {', '.join(WEIGHT_PRIOR_TYPES)}"
        )
    if not 1 <= n_components <= n_points:
        raise ModelError(
            f"n_components is {n_components} for {n_points} points; "
            f"allowed are 1 to {n_points}; take fewer components"
        )
    if n_init < 1 or max_iter < 1:
        raise ModelError(f"n_init is {n_init} and max_iter {max_iter}; allowed are at least 1")
