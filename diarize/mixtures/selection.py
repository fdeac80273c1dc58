"""Model selection: the number of components and the kind of covariance, with the whole curve, all solutions,
and near ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.fitting import (
    DEFAULT_MAX_ITER,
    DEFAULT_N_INIT,
    DEFAULT_REG_COVAR,
    DEFAULT_TOL,
    FitTrace,
    fit_gmm,
)
from diarize.mixtures.gaussian import check_covariance_type
from diarize.mixtures.gmm import DEFAULT_COVARIANCE_TYPE, GMM
from diarize.mixtures.holdout import DEFAULT_FOLDS, HeldOut, blocked_folds, held_out_likelihood
from diarize.mixtures.split_merge import Fit, FitSettings, merge_down, split_up
from diarize.mixtures.validation import as_points, as_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray, Points

__all__ = ["CRITERIA", "SWEEPS", "Candidate", "Selection", "select_gmm"]

CRITERIA: Final = ("bic", "aic", "icl", "held-out")
SWEEPS: Final = ("both", "split", "merge", "fresh")
# Difference to the best value below which two candidates are equivalent: Kass & Raftery (1995) call a
# difference in BIC above 6 strong; Burnham & Anderson (2004) call one in AIC above 4 considerably less
# support.
NEAR: Final = {"bic": 6.0, "icl": 6.0, "aic": 4.0}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate: the mixture, its trace, its origin, and the value of every criterion.

    log_likelihood in nats over all points; bic, aic and icl are smaller when better; held_out is None
    unless asked.
    """

    gmm: GMM
    trace: FitTrace
    origin: str
    log_likelihood: float
    bic: float
    aic: float
    icl: float
    held_out: HeldOut | None = None

    def value(self, criterion: str) -> float:
        """One criterion by its name.

        Parameters
        ----------
        criterion : 'bic', 'aic', 'icl' or 'held-out'

        Returns
        -------
        Smaller is better: nats over all points, or for 'held-out' minus the mean nats per point.

        Raises
        ------
        ModelError
            For another name, and for 'held-out' unless the selection was by it.

        """
        if criterion == "held-out":
            if self.held_out is None:
                raise ModelError("held-out likelihood was not computed; select with criterion='held-out'")
            return -self.held_out.mean
        if criterion not in CRITERIA:
            raise ModelError(f"criterion is {criterion!r}; allowed are {', '.join(CRITERIA)}")
        return float({"bic": self.bic, "aic": self.aic, "icl": self.icl}[criterion])


