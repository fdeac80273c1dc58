"""Bayesian mixtures by variational inference: the weight of unneeded components goes to zero.

Bishop (2006, section 10.2) for the updates; Blei & Jordan (2006) for stick-breaking weights, the truncated
Dirichlet process. The E-step is that of EM with expected log weights and precisions, so it uses the same
code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.bayesian import USED, WEIGHT_PRIOR_TYPES, BayesianGMM
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
from diarize.mixtures.gaussian import TIED, check_covariance_type
from diarize.mixtures.gmm import DEFAULT_COVARIANCE_TYPE, GMM
from diarize.mixtures.init import InitSettings, initial_responsibilities
from diarize.mixtures.standardize import standardize, unstandardize
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights
from diarize.mixtures.variational import (
    Posterior,
    Prior,
    VariationalRun,
    posterior_of,
    variational_run,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.em import SufficientStatistics

__all__ = ["fit_bayesian_gmm"]

DEFAULT_MEAN_PRECISION: Final = 1.0


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
    unused = int((posterior.counts < USED).sum())
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
