"""Fit a mixture to points, with a trace of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import EMRun, EMSettings, FitData, em_run
from diarize.mixtures.gaussian import TIED, Parameters, cast_covariances, check_covariance_type
from diarize.mixtures.gmm import DEFAULT_COVARIANCE_TYPE, GMM
from diarize.mixtures.init import InitSettings, initial_parameters, parameters_from_means
from diarize.mixtures.standardize import moments, standardize, standardizer_of_points, unstandardize
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights, freeze

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["FitTrace", "fit_data", "fit_gmm"]

DEFAULT_INIT: Final = "k-means++"
DEFAULT_MAX_ITER: Final = 200
DEFAULT_TOL: Final = 1e-4  # nats per point: a hundredth of what the choice of a component needs
DEFAULT_REG_COVAR: Final = 1e-6  # share of the variance of the data
DEFAULT_N_INIT: Final = 5
SUBSAMPLE: Final = 10_000  # restarts run on at most this many points; the best one continues with all


@dataclass(frozen=True, slots=True)
class FitTrace:
    """How a fit went.

    Parameters
    ----------
    lower_bounds_ : (n_iter_ + 1,), mean log density in nats per point, first of the start, last of the
        mixture returned; they never fall (after a repair they start again)
    converged_ : whether the last step gained less than ``tol``
    start : the name of the start
    restarts : final bound of every start that competed
    floored : components whose variance lies at the floor
    repaired : components that vanished and were moved to the points with the lowest density
    notes : remarks, one line each

    """

    lower_bounds_: Float64Array
    converged_: bool
    start: str
    restarts: tuple[float, ...] = ()
    floored: tuple[int, ...] = ()
    repaired: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounds = freeze(self.lower_bounds_)
        if bounds.ndim != 1 or not len(bounds) or (np.diff(bounds) < 0.0).any():
            raise ModelError("bounds of a fit must be one row of numbers that never fall")
        object.__setattr__(self, "lower_bounds_", bounds)

    @property
    def n_iter_(self) -> int:
        """Steps from the first bound to the last."""
        return len(self.lower_bounds_) - 1

    @property
    def lower_bound_(self) -> float:
        """The bound of what the fit returned, nats per point."""
        return float(self.lower_bounds_[-1])


@on_one_thread
def fit_gmm(
    x: ArrayLike,
    n_components: int = 1,
    covariance_type: str = DEFAULT_COVARIANCE_TYPE,
    *,
    tol: float = DEFAULT_TOL,
    reg_covar: float = DEFAULT_REG_COVAR,
    max_iter: int = DEFAULT_MAX_ITER,
    n_init: int = DEFAULT_N_INIT,
    init_params: str | GMM | ArrayLike = DEFAULT_INIT,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
) -> tuple[GMM, FitTrace]:
    """Fit a mixture of Gaussians by expectation-maximisation.

    Float32 points are processed in float32 with sums in float64; parameters are always float64. Components
    are sorted by weight, largest first; a fit from a GMM or from means keeps the given order.

    Parameters
    ----------
    x : (n, D), finite
    n_components : K, from 1 to n
    covariance_type : 'full', 'tied', 'diag', 'spherical' or 'tied_spherical' (one variance for all)
    tol : stop when a step gains less than this, nats per point
    reg_covar : least variance of a component, as a share of the variance of the data in the same direction
    max_iter : largest number of steps
    n_init : number of starts, which run on at most 10 000 points; the best one continues with all
    init_params : 'k-means++', 'kmeans', 'random_from_data', 'random' (responsibilities), a GMM to go on
        from, or means (K, D)
    random_state : the same number gives the same bits on one machine, whatever the number of BLAS threads
    sample_weight : (n,), how often each point counts; once unless given

    Returns
    -------
    The mixture, and how the fit went.

    Raises
    ------
    ModelError
        For points that are not finite (n, D), fewer points than components, constant dimensions, settings
        out of range, and fits that become singular.

    References
    ----------
    Dempster, Laird & Rubin 1977, "Maximum likelihood from incomplete data via the EM algorithm".

    """
    points, settings = as_points(x), EMSettings(max_iter, tol, reg_covar)
    _check_settings(len(points), n_components, settings, n_init)
    mass = as_weights(sample_weight, len(points))
    data = fit_data(points, mass, check_covariance_type(covariance_type), reg_covar)
    if isinstance(init_params, str):
        start = InitSettings(init_params, n_components, covariance_type, n_init, random_state)
        run, restarts = _fresh_run(data, start, settings)
        order, name = _canonical_order(run.parameters), init_params
    else:
        run, restarts = (
            em_run(data, _given_start(init_params, n_components, covariance_type, data), settings),
            (),
        )
        order, name = (
            np.arange(n_components),
            "given mixture" if isinstance(init_params, GMM) else "given means",
        )
    return _mixture(run, data, order), _trace(run, order, name, restarts)


def fit_data(x: Points, weights: Float64Array | None, covariance_type: str, reg_covar: float) -> FitData:
    """The points with standardised coordinates, total weight and scatter for EM.

    Raises ModelError for constant dimensions.
    """
    mean, cov = moments(x, weights)
    standardizer = standardizer_of_points(mean, cov, covariance_type, reg_covar, x.dtype)
    total = float(len(x)) if weights is None else float(weights.sum())
    away = standardizer.forward @ (mean - standardizer.shift)
    scatter = total * (standardizer.forward @ cov @ standardizer.forward.T + np.outer(away, away))
    return FitData(x, weights, standardizer, total, scatter)


def _fresh_run(data: FitData, start: InitSettings, settings: EMSettings) -> tuple[EMRun, tuple[float, ...]]:
    """The best of several runs, each from its own start on a subsample; and where each of them ended."""
    rng = np.random.default_rng(start.random_state)
    sample = _subsample(data, start.n_components, rng)
    runs = [_one_run(sample, start, settings, rng) for _ in range(start.n_init)]
    best = max(runs, key=lambda run: run.bounds[-1])
    finals = tuple(run.bounds[-1] for run in runs)
    return (best if sample is data else em_run(data, best.parameters, settings)), finals


def _one_run(sample: FitData, start: InitSettings, settings: EMSettings, rng: np.random.Generator) -> EMRun:
    first = initial_parameters(sample, start, settings.reg_covar, rng)
    return em_run(sample, first, settings)


def _subsample(data: FitData, n_components: int, rng: np.random.Generator) -> FitData:
    size = max(SUBSAMPLE, 50 * n_components)
    if len(data.x) <= size:
        return data
    chosen = np.sort(rng.choice(len(data.x), size=size, replace=False))
    weights = None if data.weights is None else data.weights[chosen]
    total = float(size) if weights is None else float(weights.sum())
    z = (data.x[chosen] - data.standardizer.shift) @ data.standardizer.forward.T
    scatter = z.T @ (z if weights is None else weights[:, None] * z)
    return FitData(data.x[chosen], weights, data.standardizer, total, scatter)


def _given_start(init: GMM | ArrayLike, n_components: int, covariance_type: str, data: FitData) -> Parameters:
    n_dims = data.x.shape[1]
    if isinstance(init, GMM):
        _check_given((init.n_components, init.n_features_in_), (n_components, n_dims))
        cast = init.parameters._replace(
            covariances=cast_covariances(init.parameters, covariance_type), covariance_type=covariance_type
        )
        return standardize(cast, data.standardizer)
    means = np.asarray(as_points(init), dtype=np.float64)
    _check_given(means.shape, (n_components, n_dims))
    return parameters_from_means(
        (means - data.standardizer.shift) @ data.standardizer.forward.T, covariance_type
    )


def _check_given(given: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if given != wanted:
        raise ModelError(
            f"init_params has {given} components by dimensions; this fit needs {wanted}; pass one that agrees"
        )


def _canonical_order(parameters: Parameters) -> IntArray:
    """Heaviest first; equal weights by their means from the first dimension on."""
    keys = [*parameters.means.T[::-1], -parameters.weights]
    return np.lexsort(keys).astype(np.int64)


def _mixture(run: EMRun, data: FitData, order: IntArray) -> GMM:
    local = run.parameters
    covariances = local.covariances if local.covariance_type in TIED else local.covariances[order]
    ordered = Parameters(local.weights[order], local.means[order], covariances, local.covariance_type)
    return GMM(*unstandardize(ordered, data.standardizer))


def _trace(run: EMRun, order: IntArray, start: str, restarts: tuple[float, ...]) -> FitTrace:
    place = np.argsort(order)
    floored = tuple(sorted(int(place[k]) for k in run.floored))
    repaired = tuple(sorted({int(place[k]) for k in run.repaired}))
    notes = [
        (not run.converged, f"stopped after {len(run.bounds) - 1} steps before the gain fell below tol"),
        (
            bool(floored),
            f"components {floored} lie at the floor: duplicates, or dimensions that depend; see fit_pca",
        ),
        (bool(repaired), f"components {repaired} vanished and were moved to where the mixture fitted worst"),
    ]
    said = tuple(text for happened, text in notes if happened)
    return FitTrace(np.array(run.bounds), run.converged, start, restarts, floored, repaired, said)


def _check_settings(n: int, n_components: int, settings: EMSettings, n_init: int) -> None:
    max_iter, tol, reg_covar = settings
    if not 1 <= n_components <= n:
        raise ModelError(
            f"n_components is {n_components} for {n} points; allowed are 1 to {n}; "
            "take fewer components or more data"
        )
    if max_iter < 0 or n_init < 1:
        raise ModelError(f"max_iter is {max_iter} and n_init {n_init}; allowed are at least 0 and at least 1")
    if not 0.0 <= reg_covar < 1.0 or np.isnan(tol):
        raise ModelError(
            f"reg_covar is {reg_covar} and tol {tol}; "
            "allowed are 0 <= reg_covar < 1 and any number; try the defaults"
        )
