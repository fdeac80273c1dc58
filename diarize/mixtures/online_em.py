"""Stepwise EM: a mixture fitted block by block, for data larger than memory (Cappé & Moulines 2009).

The running statistics s move towards those of each new block, s ← (1 - γ_t) s + γ_t s(block), with γ_t = (t
+ delay) to the power -decay: the sum of the steps diverges and that of their squares does not, so the fit
reaches a point where the likelihood of the whole is stationary. A value holds the state; adding a block
gives a new value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import Statistics, Target, expectation, m_step
from diarize.mixtures.fitting import DEFAULT_FLOOR, DEFAULT_START, data_target, fit_gmm
from diarize.mixtures.gmm import GMM
from diarize.mixtures.standardize import Chart, into_chart, out_of_chart
from diarize.mixtures.validation import as_points, as_weights

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, Points

__all__ = ["StepwiseFit", "fit_blocks", "start_stepwise"]

DEFAULT_DECAY: Final = (
    0.6  # Cappé & Moulines (2009, section 4) find 0.6 with averaging best; above one half is allowed
)
DEFAULT_DELAY: Final = 2.0


@dataclass(frozen=True, slots=True)
class StepwiseFit:
    """A mixture and what is needed to go on from it with the next block.

    Averages per unit of weight: statistics, scatter (D, D) of the points in the chart. n_blocks so far;
    log_probs: mean log density in nats of each block before it was learnt from, an honest running estimate
    for data not yet seen.
    """

    gmm: GMM
    statistics: Statistics
    scatter: Float64Array
    chart: Chart
    decay: float
    delay: float
    floor: float
    n_blocks: int
    log_probs: tuple[float, ...]

    def add(self, block: ArrayLike, weights: ArrayLike | None = None) -> StepwiseFit:
        """The fit after one more block (n, D) with weights (n,). Raises ModelError as `fit_gmm` does."""
        x = as_points(block, self.gmm.n_dims)
        mass = as_weights(weights, len(x))
        step = (self.n_blocks + self.delay) ** -self.decay
        target = _block_target(x, mass, self.chart)
        parameters = into_chart(self.gmm.parameters, self.chart)
        new = expectation(target, parameters)
        statistics = _mixed(self.statistics, new, step, target.total)
        scatter = (1.0 - step) * self.scatter + step * target.scatter / target.total
        average = target._replace(total=1.0, scatter=scatter)
        fitted, _ = m_step(statistics, average, self.gmm.covariance, self.floor)
        seen = new.log_likelihood / target.total + self.chart.log_det
        return replace(
            self,
            gmm=GMM(*out_of_chart(fitted, self.chart)),
            statistics=statistics,
            scatter=scatter,
            n_blocks=self.n_blocks + 1,
            log_probs=(*self.log_probs, seen),
        )


def start_stepwise(
    first: ArrayLike,
    n_components: int,
    covariance: str,
    *,
    decay: float = DEFAULT_DECAY,
    delay: float = DEFAULT_DELAY,
    floor: float = DEFAULT_FLOOR,
    init: str | GMM = DEFAULT_START,
    seed: int = 0,
) -> StepwiseFit:
    """A fit of the first block (n, D), by EM from `init` (as for `fit_gmm`), ready for more.

    decay: how fast new blocks count less, above 1/2 and at most 1; delay: how many blocks the first fit
    counts for. The first block sets the scale of the covariance floor, so let it be typical. Raises
    ModelError as `fit_gmm` does.
    """
    if not 0.5 < decay <= 1.0 or delay < 1.0:
        raise ModelError(f"decay is {decay} and delay {delay}; allowed are 0.5 < decay <= 1 and delay >= 1")
    x = as_points(first)
    gmm, _ = fit_gmm(x, n_components, covariance, floor=floor, init=init, seed=seed)
    target = data_target(x, None, covariance, floor)
    found = expectation(target, into_chart(gmm.parameters, target.chart))
    average = _scaled(found, 1.0 / target.total)
    return StepwiseFit(gmm, average, target.scatter / target.total, target.chart, decay, delay, floor, 0, ())


def fit_blocks(fit: StepwiseFit, blocks: Iterable[ArrayLike]) -> StepwiseFit:
    """The fit after all the blocks, in their order; pass them again for another round."""
    for block in blocks:
        fit = fit.add(block)
    return fit


def _block_target(x: Points, weights: Float64Array | None, chart: Chart) -> Target:
    total = float(len(x)) if weights is None else float(weights.sum())
    z = (x - chart.shift) @ chart.forward.T
    return Target(
        x, weights, chart, total, np.asarray(z.T @ (z if weights is None else weights[:, None] * z))
    )


def _mixed(old: Statistics, new: Statistics, step: float, total: float) -> Statistics:
    a, b = _scaled(old, 1.0 - step), _scaled(new, step / total)
    return Statistics(
        a.counts + b.counts, a.first + b.first, a.second + b.second, a.log_likelihood + b.log_likelihood
    )


def _scaled(statistics: Statistics, by: float) -> Statistics:
    return Statistics(
        by * statistics.counts, by * statistics.first, by * statistics.second, by * statistics.log_likelihood
    )