@dataclass(frozen=True, slots=True)
class Selection:
    """All candidates in the order of covariance and K, the criterion used, and its sample size.

    The best candidate has the smallest value. Raises ModelError when there is no candidate or no such
    criterion.
    """

    candidates: tuple[Candidate, ...]
    criterion: str
    n_samples: float
    sweep: str

    def __post_init__(self) -> None:
        if not self.candidates or self.criterion not in CRITERIA:
            raise ModelError(
                f"{len(self.candidates)} candidates by {self.criterion!r}; allowed is at least one by "
                f"{', '.join(CRITERIA)}"
            )

    @property
    def values(self) -> Float64Array:
        """The criterion of every candidate, smaller is better."""
        return np.array([c.value(self.criterion) for c in self.candidates], dtype=np.float64)

    @property
    def best(self) -> Candidate:
        """The candidate with the smallest value; the first of equals."""
        return self.candidates[int(np.argmin(self.values))]

    @property
    def n_components(self) -> int:
        """The chosen K."""
        return self.best.gmm.n_components

    @property
    def parameter_counts(self) -> tuple[int, ...]:
        """Free parameters of every candidate."""
        return tuple(c.gmm.n_parameters for c in self.candidates)

    def curve(self, covariance_type: str | None = None) -> tuple[tuple[int, ...], Float64Array]:
        """The criterion over the number of components, to plot.

        Parameters
        ----------
        covariance_type : of the candidates; that of the best one unless given

        Returns
        -------
        K of each candidate (m,), and its criterion (m,), smaller is better; both are empty where no
        candidate has the type.

        """
        kind = covariance_type or self.best.gmm.covariance_type
        chosen = [c for c in self.candidates if c.gmm.covariance_type == kind]
        values = np.array([c.value(self.criterion) for c in chosen], dtype=np.float64)
        return tuple(c.gmm.n_components for c in chosen), values

    @property
    def near(self) -> tuple[Candidate, ...]:
        """The candidates equivalent to the best one, which is included.

        BIC and ICL within 6, AIC within 4; held-out within one standard error of the difference over the
        folds.
        """
        return tuple(c for c in self.candidates if self._behind(c) <= self._margin(c))

    def _behind(self, candidate: Candidate) -> float:
        return candidate.value(self.criterion) - self.best.value(self.criterion)

    def _margin(self, candidate: Candidate) -> float:
        if self.criterion != "held-out":
            return NEAR[self.criterion]
        if candidate.held_out is None or self.best.held_out is None:
            return 0.0
        gaps = self.best.held_out.scores - candidate.held_out.scores
        return float(gaps.std(ddof=1) / np.sqrt(len(gaps)))

    @property
    def explanation(self) -> str:
        """One line: the choice, or the nearly equivalent K with their differences and the limit."""
        near = self.near
        if len(near) == 1:
            others = sorted(self._behind(c) for c in self.candidates if c is not near[0])
            lead = f"; the next is {others[0]:.3g} behind" if others else ""
            return f"{_name(near[0], near)} is best by {self.criterion}{lead}"
        names = [_name(c, near) for c in near]
        gaps = ", ".join(f"{_name(c, near)}: +{self._behind(c):.3g} of {self._margin(c):.3g}" for c in near)
        return f"{', '.join(names[:-1])} and {names[-1]} are nearly equivalent by {self.criterion} ({gaps})"


def _name(candidate: Candidate, among: Sequence[Candidate]) -> str:
    kinds = {c.gmm.covariance_type for c in among}
    name = f"K = {candidate.gmm.n_components}"
    return name if len(kinds) == 1 else f"{name} {candidate.gmm.covariance_type}"


class FoldPlan(NamedTuple):
    """Which fold every point is in (n,), and how many points around a held-out block are not trained on."""

    folds: IntArray
    gap: int


def select_gmm(
    x: ArrayLike,
    n_components: Iterable[int],
    covariance_types: str | Sequence[str] = DEFAULT_COVARIANCE_TYPE,
    *,
    criterion: str = "bic",
    sweep: str = "both",
    n_samples: float | None = None,
    n_folds: int = DEFAULT_FOLDS,
    block_length: int | None = None,
    gap: int = 0,
    tol: float = DEFAULT_TOL,
    reg_covar: float = DEFAULT_REG_COVAR,
    max_iter: int = DEFAULT_MAX_ITER,
    n_init: int = DEFAULT_N_INIT,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
) -> Selection:
    """Fit mixtures with every number of components and covariance given, and choose by a criterion.

    Parameters
    ----------
    x : (n, D), finite; neighbours in time beside each other where they are correlated
    n_components : the numbers to try
    covariance_types : one or several of 'full', 'tied', 'diag', 'spherical' and 'tied_spherical'
    criterion : 'bic', 'aic', 'icl', or 'held-out', the likelihood of blocks left out
    sweep : 'split' upwards from the smallest number, 'merge' downwards from the largest, 'both' (the likelier
        at every number), or 'fresh'
    n_samples : how many independent points the data are worth (``effective_sample_size``); n unless given
    n_folds, block_length, gap : for 'held-out', as for ``blocked_folds`` and ``held_out_likelihood``
    tol, reg_covar, max_iter, n_init, random_state, sample_weight : as for ``fit_gmm``

    Returns
    -------
    All candidates with their criteria, and which of them is best.

    Raises
    ------
    ModelError
        For an unknown criterion or sweep, nothing to try, and as ``fit_gmm`` does.

    """
    points, counts = as_points(x), sorted(set(n_components))
    mass = as_weights(sample_weight, len(points))
    kinds = (covariance_types,) if isinstance(covariance_types, str) else tuple(covariance_types)
    _check_request(counts, kinds, criterion, sweep)
    folded = criterion == "held-out"
    plan = FoldPlan(blocked_folds(len(points), n_folds, block_length), gap) if folded else None
    candidates: list[Candidate] = []
    for kind in kinds:
        check_covariance_type(kind)
        settings = FitSettings(kind, mass, max_iter, tol, reg_covar, n_init, random_state)
        fits = _fit_sweep(points, counts, settings, sweep)
        candidates.extend(_candidate(points, fit, settings, n_samples, plan) for fit in fits)
    total = float(len(points)) if mass is None else float(mass.sum())
    return Selection(tuple(candidates), criterion, total if n_samples is None else n_samples, sweep)


