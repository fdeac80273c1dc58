"""Factor analysis of mixture statistics: what moves all component means of a mixture together.

A mixture (the background model) is shifted by ``V y`` for whoever speaks and by ``U x`` for whatever else is
particular to one window; y and x are standard normal. Given its statistics, a window says of y no more than a
Gaussian likelihood exp(ρᵀy − ½ yᵀΦy): x has been integrated out, so what windows of one speaker have in
common counts and what scatters between them does not.

Kenny, Boulianne & Dumouchel 2005 (eigenvoice training), Kenny et al. 2007 (joint factor analysis). Statistics
are those of a diagonal mixture, first order centred on its means and divided by its standard deviations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from diarize.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "Observations",
    "Statistics",
    "fit_factors",
    "fit_speaker_and_window",
    "gathered",
    "moved",
    "observed",
    "packed",
    "pooled_log_evidence",
    "unpacked",
]

RIDGE = 1e-6  # keeps a component that no frame ever reached from being singular
AT_ONCE = 1024  # windows whose square matrices are held at a time


class Statistics(NamedTuple):
    """Of n windows: ``counts`` (n, K) soft numbers of frames; ``sums`` (n, K, D) centred, whitened."""

    counts: Array
    sums: Array


class Observations(NamedTuple):
    """What n windows say of a latent (R,): ``linear`` ρ (n, R); ``precision`` Φ (n, R(R+1)/2), packed."""

    linear: Array
    precision: Array


def packed(matrices: Array) -> Array:
    """Symmetric (…, R, R) as (…, R(R+1)/2), off-diagonals doubled: tr(A B) = packed(A) · lower(B)."""
    rows, columns = np.tril_indices(matrices.shape[-1])
    triangle: Array = matrices[..., rows, columns]
    doubled: Array = triangle * np.where(rows == columns, 1, 2).astype(matrices.dtype)
    return doubled


def lower(matrices: Array) -> Array:
    """The lower triangles of symmetric (…, R, R), (…, R(R+1)/2): the partner of ``packed`` in a trace."""
    rows, columns = np.tril_indices(matrices.shape[-1])
    triangle: Array = matrices[..., rows, columns]
    return triangle


def unpacked(values: Array) -> Array:
    """The inverse of ``packed``: (…, R(R+1)/2) to symmetric (…, R, R)."""
    size = int(np.sqrt(2 * values.shape[-1]))
    rows, columns = np.tril_indices(size)
    full = np.zeros((*values.shape[:-1], size, size), values.dtype)
    halved = values / np.where(rows == columns, 1, 2).astype(values.dtype)
    full[..., rows, columns] = halved
    full[..., columns, rows] = halved
    return full


def _grams(left: Array, right: Array) -> Array:
    """VₖᵀUₖ of every component, (K, R·Q), from loadings (K, D, R) and (K, D, Q)."""
    products: Array = np.matmul(left.transpose(0, 2, 1), right)
    return products.reshape(len(left), -1)


def _chunks(statistics: Statistics) -> Iterator[Statistics]:
    for start in range(0, len(statistics.counts), AT_ONCE):
        stop = start + AT_ONCE
        yield Statistics(statistics.counts[start:stop], statistics.sums[start:stop])


def _flat(loadings: Array) -> Array:
    return loadings.reshape(-1, loadings.shape[-1])


def observed(statistics: Statistics, speaker: Array, window: Array) -> Observations:
    """What each window says of y, with its own x integrated out.

    ``speaker`` V (K, D, R) and ``window`` U (K, D, Q) are loadings in standard deviations of the mixture.
    ρ = Vᵀf − VᵀNU A⁻¹ Uᵀf and Φ = VᵀNV − VᵀNU A⁻¹ UᵀNV, with A = I + UᵀNU.
    """
    parts = [_marginal(chunk, speaker, window) for chunk in _chunks(statistics)]
    if not parts:
        rank = speaker.shape[2]
        return Observations(np.zeros((0, rank)), np.zeros((0, rank * (rank + 1) // 2)))
    return Observations(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def posterior_means(observations: Observations) -> Array:
    """Where each window alone puts y, (I + Φ)⁻¹ρ, float64 (n, R)."""
    linear, precision = observations
    means = np.empty(linear.shape)
    for start in range(0, len(linear), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        matrix = unpacked(precision[part].astype(np.float64)) + np.eye(linear.shape[1])
        means[part] = np.linalg.solve(matrix, linear[part][..., None])[..., 0]
    return means


def observations_at(means: Array, precision: Array) -> Observations:
    """The inverse of ``posterior_means``: ρ = (I + Φ) mean."""
    linear = np.empty_like(means)
    for start in range(0, len(means), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        matrix = unpacked(precision[part].astype(np.float64))
        linear[part] = means[part] + np.matmul(matrix, means[part][..., None])[..., 0]
    return Observations(linear, precision)


def gathered(observations: Observations, responsibilities: Array) -> Observations:
    """What all observations together say of each of S points, by their ``responsibilities`` (n, S)."""
    return Observations(*(responsibilities.T @ each for each in observations))


def moved(observations: Observations, origin: Array) -> Observations:
    """What is said of y seen from another ``origin`` (R,): of y − origin, up to a constant; ρ − Φ origin."""
    shift = unpacked(np.asarray(observations.precision, dtype=np.float64)) @ origin
    return Observations(observations.linear - shift, observations.precision)


def pooled_log_evidence(linear: Array, precision: Array) -> Array:
    """log ∫ N(y; 0, I) exp(ρᵀy − ½ yᵀΦy) dy for pooled ρ (…, R) and packed Φ."""
    matrix = unpacked(precision) + np.eye(linear.shape[-1])
    solved = np.linalg.solve(matrix, linear[..., None])[..., 0]
    evidence: Array = 0.5 * (np.sum(linear * solved, axis=-1) - np.linalg.slogdet(matrix)[1])
    return evidence


def _marginal(statistics: Statistics, speaker: Array, window: Array) -> Observations:
    n, rank, nuisances = len(statistics.counts), speaker.shape[2], window.shape[2]
    counts, sums = statistics.counts, statistics.sums.reshape(n, -1)
    own = (counts @ _grams(speaker, speaker)).reshape(n, rank, rank)
    cross = (counts @ _grams(window, speaker)).reshape(n, nuisances, rank)
    inner = (counts @ _grams(window, window)).reshape(n, nuisances, nuisances)
    inner = inner + np.eye(nuisances, dtype=inner.dtype)
    solved = np.linalg.solve(inner, np.concatenate((cross, (sums @ _flat(window))[..., None]), axis=2))
    across = cross.transpose(0, 2, 1)
    linear = sums @ _flat(speaker) - np.matmul(across, solved[..., rank:])[..., 0]
    return Observations(linear, packed(own - np.matmul(across, solved[..., :rank])))


def _posterior(statistics: Statistics, loadings: Array) -> tuple[Array, Array]:
    """Means (n, R) and covariances (n, R, R) of the factors."""
    n, rank = len(statistics.counts), loadings.shape[2]
    precision = (statistics.counts @ _grams(loadings, loadings)).reshape(n, rank, rank)
    covariance = np.linalg.inv(precision + np.eye(rank))
    linear = statistics.sums.reshape(n, -1) @ _flat(loadings)
    return np.matmul(covariance, linear[..., None])[..., 0], covariance


def _means(statistics: Statistics, loadings: Array) -> Array:
    """Posterior means of the factors, (n, R)."""
    return np.concatenate([_posterior(chunk, loadings)[0] for chunk in _chunks(statistics)])


def _em_step(statistics: Statistics, loadings: Array) -> Array:
    """One step of expectation–maximisation with minimum divergence: new loadings (K, D, R)."""
    n_components, n_dims, rank = loadings.shape
    second = np.zeros((n_components, rank * rank))
    first = np.zeros((n_components * n_dims, rank))
    spread = np.zeros((rank, rank))
    for chunk in _chunks(statistics):
        mean, covariance = _posterior(chunk, loadings)
        moment = covariance + mean[:, :, None] * mean[:, None, :]
        second += chunk.counts.T @ moment.reshape(len(mean), -1)
        first += chunk.sums.reshape(len(mean), -1).T @ mean
        spread += moment.sum(axis=0)
    left = second.reshape(-1, rank, rank) + RIDGE * np.eye(rank)
    new = np.linalg.solve(left, first.reshape(loadings.shape).transpose(0, 2, 1)).transpose(0, 2, 1)
    result: Array = new @ np.linalg.cholesky(spread / len(statistics.counts))
    return result


def fit_factors(
    statistics: Statistics, rank: int, n_iter: int, *, seed: int = 0, start: Array | None = None
) -> Array:
    """Loadings (K, D, rank) after ``n_iter`` steps from ``start`` or from small random numbers.

    Raises ModelError when there are no windows.
    """
    counts, sums = statistics
    if not len(counts):
        raise ModelError("no statistics to fit factors to; give at least one window of speech")
    if start is None:
        start = 0.1 * np.random.default_rng(seed).standard_normal((*sums.shape[1:], rank))
    for _ in range(n_iter):
        start = _em_step(statistics, start)
    return start


def _pooled(statistics: Statistics, classes: Array) -> Statistics:
    """Statistics summed over the windows of each class 0, 1, …; classes in ascending runs."""
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    return Statistics(np.add.reduceat(statistics.counts, starts), np.add.reduceat(statistics.sums, starts))


def _without(statistics: Statistics, loadings: Array, factors: Array) -> Statistics:
    """The sums less what ``factors`` (n, R) explain of them."""
    shift = (factors @ _flat(loadings).T).reshape(statistics.sums.shape)
    return Statistics(statistics.counts, statistics.sums - statistics.counts[..., None] * shift)


def fit_speaker_and_window(
    statistics: Statistics, classes: Array, ranks: tuple[int, int], *, seed: int = 0, n_iter: int = 8
) -> tuple[Array, Array]:
    """Speaker loadings V (K, D, R) and window loadings U (K, D, Q) of windows with known ``classes`` (n,).

    ``classes`` count from 0 in ascending runs (one speaker in one recording). Two rounds: V from the sums
    over each class, U from what V leaves of each window, and again with U's part taken away.
    """
    first = fit_factors(_pooled(statistics, classes), ranks[0], n_iter, seed=seed)
    window = fit_factors(_residual(statistics, classes, first), ranks[1], n_iter, seed=seed + 1)
    cleaned = _without(statistics, window, _means(_residual(statistics, classes, first), window))
    speaker = fit_factors(_pooled(cleaned, classes), ranks[0], n_iter // 2, start=first)
    factors = _means(_pooled(cleaned, classes), speaker)[classes]
    window = fit_factors(_without(statistics, speaker, factors), ranks[1], n_iter // 2, start=window)
    return speaker, window


def _residual(statistics: Statistics, classes: Array, speaker: Array) -> Statistics:
    """What the speaker loadings leave of every window, given all windows of its class."""
    return _without(statistics, speaker, _means(_pooled(statistics, classes), speaker)[classes])
