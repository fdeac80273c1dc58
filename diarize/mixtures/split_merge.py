"""Split and merge: a mixture with K components as the start for K ± 1, which is better than a random start
(Ueda, Nakano, Ghahramani & Hinton 2000).

Proposals are compared after a few steps of EM on a small subsample; the best one is then fitted to all
points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diarize.mixtures.fitting import FitTrace, fit_gmm
from diarize.mixtures.gaussian import TIED, full_covariances
from diarize.mixtures.gmm import GMM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarize.mixtures.validation import Float64Array, Points

__all__ = ["Fit", "FitSettings", "merge_components", "merge_down", "split_component", "split_up"]

_TRIAL_POINTS = 5_000
_TRIAL_STEPS = 5
_TRIAL_PAIRS = 8


class FitSettings(NamedTuple):
    """Settings shared by all fits of a sweep."""

    covariance_type: str
    sample_weight: Float64Array | None
    max_iter: int
    tol: float
    reg_covar: float
    n_init: int
    random_state: int


class Fit(NamedTuple):
    """A mixture, its trace, and its origin."""

    gmm: GMM
    trace: FitTrace
    origin: str


def split_up(x: Points, fit: Fit, settings: FitSettings) -> Fit:
    """The mixture with one component more that comes from the best split."""
    proposals = [
        (split_component(fit.gmm, k), f"component {k} of {fit.gmm.n_components} split")
        for k in range(fit.gmm.n_components)
    ]
    return _best_trial(x, proposals, settings)


def merge_down(x: Points, fit: Fit, settings: FitSettings) -> Fit:
    """The mixture with one component less that comes from the best merge among the pairs that overlap
    most.
    """
    r = fit.gmm.predict_proba(_trial_sample(x, settings)[0])
    overlap = np.triu(r.T @ r / np.sqrt(np.outer((r**2).sum(axis=0), (r**2).sum(axis=0)) + 1e-300), 1)
    first, second = np.triu_indices(len(overlap), 1)
    order = np.argsort(-overlap[first, second], kind="stable")[:_TRIAL_PAIRS]
    n_components = fit.gmm.n_components
    proposals = [
        (
            merge_components(fit.gmm, int(first[i]), int(second[i])),
            f"components {first[i]} and {second[i]} of {n_components} merged",
        )
        for i in order
    ]
    return _best_trial(x, proposals, settings)


def split_component(gmm: GMM, k: int) -> GMM:
    """Replace a component by two halves of the same joint mean and covariance.

    Parameters
    ----------
    gmm : the mixture of K components
    k : the place of the component

    Returns
    -------
    A mixture of K + 1 components; the halves are a standard deviation away from the old mean along its
    longest axis.

    """
    full = full_covariances(gmm.covariances_, gmm.covariance_type, gmm.n_components, gmm.n_features_in_)[k]
    values, vectors = np.linalg.eigh(full)
    step = 0.5 * np.sqrt(values[-1]) * vectors[:, -1]
    weights = np.append(gmm.weights_, gmm.weights_[k] / 2.0)
    weights[k] /= 2.0
    means = np.vstack([gmm.means_, gmm.means_[k] + step])
    means[k] -= step
    if gmm.covariance_type in TIED:
        return GMM(weights, means, gmm.covariances_, gmm.covariance_type)
    half = _of_kind(full - np.outer(step, step), gmm.covariance_type)
    covariances = np.concatenate([gmm.covariances_, half[None]])
    covariances[k] = half
    return GMM(weights, means, covariances, gmm.covariance_type)


def merge_components(gmm: GMM, i: int, j: int) -> GMM:
    """Replace two components by one.

    Parameters
    ----------
    gmm : the mixture of K components
    i, j : their places

    Returns
    -------
    A mixture of K − 1 components, the new one in the place of i, with the joint weight, mean and
    covariance; tied covariances stay as they are.

    """
    weight = gmm.weights_[i] + gmm.weights_[j]
    shares = gmm.weights_[[i, j]] / weight if weight > 0.0 else np.array([0.5, 0.5])
    mean = shares @ gmm.means_[[i, j]]
    weights, means = np.delete(gmm.weights_, j), np.delete(gmm.means_, j, axis=0)
    at = i if i < j else i - 1
    weights[at], means[at] = weight, mean
    if gmm.covariance_type in TIED:
        return GMM(weights, means, gmm.covariances_, gmm.covariance_type)
    full = full_covariances(gmm.covariances_, gmm.covariance_type, gmm.n_components, gmm.n_features_in_)[
        [i, j]
    ]
    away = gmm.means_[[i, j]] - mean
    joint = np.tensordot(shares, full + away[:, :, None] * away[:, None, :], axes=1)
    covariances = np.delete(gmm.covariances_, j, axis=0)
    covariances[at] = _of_kind(joint, gmm.covariance_type)
    return GMM(weights, means, covariances, gmm.covariance_type)


def _of_kind(matrix: Float64Array, covariance_type: str) -> Float64Array:
    if covariance_type == "full":
        return matrix
    diagonal = np.diagonal(matrix)
    return np.array(diagonal) if covariance_type == "diag" else np.asarray(diagonal.mean(), dtype=np.float64)


def _best_trial(x: Points, proposals: Iterable[tuple[GMM, str]], settings: FitSettings) -> Fit:
    sample, weights = _trial_sample(x, settings)
    trials = []
    for start, origin in proposals:
        gmm, trace = fit_gmm(
            sample,
            start.n_components,
            settings.covariance_type,
            init_params=start,
            sample_weight=weights,
            max_iter=_TRIAL_STEPS,
            tol=settings.tol,
            reg_covar=settings.reg_covar,
        )
        trials.append((float(trace.lower_bounds_[-1]), gmm, origin))
    _, start, origin = max(trials, key=lambda trial: trial[0])
    return refine(x, start, origin, settings)


def refine(x: Points, start: GMM, origin: str, settings: FitSettings) -> Fit:
    """EM on all points from a start."""
    gmm, trace = fit_gmm(
        x,
        start.n_components,
        settings.covariance_type,
        init_params=start,
        sample_weight=settings.sample_weight,
        max_iter=settings.max_iter,
        tol=settings.tol,
        reg_covar=settings.reg_covar,
    )
    return Fit(gmm, trace, origin)


def _trial_sample(x: Points, settings: FitSettings) -> tuple[Points, Float64Array | None]:
    if len(x) <= _TRIAL_POINTS:
        return x, settings.sample_weight
    chosen = np.sort(
        np.random.default_rng(settings.random_state).choice(len(x), _TRIAL_POINTS, replace=False)
    )
    return x[chosen], None if settings.sample_weight is None else settings.sample_weight[chosen]
