"""Online EM: a mixture fitted block by block, for data larger than memory (Cappé & Moulines 2009).

The running statistics s are updated with those of each new block, s ← (1 - γ_t) s + γ_t s(block), with γ_t =
(t + delay) to the power -decay: the sum of the steps diverges and that of their squares does not, so the fit
converges to a stationary point of the likelihood of all data. Values are frozen: adding a block gives a new
value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.em import FitData, SufficientStatistics, e_step, m_step
from diarize.mixtures.fitting import DEFAULT_INIT, DEFAULT_REG_COVAR, fit_data, fit_gmm
from diarize.mixtures.gmm import DEFAULT_COVARIANCE_TYPE, GMM
from diarize.mixtures.standardize import Standardizer, standardize, unstandardize
from diarize.mixtures.threads import on_one_thread
from diarize.mixtures.validation import as_points, as_weights

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, Points

__all__ = ["OnlineFit", "fit_blocks", "start_online_em"]

DEFAULT_DECAY: Final = (
    0.6  # Cappé & Moulines (2009, section 4) find 0.6 with averaging best; above one half is allowed
)
DEFAULT_DELAY: Final = 2.0


@dataclass(frozen=True, slots=True)
class OnlineFit:
    """A mixture and the state needed for the next block.

    Parameters
    ----------
    gmm : the mixture so far
    statistics : averages per unit of weight
    scatter : (D, D) of the points in the standardised coordinates, likewise
    standardizer : those coordinates
    decay, delay, reg_covar : as ``start_online_em`` was given them
    n_blocks : so far
    scores : mean log density in nats of each block before it was used for fitting, an unbiased running
        estimate for unseen data

    """

    gmm: GMM
    statistics: SufficientStatistics
    scatter: Float64Array
    standardizer: Standardizer
    decay: float
    delay: float
    reg_covar: float
    n_blocks: int
    scores: tuple[float, ...]

    @on_one_thread
    def partial_fit(self, x: ArrayLike, sample_weight: ArrayLike | None = None) -> OnlineFit:
        """Go on with one more block of points. The fit itself does not change.

        Parameters
        ----------
        x : (n, D), finite, any n from 1 on
        sample_weight : (n,), how often each point counts; once unless given

        Returns
        -------
        The fit after the block.

        Raises
        ------
        ModelError
            As ``fit_gmm`` does.

        """
        points = as_points(x, self.gmm.n_features_in_)
        mass = as_weights(sample_weight, len(points))
        step = (self.n_blocks + self.delay) ** -self.decay
        data = _block_data(points, mass, self.standardizer)
        new = e_step(data, standardize(self.gmm.parameters, self.standardizer))
        statistics = _mix_statistics(self.statistics, new, step, data.total)
        scatter = (1.0 - step) * self.scatter + step * data.scatter / data.total
        average = data._replace(total=1.0, scatter=scatter)
        fitted, _ = m_step(statistics, average, self.gmm.covariance_type, self.reg_covar)
        seen = new.log_likelihood / data.total + self.standardizer.log_det
        return replace(
            self,
            gmm=GMM(*unstandardize(fitted, self.standardizer)),
            statistics=statistics,
            scatter=scatter,
            n_blocks=self.n_blocks + 1,
            scores=(*self.scores, seen),
        )


@on_one_thread
def start_online_em(
    x: ArrayLike,
    n_components: int = 1,
    covariance_type: str = DEFAULT_COVARIANCE_TYPE,
    *,
    decay: float = DEFAULT_DECAY,
    delay: float = DEFAULT_DELAY,
    reg_covar: float = DEFAULT_REG_COVAR,
    init_params: str | GMM = DEFAULT_INIT,
    random_state: int = 0,
) -> OnlineFit:
    """A fit of the first block by EM, ready for more.

    Parameters
    ----------
    x : (n, D), the first block; it sets the scale of the covariance floor, so it should be typical
    n_components, covariance_type, reg_covar, init_params, random_state : as for ``fit_gmm``
    decay : how fast new blocks count less, above 1/2 and at most 1
    delay : how many blocks the first fit counts for, 1 or more

    Returns
    -------
    The fit; ``partial_fit`` of it continues with another block.

    Raises
    ------
    ModelError
        For settings out of range, and as ``fit_gmm`` does.

    References
    ----------
    Cappé & Moulines 2009, "On-line expectation-maximization algorithm for latent data models".

    """
    if not 0.5 < decay <= 1.0 or delay < 1.0:
        raise ModelError(f"decay is {decay} and delay {delay}; allowed are 0.5 < decay <= 1 and delay >= 1")
    points = as_points(x)
    gmm, _ = fit_gmm(
        points,
        n_components,
        covariance_type,
        reg_covar=reg_covar,
        init_params=init_params,
        random_state=random_state,
    )
    data = fit_data(points, None, covariance_type, reg_covar)
    found = e_step(data, standardize(gmm.parameters, data.standardizer))
    average, scatter = _scale_statistics(found, 1.0 / data.total), data.scatter / data.total
    return OnlineFit(gmm, average, scatter, data.standardizer, decay, delay, reg_covar, 0, ())


def fit_blocks(fit: OnlineFit, blocks: Iterable[ArrayLike]) -> OnlineFit:
    """Continue a fit with several blocks of points; pass them again for another round.

    Parameters
    ----------
    fit : what ``start_online_em`` or an earlier call returned
    blocks : arrays (n, D), used in their order

    Returns
    -------
    The fit after all blocks.

    Raises
    ------
    ModelError
        For a block that is not finite (n, D).

    """
    for block in blocks:
        fit = fit.partial_fit(block)
    return fit


def _block_data(x: Points, weights: Float64Array | None, standardizer: Standardizer) -> FitData:
    total = float(len(x)) if weights is None else float(weights.sum())
    z = (x - standardizer.shift) @ standardizer.forward.T
    return FitData(
        x, weights, standardizer, total, np.asarray(z.T @ (z if weights is None else weights[:, None] * z))
    )


def _mix_statistics(
    old: SufficientStatistics, new: SufficientStatistics, step: float, total: float
) -> SufficientStatistics:
    a, b = _scale_statistics(old, 1.0 - step), _scale_statistics(new, step / total)
    return SufficientStatistics(
        a.counts + b.counts, a.first + b.first, a.second + b.second, a.log_likelihood + b.log_likelihood
    )


def _scale_statistics(statistics: SufficientStatistics, by: float) -> SufficientStatistics:
    return SufficientStatistics(
        by * statistics.counts, by * statistics.first, by * statistics.second, by * statistics.log_likelihood
    )
