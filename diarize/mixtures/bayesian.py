"""Bayesian mixtures by variational inference: components that the data do not need fade away.

Bishop (2006, section 10.2) for the updates; Blei & Jordan (2006) for weights broken from sticks, the
truncated Dirichlet process. The E-step is that of EM with expected log weights and precisions, so it shares
its fused pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import Target, expectation, tally
from diarize.mixtures.fitting import (
    DEFAULT_FLOOR,
    DEFAULT_MAX_ITER,
    DEFAULT_RESTARTS,
    DEFAULT_START,
    DEFAULT_TOL,
    FitTrace,
    data_target,
)
from diarize.mixtures.gaussian import Parameters, check_covariance_name
from diarize.mixtures.gmm import DEFAULT_COVARIANCE, GMM
from diarize.mixtures.init import Start, start_responsibilities
from diarize.mixtures.quadratic_design import component_scores
from diarize.mixtures.standardize import chart_of_mixture, into_chart, out_of_chart
from diarize.mixtures.subnormals import exp_zeroed
from diarize.mixtures.validation import as_points, as_weights, frozen
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
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.em import Statistics
    from diarize.mixtures.validation import Float64Array, IntArray

__all__ = ["WEIGHT_PRIORS", "BayesianGMM", "fit_bayesian_gmm"]

WEIGHT_PRIORS: Final = ("dirichlet process", "dirichlet")
DEFAULT_MEAN_PRECISION: Final = 1.0
_ARRAYS: Final = ("counts", "log_weights", "mean_precisions", "freedom", "means", "covariances")
_USED: Final = 1.0  # a component that fewer points than this are expected to come from is unused


@dataclass(frozen=True, slots=True)
class BayesianGMM:
    """The variational posterior of a mixture with at most K components.

    counts (K,): how many points each is expected to hold. log_weights (K,): E log π. means (K, D) and
    covariances (of the kind named): their expectations, the latter as the inverse of the expected
    precision. mean_precisions and freedom (K,): how sure the posterior is of them, in points. Components
    come largest first under a Dirichlet and in the order of the sticks under a Dirichlet process.
    """

    counts: Float64Array
    log_weights: Float64Array
    mean_precisions: Float64Array
    freedom: Float64Array
    means: Float64Array
    covariances: Float64Array
    covariance: str
    weight_prior: str

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            object.__setattr__(self, name, frozen(getattr(self, name)))
        if any(len(getattr(self, name)) != len(self.means) for name in _ARRAYS[:4]):
            raise ModelError(
                "counts, log_weights, mean_precisions, freedom and means must have one row per component"
            )

    @property
    def used(self) -> IntArray:
        """Indices of the components that at least one point is expected to come from."""
        return np.flatnonzero(self.counts >= _USED).astype(np.int64)

    @property
    def n_used(self) -> int:
        """How many components the data need."""
        return len(self.used)

    @property
    def gmm(self) -> GMM:
        """The expected mixture of the used components, pruned of the others."""
        used = self.used
        covariances = self.covariances if self.covariance == "tied" else self.covariances[used]
        weights = self.counts[used] / self.counts[used].sum()
        return GMM(weights, self.means[used], covariances, self.covariance)

    def responsibilities(self, x: ArrayLike) -> Float64Array:
        """Variational q(component | point) for x (n, D): (n, K) with every component, used or not."""
        points = as_points(x, self.means.shape[1])
        weights = self.counts / self.counts.sum()
        parameters = Parameters(weights, self.means, self.covariances, self.covariance)
        offsets = self.log_weights + score_offsets(self.mean_precisions, self.freedom, points.shape[1])
        out = np.empty((len(points), len(self.counts)), dtype=np.float64)
        for part, scores in component_scores(points, parameters, chart_of_mixture(parameters), offsets):
            shares = exp_zeroed(scores - scores.max(axis=0))
            out[part] = (shares / shares.sum(axis=0)).T
        return out

    def labels(self, x: ArrayLike) -> IntArray:
        """The most probable component of every point of x (n, D): (n,)."""
        return np.asarray(self.responsibilities(x).argmax(axis=1), dtype=np.int64)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the posterior as npz without pickle."""
        from diarize.mixtures.npz import save_arrays

        kind = f"variational-{self.covariance}-{self.weight_prior}"
        save_arrays(path, kind, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> BayesianGMM:
        """Read what `save` wrote. Raises ModelError for anything else, before any large array is read."""
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, _ARRAYS)
        family, covariance, weight_prior = (*kind.split("-", 2), "", "")[:3]
        if family != "variational" or weight_prior not in WEIGHT_PRIORS:
            raise ModelError(
                f"{path} holds a {family}; allowed is a variational mixture; "
                "load it with the class that saved it"
            )
        found = cls(**arrays, covariance=covariance, weight_prior=weight_prior)
        _check_posterior(found)
        return found


def _check_posterior(found: BayesianGMM) -> None:
    """Raises ModelError for numbers that no fit can have left."""
    n = len(found.means)
    GMM(np.full(n, 1 / max(n, 1)), found.means, found.covariances, found.covariance)
    if any(getattr(found, name).shape != (n,) for name in _ARRAYS[:4]):
        raise ModelError("counts, log_weights, mean_precisions and freedom must have a number per component")
    least = (found.counts.min(), found.mean_precisions.min(), found.freedom.min() - found.means.shape[1] + 1)
    if min(least) < 0 or min(least[1:]) == 0 or found.counts.sum() == 0:
        raise ModelError(
            "counts below 0, or mean_precisions or freedom too small for a posterior; pass what save() wrote"
        )


