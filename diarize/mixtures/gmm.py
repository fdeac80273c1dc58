"""GMM: a Gaussian mixture as a frozen value: densities, labels, criteria, samples, and a file without
pickle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from diarize.errors import ModelError
from diarize.mixtures.gaussian import (
    Parameters,
    check_covariance_name,
    covariance_shape,
    drawn,
    n_parameters,
    precision_cholesky,
)
from diarize.mixtures.quadratic_design import component_scores
from diarize.mixtures.standardize import chart_of_mixture
from diarize.mixtures.subnormals import exp_zeroed
from diarize.mixtures.validation import as_points, as_weights, frozen

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from diarize.mixtures.validation import Float64Array, IntArray

__all__ = ["DEFAULT_COVARIANCE", "GMM", "Criteria"]

DEFAULT_COVARIANCE: Final = "diag"


class Criteria(NamedTuple):
    """Log likelihood in nats, and the three criteria made from it: smaller is better."""

    log_likelihood: float
    bic: float
    aic: float
    icl: float


@dataclass(frozen=True, slots=True)
class GMM:
    """A mixture of K Gaussians in D dimensions.

    weights (K,) sum to 1; means (K, D); covariances (K, D, D), (D, D), (K, D) or (K,) for covariance full,
    tied, diag or spherical. Raises ModelError when shapes disagree, weights are negative, or a covariance
    is not positive definite.
    """

    weights: Float64Array
    means: Float64Array
    covariances: Float64Array
    covariance: str = DEFAULT_COVARIANCE

    def __post_init__(self) -> None:
        check_covariance_name(self.covariance)
        for name in ("weights", "means", "covariances"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        _check_shapes(self)
        precision_cholesky(self.covariances, self.covariance)

    @property
    def n_components(self) -> int:
        """K."""
        return len(self.weights)

    @property
    def n_dims(self) -> int:
        """D."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """How many numbers are free: K - 1 weights, the means, the covariances."""
        return n_parameters(self.covariance, self.n_components, self.n_dims)

    @property
    def parameters(self) -> Parameters:
        """The four fields as a plain tuple."""
        return Parameters(self.weights, self.means, self.covariances, self.covariance)

    def log_prob(self, x: ArrayLike) -> Float64Array:
        """Log density in nats of every point of x (n, D): (n,)."""
        points = as_points(x, self.n_dims)
        out = np.empty(len(points), dtype=np.float64)
        for part, scores in component_scores(points, self.parameters, chart_of_mixture(self.parameters)):
            out[part] = _log_sum_exp(scores)
        return out

    def responsibilities(self, x: ArrayLike) -> Float64Array:
        """P(component | point) for x (n, D): (n, K), rows sum to 1."""
        points = as_points(x, self.n_dims)
        out = np.empty((len(points), self.n_components), dtype=np.float64)
        for part, scores in component_scores(points, self.parameters, chart_of_mixture(self.parameters)):
            shares = exp_zeroed(scores - scores.max(axis=0))
            out[part] = (shares / shares.sum(axis=0)).T
        return out

    def labels(self, x: ArrayLike) -> IntArray:
        """The most probable component of every point of x (n, D): (n,)."""
        points = as_points(x, self.n_dims)
        out = np.empty(len(points), dtype=np.int64)
        for part, scores in component_scores(points, self.parameters, chart_of_mixture(self.parameters)):
            out[part] = scores.argmax(axis=0)
        return out

    def log_likelihood(self, x: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Sum of log densities in nats over the points of x (n, D), each times its weight (n,)."""
        log_prob = self.log_prob(x)
        mass = as_weights(weights, len(log_prob))
        return float(log_prob.sum() if mass is None else mass @ log_prob)

    def aic(self, x: ArrayLike, weights: ArrayLike | None = None, n_samples: float | None = None) -> float:
        """Akaike's criterion 2 p - 2 log L (Akaike 1974); smaller is better; n_samples as for `bic`."""
        return self.criteria(x, weights, n_samples).aic

    def bic(self, x: ArrayLike, weights: ArrayLike | None = None, n_samples: float | None = None) -> float:
        """Schwarz's criterion p log n - 2 log L (Schwarz 1978); smaller is better.

        n_samples replaces the number (or total weight) of points where they are correlated; the log
        likelihood is then scaled to as many points, so that both terms count the same evidence.
        """
        return self.criteria(x, weights, n_samples).bic

    def icl(self, x: ArrayLike, weights: ArrayLike | None = None, n_samples: float | None = None) -> float:
        """BIC plus twice the entropy of the responsibilities (Biernacki, Celeux & Govaert 2000);
        smaller is better.
        """
        return self.criteria(x, weights, n_samples).icl

    def criteria(
        self, x: ArrayLike, weights: ArrayLike | None = None, n_samples: float | None = None
    ) -> Criteria:
        """Log likelihood, BIC, AIC and ICL of x (n, D) from one pass; n_samples as for `bic`."""
        points = as_points(x, self.n_dims)
        mass = as_weights(weights, len(points))
        total = float(len(points)) if mass is None else float(mass.sum())
        scale = 1.0 if n_samples is None else _positive_count(n_samples) / total
        fit, entropy = 0.0, 0.0
        for part, scores in component_scores(points, self.parameters, chart_of_mixture(self.parameters)):
            log_prob = _log_sum_exp(scores)
            logs = scores - log_prob
            unsure = -np.einsum("kc,kc->c", exp_zeroed(logs), np.maximum(logs, -1e300))
            fit += float(log_prob.sum() if mass is None else mass[part] @ log_prob)
            entropy += float(unsure.sum() if mass is None else mass[part] @ unsure)
        bic = self.n_parameters * float(np.log(scale * total)) - 2.0 * scale * fit
        return Criteria(fit, bic, 2.0 * (self.n_parameters - scale * fit), bic + 2.0 * scale * entropy)

    def sample(self, n_points: int, seed: int = 0) -> tuple[Float64Array, IntArray]:
        """Points (n, D) drawn from the mixture and the component (n,) that each came from."""
        if n_points < 1:
            raise ModelError(f"n_points is {n_points}; allowed is at least 1")
        rng = np.random.default_rng(seed)
        labels = rng.choice(self.n_components, size=n_points, p=self.weights).astype(np.int64)
        return drawn(self.parameters, labels, rng.standard_normal((n_points, self.n_dims))), labels

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mixture as npz without pickle."""
        from diarize.mixtures.npz import save_arrays

        arrays = {"weights": self.weights, "means": self.means, "covariances": self.covariances}
        save_arrays(path, f"gmm-{self.covariance}", arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> GMM:
        """Read what `save` wrote. Raises ModelError for anything else, before any large array is read."""
        from diarize.mixtures.npz import load_arrays

        kind, arrays = load_arrays(path, ("weights", "means", "covariances"))
        family, _, covariance = kind.partition("-")
        if family != "gmm":
            raise ModelError(
                f"{path} holds a {family}; allowed is a gmm; load it with the class that saved it"
            )
        return cls(arrays["weights"], arrays["means"], arrays["covariances"], covariance)


def _log_sum_exp(scores: Float64Array) -> Float64Array:
    top = scores.max(axis=0)
    return np.asarray(top + np.log(exp_zeroed(scores - top).sum(axis=0)), dtype=np.float64)


def _positive_count(n_samples: float) -> float:
    if not n_samples > 0.0:
        raise ModelError(
            f"n_samples is {n_samples}; allowed is a number above zero; leave it out for the count"
        )
    return float(n_samples)


def _check_shapes(gmm: GMM) -> None:
    if gmm.means.ndim != 2 or gmm.means.size == 0 or gmm.weights.shape != (len(gmm.means),):
        raise ModelError(
            f"weights have shape {gmm.weights.shape} and means {gmm.means.shape}; allowed are (K,) and (K, D)"
        )
    wanted = covariance_shape(gmm.covariance, *gmm.means.shape)
    if gmm.covariances.shape != wanted:
        raise ModelError(
            f"covariances have shape {gmm.covariances.shape}; {gmm.covariance} with means {gmm.means.shape} "
            f"needs {wanted}; check covariance="
        )
    if not all(np.isfinite(array).all() for array in (gmm.weights, gmm.means, gmm.covariances)):
        raise ModelError("the mixture holds NaN or infinity; allowed are finite numbers")
    if (gmm.weights < 0.0).any() or abs(float(gmm.weights.sum()) - 1.0) > 1e-6:
        raise ModelError(
            f"weights sum to {gmm.weights.sum():.6g} with least {gmm.weights.min():.3g}; divide by the sum"
        )