def _check_request(counts: Sequence[int], kinds: Sequence[str], criterion: str, sweep: str) -> None:
    if not counts or not kinds:
        raise ModelError(
            "no number of components or no covariance was given; pass for example range(1, 11), 'diag'"
        )
    if criterion not in CRITERIA or sweep not in SWEEPS:
        raise ModelError(
            f"criterion is {criterion!r} and sweep {sweep!r}; allowed are {', '.join(CRITERIA)} and "
            f"{', '.join(SWEEPS)}"
        )


def _fit_sweep(x: Points, counts: Sequence[int], settings: FitSettings, sweep: str) -> list[Fit]:
    """The fit of every requested K, in order."""
    if sweep == "fresh":
        return [_fit_fresh(x, k, settings) for k in counts]
    ways: list[dict[int, Fit]] = []
    if sweep in ("both", "split"):
        fit = _fit_fresh(x, counts[0], settings)
        ways.append({counts[0]: fit})
        while fit.gmm.n_components < counts[-1]:
            fit = split_up(x, fit, settings)
            ways[-1][fit.gmm.n_components] = fit
    if sweep in ("both", "merge"):
        fit = _fit_fresh(x, counts[-1], settings)
        if ways and ways[0][counts[-1]].trace.lower_bounds_[-1] > fit.trace.lower_bounds_[-1]:
            fit = ways[0][counts[-1]]
        ways.append({counts[-1]: fit})
        while fit.gmm.n_components > counts[0]:
            fit = merge_down(x, fit, settings)
            ways[-1][fit.gmm.n_components] = fit
    return [max((way[k] for way in ways), key=lambda fit: float(fit.trace.lower_bounds_[-1])) for k in counts]


def _fit_fresh(x: Points, n_components: int, settings: FitSettings) -> Fit:
    gmm, trace = fit_gmm(
        x,
        n_components,
        settings.covariance_type,
        sample_weight=settings.sample_weight,
        max_iter=settings.max_iter,
        tol=settings.tol,
        reg_covar=settings.reg_covar,
        n_init=settings.n_init,
        random_state=settings.random_state,
    )
    return Fit(gmm, trace, f"fresh from {trace.start}")


def _candidate(
    x: Points, fit: Fit, settings: FitSettings, n_samples: float | None, plan: FoldPlan | None
) -> Candidate:
    said = fit.gmm.criteria(x, settings.sample_weight, n_samples)
    out = None
    if plan is not None:
        shared: dict[str, Any] = settings._asdict()
        out = held_out_likelihood(x, fit.gmm.n_components, folds=plan.folds, gap=plan.gap, **shared)
    return Candidate(fit.gmm, fit.trace, fit.origin, said.log_likelihood, said.bic, said.aic, said.icl, out)