def fit_bayesian_gmm(
    x: ArrayLike,
    n_components: int,
    covariance: str = DEFAULT_COVARIANCE,
    *,
    weight_prior: str = WEIGHT_PRIORS[0],
    concentration: float | None = None,
    mean_precision: float = DEFAULT_MEAN_PRECISION,
    freedom: float | None = None,
    init: str | GMM = DEFAULT_START,
    weights: ArrayLike | None = None,
    max_iter: int = DEFAULT_MAX_ITER,
    tol: float = DEFAULT_TOL,
    n_init: int = DEFAULT_RESTARTS,
    seed: int = 0,
) -> tuple[BayesianGMM, FitTrace]:
    """Variational posterior of a mixture with at most `n_components` Gaussians, from x (n, D).

    weight_prior: 'dirichlet process' or 'dirichlet', with `concentration` (1 / n_components unless given;
    smaller uses fewer components). The prior mean and covariance are those of the data, held with
    `mean_precision` points and `freedom` degrees of freedom (D unless given). The rest as for `fit_gmm`.
    bounds of the trace: evidence lower bound in nats per point. Raises ModelError as `fit_gmm` does.
    """
    points = as_points(x)
    mass = as_weights(weights, len(points))
    check_covariance_name(covariance)
    _check_request(len(points), n_components, weight_prior, n_init, max_iter)
    held = 1.0 / n_components if concentration is None else concentration
    target = data_target(points, mass, covariance, DEFAULT_FLOOR)
    prior = _prior(target, weight_prior, held, mean_precision, freedom)
    name = init if isinstance(init, str) else "given mixture"
    start = Start(name, n_components, covariance, n_init if isinstance(init, str) else 1, seed)
    firsts = _first_statistics(target, start, init)
    runs = [
        variational_run(target, posterior_of(f, prior, target, covariance), prior, max_iter, tol)
        for f in firsts
    ]
    best = max(runs, key=lambda run: run.bounds[-1])
    return _model(best.posterior, prior, target), _trace(best, name, [run.bounds[-1] for run in runs])


def _first_statistics(target: Target, start: Start, init: str | GMM) -> list[Statistics]:
    """The statistics that each start begins with."""
    if isinstance(init, str):
        rng = np.random.default_rng(start.seed)
        rows = (start_responsibilities(target, start, rng) for _ in range(start.n_init))
        return [tally(target, r, start.covariance) for r in rows]
    given = (init.n_components, init.n_dims, init.covariance)
    wanted = (start.n_components, target.x.shape[1], start.covariance)
    if given != wanted:
        raise ModelError(
            f"init has components, dimensions, covariance {given}; allowed are {wanted}; fit one like it"
        )
    return [expectation(target, into_chart(init.parameters, target.chart))]


def _prior(
    target: Target, weights: str, concentration: float, mean_precision: float, freedom: float | None
) -> Prior:
    n_dims = target.x.shape[1]
    held = float(n_dims) if freedom is None else freedom
    if concentration <= 0.0 or mean_precision <= 0.0 or held <= n_dims - 1.0:
        raise ModelError(
            f"concentration is {concentration}, mean_precision {mean_precision} and freedom {held}; "
            f"allowed are numbers above 0, 0 and {n_dims - 1}; leave them out for the defaults"
        )
    unbiased = target.total / (target.total - 1.0) if target.total > 1.0 else 1.0
    # the chart has the mean of the data at the origin, up to the rounding of its shift
    mean = np.zeros(n_dims, dtype=np.float64)
    return Prior(weights, concentration, mean, mean_precision, held, unbiased)


def _model(posterior: Posterior, prior: Prior, target: Target) -> BayesianGMM:
    order = np.arange(len(posterior.counts))
    if prior.weights == "dirichlet":
        order = np.argsort(-posterior.counts, kind="stable")
    mixture = out_of_chart(posterior.mixture, target.chart)
    covariances = mixture.covariances if mixture.covariance == "tied" else mixture.covariances[order]
    return BayesianGMM(
        posterior.counts[order],
        expected_log_weights(posterior, prior)[order],
        posterior.precision[order],
        posterior.freedom[order],
        mixture.means[order],
        covariances,
        mixture.covariance,
        prior.weights,
    )


def _trace(run: VariationalRun, start: str, finals: list[float]) -> FitTrace:
    posterior, bounds, converged = run
    unused = int((posterior.counts < _USED).sum())
    notes = [] if converged else [f"stopped after {len(bounds) - 1} steps before the gain fell below tol"]
    notes += [f"{unused} of {len(posterior.counts)} components are unused"] if unused else []
    return FitTrace(np.array(bounds), converged, start, tuple(finals), notes=tuple(notes))


def _check_request(n_points: int, n_components: int, weight_prior: str, n_init: int, max_iter: int) -> None:
    if weight_prior not in WEIGHT_PRIORS:
        raise ModelError(f"weight_prior is {weight_prior!r}; allowed are {', '.join(WEIGHT_PRIORS)}")
    if not 1 <= n_components <= n_points:
        raise ModelError(
            f"n_components is {n_components} for {n_points} points; "
            f"allowed are 1 to {n_points}; take fewer components"
        )
    if n_init < 1 or max_iter < 1:
        raise ModelError(f"n_init is {n_init} and max_iter {max_iter}; allowed are at least 1")
