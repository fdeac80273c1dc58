"""Fitting: from points to a mixture and the trace of how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import Run, Schedule, Target, em_run
from diarize.mixtures.gaussian import Parameters, cast_covariances, check_covariance_name
from diarize.mixtures.gmm import DEFAULT_COVARIANCE, GMM
from diarize.mixtures.init import Start, parameters_from_means, start_parameters
from diarize.mixtures.standardize import chart_of_points, into_chart, moments, out_of_chart
from diarize.mixtures.validation import as_points, as_weights, frozen

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["FitTrace", "data_target", "fit_gmm"]

DEFAULT_START: Final = "k-means++"
DEFAULT_MAX_ITER: Final = 200
DEFAULT_TOL: Final = 1e-4  # nats per point: a hundredth of what one decision between components needs
DEFAULT_FLOOR: Final = 1e-6  # share of the variance of the data
DEFAULT_RESTARTS: Final = 5
SUBSAMPLE: Final = 10_000  # restarts compete on at most this many points; the best one goes on with all


@dataclass(frozen=True, slots=True)
class FitTrace:
    """How a fit went.

    bounds (n_iter + 1,): mean log density in nats per point, first of the start, last of the mixture
    returned; they never fall (after a repair they start again). restarts: final bound of every start that
    competed. floored, repaired: components whose variance lies at the floor, and components that vanished
    and were moved to where the mixture fitted worst. notes: one line for each thing worth knowing.
    """

    bounds: Float64Array
    converged: bool
    start: str
    restarts: tuple[float, ...] = ()
    floored: tuple[int, ...] = ()
    repaired: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bounds = frozen(self.bounds)
        if bounds.ndim != 1 or not len(bounds) or (np.diff(bounds) < 0.0).any():
            raise ModelError("bounds of a fit must be one row of numbers that never fall")
        object.__setattr__(self, "bounds", bounds)

    @property
    def n_iter(self) -> int:
        """Steps from the first bound to the last."""
        return len(self.bounds) - 1


def fit_gmm(
    x: ArrayLike,
    n_components: int,
    covariance: str = DEFAULT_COVARIANCE,
    *,
    init: str | GMM | ArrayLike = DEFAULT_START,
    weights: ArrayLike | None = None,
    max_iter: int = DEFAULT_MAX_ITER,
    tol: float = DEFAULT_TOL,
    floor: float = DEFAULT_FLOOR,
    n_init: int = DEFAULT_RESTARTS,
    seed: int = 0,
) -> tuple[GMM, FitTrace]:
    """Fit a mixture of `n_components` Gaussians to x (n, D) by EM (Dempster, Laird & Rubin 1977).

    covariance: full, tied, diag or spherical. init: 'k-means++', 'k-means', 'random points', 'random
    responsibilities', a GMM to go on from, or means (K, D). weights (n,): how often each point counts.
    Stops when a step gains less than `tol` nats per point, or after `max_iter` steps. floor: least variance
    of a component as a share of the variance of the data in the same direction. n_init starts compete on at
    most 10 000 points and the best one goes on with all. The same seed gives the same bits on the same
    machine and number of BLAS threads.

    Float32 points are worked on in float32 with sums in float64; parameters are always float64. Components
    of a fresh fit come heaviest first; a fit from a GMM or from means keeps their order.

    Raises ModelError for points that are not finite (n, D), fewer points than components, constant
    dimensions, settings out of range, and fits that become singular.
    """
    points, schedule = as_points(x), Schedule(max_iter, tol, floor)
    _check_settings(len(points), n_components, schedule, n_init)
    target = data_target(points, as_weights(weights, len(points)), check_covariance_name(covariance), floor)
    if isinstance(init, str):
        run, restarts = _fresh_run(target, Start(init, n_components, covariance, n_init, seed), schedule)
        order, name = _canonical_order(run.parameters), init
    else:
        run, restarts = em_run(target, _given_start(init, n_components, covariance, target), schedule), ()
        order, name = np.arange(n_components), "given mixture" if isinstance(init, GMM) else "given means"
    return _mixture(run, target, order), _trace(run, order, name, restarts)


def data_target(x: Points, weights: Float64Array | None, covariance: str, floor: float) -> Target:
    """The points with the chart, total weight and scatter that EM needs. Raises ModelError for constant
    dimensions.
    """
    mean, cov = moments(x, weights)
    chart = chart_of_points(mean, cov, covariance, floor, x.dtype)
    total = float(len(x)) if weights is None else float(weights.sum())
    away = chart.forward @ (mean - chart.shift)
    scatter = total * (chart.forward @ cov @ chart.forward.T + np.outer(away, away))
    return Target(x, weights, chart, total, scatter)


def _fresh_run(target: Target, start: Start, schedule: Schedule) -> tuple[Run, tuple[float, ...]]:
    """The best of several runs, each from its own start on a subsample; and where each of them ended."""
    rng = np.random.default_rng(start.seed)
    sample = _subsample(target, start.n_components, rng)
    runs = [_one_run(sample, start, schedule, rng) for _ in range(start.n_init)]
    best = max(runs, key=lambda run: run.bounds[-1])
    finals = tuple(run.bounds[-1] for run in runs)
    return (best if sample is target else em_run(target, best.parameters, schedule)), finals


def _one_run(sample: Target, start: Start, schedule: Schedule, rng: np.random.Generator) -> Run:
    first = start_parameters(sample, start, schedule.floor, rng)
    return em_run(sample, first, schedule)


def _subsample(target: Target, n_components: int, rng: np.random.Generator) -> Target:
    size = max(SUBSAMPLE, 50 * n_components)
    if len(target.x) <= size:
        return target
    chosen = np.sort(rng.choice(len(target.x), size=size, replace=False))
    weights = None if target.weights is None else target.weights[chosen]
    total = float(size) if weights is None else float(weights.sum())
    z = (target.x[chosen] - target.chart.shift) @ target.chart.forward.T
    scatter = z.T @ (z if weights is None else weights[:, None] * z)
    return Target(target.x[chosen], weights, target.chart, total, scatter)


def _given_start(init: GMM | ArrayLike, n_components: int, covariance: str, target: Target) -> Parameters:
    n_dims = target.x.shape[1]
    if isinstance(init, GMM):
        _check_given((init.n_components, init.n_dims), (n_components, n_dims))
        cast = init.parameters._replace(
            covariances=cast_covariances(init.parameters, covariance), covariance=covariance
        )
        return into_chart(cast, target.chart)
    means = np.asarray(as_points(init), dtype=np.float64)
    _check_given(means.shape, (n_components, n_dims))
    return parameters_from_means((means - target.chart.shift) @ target.chart.forward.T, covariance)


def _check_given(given: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if given != wanted:
        raise ModelError(
            f"init has {given} components by dimensions; this fit needs {wanted}; pass one that agrees"
        )


def _canonical_order(parameters: Parameters) -> IntArray:
    """Heaviest first; equal weights by their means from the first dimension on."""
    keys = [*parameters.means.T[::-1], -parameters.weights]
    return np.lexsort(keys).astype(np.int64)


def _mixture(run: Run, target: Target, order: IntArray) -> GMM:
    local = run.parameters
    covariances = local.covariances if local.covariance == "tied" else local.covariances[order]
    ordered = Parameters(local.weights[order], local.means[order], covariances, local.covariance)
    return GMM(*out_of_chart(ordered, target.chart))


def _trace(run: Run, order: IntArray, start: str, restarts: tuple[float, ...]) -> FitTrace:
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


def _check_settings(n: int, n_components: int, schedule: Schedule, n_init: int) -> None:
    max_iter, tol, floor = schedule
    if not 1 <= n_components <= n:
        raise ModelError(
            f"n_components is {n_components} for {n} points; allowed are 1 to {n}; "
            "take fewer components or more data"
        )
    if max_iter < 0 or n_init < 1:
        raise ModelError(f"max_iter is {max_iter} and n_init {n_init}; allowed are at least 0 and at least 1")
    if not 0.0 <= floor < 1.0 or np.isnan(tol):
        raise ModelError(
            f"floor is {floor} and tol {tol}; allowed are 0 <= floor < 1 and any number; try the defaults"
        )
