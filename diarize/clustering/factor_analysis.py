"""Speakers as latent points under the background model, which windows say uncertain things of: number by the
variational bound, with what the windows of a recording have in common, how voices drift, and the power of
neighbours taken into account.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.clustering.count import Clustering, decided
from diarize.clustering.starts import STAY_AFTER_PAUSE, STAY_WITHIN, kmeans_start, start_wide
from diarize.models.drift import capped
from diarize.models.factors import Observations, gathered, moved, observations_at
from diarize.models.power import fitted_power
from diarize.models.sessions import log_ratio, scattered
from diarize.models.vbhmm import fit_voices, merge_path, shared_point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.models.vbhmm import VoicesFit
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["by_factors", "price"]

# What the bound must gain before one voice is taken for several, and for every further one, nats: one voice
# in two moods gains a little, two voices gain much more, be they heard for seconds only.
SECOND_VOICE: Final = 12.0
FURTHER_VOICE: Final = 1.0
# The power that neighbours within a stretch bear where several people talk, a little under the median of
# simulated conversations (2.0): more than 1, for near each other windows err alike.
USUAL_POWER: Final = 1.8
# A voice drifts with time: after so many seconds of its speech, by half of the variance that it ever does.
HALF_DRIFT: Final = 60.0
# The halves of one voice that differ most lie farther apart than any two stretches of it: before one voice is
# taken for two, drift counts so many times.
HALVES: Final = 2.0


def by_factors(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """The number with the best evidence whose voices are apart. ``points`` have a precision each."""
    if points.precision is None:
        raise TypeError("these points are exact; cluster them by Gaussians")
    return _by_evidence(points, _believed(points, points.precision), config, seed)


def _believed(points: SpeakerPoints, precision: Array) -> Observations:
    """What the windows say of their speakers, taken down where neighbours bear less power than usual."""
    observations = observations_at(points.values, precision)
    power = fitted_power(observations, ~points.first, STAY_WITHIN, USUAL_POWER)
    share = min(1.0, power / USUAL_POWER)
    return Observations(share * observations.linear, share * observations.precision)


def _by_evidence(
    points: SpeakerPoints, observations: Observations, config: ClusteringConfig, seed: int
) -> Clustering:
    """Merging from several starts; for every count the solution with the best bound."""
    stay = np.where(points.first, STAY_AFTER_PAUSE, STAY_WITHIN)
    path: dict[int, VoicesFit] = {}
    for start in range(config.n_starts):
        shares = start_wide(points.values, config.max_speakers, seed + start)
        for k, fit in merge_path(observations, stay, shares, shared=points.shared).items():
            if k not in path or fit.bound > path[k].bound:
                path[k] = fit
    path |= _missing(path, observations, stay, points, config, seed)
    solutions = {k: fit.responsibilities for k, fit in path.items()}
    values = {k: price(k) - fit.log_evidence for k, fit in path.items()}
    return decided("evidence", solutions, values, config, partial(_all_apart, observations, points))


def price(n_speakers: int) -> float:
    """What a number of speakers costs beyond what their points do, nats."""
    return SECOND_VOICE + FURTHER_VOICE * (n_speakers - 2) if n_speakers > 1 else 0.0


def _all_apart(
    observations: Observations, points: SpeakerPoints, responsibilities: Array, margin: float
) -> bool:
    """Whether no two voices are likelier one that drifted than two, by ``margin`` nats or more."""
    common = shared_point(observations, responsibilities, points.shared)
    linear, precision = moved(gathered(observations, responsibilities), common)
    voices = [
        scattered(Observations(linear[k : k + 1], precision[k : k + 1]), within)
        for k, within in enumerate(_drifts(points, responsibilities))
    ]
    return all(log_ratio(one, other) < margin for one, other in combinations(voices, 2))


def _drifts(points: SpeakerPoints, responsibilities: Array) -> Array:
    """Covariance (K, d, d) by which each voice may have drifted in the time that it is heard."""
    size = points.values.shape[1]
    most = np.zeros((size, size)) if points.drift is None else points.drift
    if responsibilities.shape[1] == 2:
        most = capped(HALVES * most)
    lengths = (points.bounds[:, 1] - points.bounds[:, 0]) / points.grid.frame_rate
    heard = responsibilities.T @ lengths
    return (heard / (heard + HALF_DRIFT))[:, None, None] * most


def _missing(
    path: dict[int, VoicesFit],
    observations: Observations,
    stay: Array,
    points: SpeakerPoints,
    config: ClusteringConfig,
    seed: int,
) -> dict[int, VoicesFit]:
    """A solution for the smallest allowed count, when merging passed over every allowed one."""
    if any(config.min_speakers <= k <= config.max_speakers for k in path):
        return {}
    start = kmeans_start(points.values, config.min_speakers, seed)
    fit = fit_voices(observations, stay, start, 4, shared=points.shared, keep_all=True)
    return {config.min_speakers: fit}
