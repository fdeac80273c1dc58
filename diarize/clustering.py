"""How many speakers there are, and which window is whose, with the whole curve kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations, takewhile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import SpeakerCountError
from diarize.models import effective_sample_size, fit_kmeans, seed_points, select_gmm
from diarize.models.drift import capped
from diarize.models.factors import Observations, gathered, moved, observations_at
from diarize.models.power import fitted_power
from diarize.models.sessions import log_ratio, scattered
from diarize.models.vbhmm import fit_voices, merge_path, shared_point

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from diarize.config import ClusteringConfig
    from diarize.models.vbhmm import VoicesFit
    from diarize.types import SpeakerPoints

    Array = NDArray[Any]

__all__ = ["Clustering", "clustered", "nobody"]

# The search starts from at least this many speakers and merges: merging finds what splitting misses.
WIDEST_START: Final = 20
# Chance that the next window has the same speaker: within a stretch of speech, and after a pause.
STAY_WITHIN: Final = 0.9
STAY_AFTER_PAUSE: Final = 0.5
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
# Probability that a hard start leaves to the other speakers.
DOUBT: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Clustering:
    """The number of speakers and what spoke for it.

    ``criterion``: its name; ``counts`` (n,) speakers tried and ``values`` (n,) of the criterion, in nats,
    smaller is better; ``chosen``; ``equivalent``: counts that can hardly be told from the chosen, which is
    among them; ``solutions``: responsibilities (n_windows, K) for every count;
    ``alike``: counts of a better value that are not to be believed, for two of their voices may well be one
    that drifted.
    """

    criterion: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    chosen: int
    equivalent: tuple[int, ...]
    solutions: tuple[Array, ...]
    alike: tuple[int, ...] = ()

    @property
    def responsibilities(self) -> Array:
        """Those of the chosen count, (n_windows, chosen)."""
        return self.solutions[self.counts.index(self.chosen)]

    @property
    def explanation(self) -> str:
        """One line for people."""
        if len(self.counts) == 1:
            return f"{self.chosen}: no other number came up"
        others = [str(k) for k in self.equivalent if k != self.chosen]
        if others:
            return f"{self.chosen} by {self.criterion}; nearly as good: {', '.join(others)}"
        if self.chosen in self.alike:
            return f"{self.chosen} as asked, though two of the voices are much alike"
        pairs = zip(self.values, self.counts, strict=True)
        (least, best), *further = sorted(each for each in pairs if each[1] not in self.alike)
        if best != self.chosen:
            ahead = f"{self.values[self.counts.index(self.chosen)] - least:.0f} nats ahead"
            return f"{self.chosen} as asked; {self.criterion} alone says {best}, {ahead}"
        if self.alike:
            return f"{self.chosen} by {self.criterion}; two voices of {self.alike[0]} would be too much alike"
        value, runner_up = further[0]
        return f"{self.chosen} by {self.criterion}; next is {runner_up}, {value - least:.0f} nats behind"


def nobody() -> Clustering:
    """What there is to say when there was no speech."""
    return Clustering("no speech", (0,), (0.0,), 0, (0,), (np.zeros((0, 0)),))


def clustered(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """Count the speakers within ``config.min_speakers`` … ``max_speakers`` and share the windows out.

    Uncertain points: latent points of speakers under a sticky chain, number by the variational bound
    ("evidence") or by BIC. Exact points: one Gaussian each, number by BIC.
    Raises SpeakerCountError when there are fewer windows than speakers asked for.
    """
    n = len(points.values)
    if n < 2 and config.min_speakers == 1:
        return Clustering("too little speech", (1,), (0.0,), 1, (1,), (np.ones((n, 1)),))
    if n < config.min_speakers:
        raise SpeakerCountError(
            f"at least {config.min_speakers} speakers asked for, but there is speech for {n} at most; "
            "allow fewer, as with --min-speakers 1",
            n,
        )
    if points.precision is None or config.criterion == "bic":
        return _by_gaussians(points, config, seed)
    return _by_evidence(points, _believed(points, points.precision), config, seed)


def _believed(points: SpeakerPoints, precision: Array) -> Observations:
    """What the windows say of their speakers, taken down where neighbours bear less power than usual."""
    observations = observations_at(points.values, precision)
    power = fitted_power(observations, ~points.first, STAY_WITHIN, USUAL_POWER)
    share = min(1.0, power / USUAL_POWER)
    return Observations(share * observations.linear, share * observations.precision)


def _decided(
    criterion: str,
    solutions: dict[int, Array],
    values: dict[int, float],
    config: ClusteringConfig,
    believable: Callable[[Array, float], bool] = lambda responsibilities, margin: True,
) -> Clustering:
    """The allowed count with the least value whose solution is believable, all counts reported.

    When none of the allowed is, the one with the least value. Nearly as good are those that miss either by no
    more than ``config.equivalent``.
    """
    counts = tuple(sorted(values))
    ranked = sorted((values[k], k) for k in counts)
    apart = cache(lambda k: believable(solutions[k], 0.0))
    alike = tuple(takewhile(lambda k: not apart(k), (k for _, k in ranked)))
    allowed = [each for each in ranked if config.min_speakers <= each[1] <= config.max_speakers]
    best, chosen = next((each for each in allowed if apart(each[1])), allowed[0])
    close = (k for value, k in allowed if value - best <= config.equivalent)
    near = tuple(sorted(k for k in close if k == chosen or believable(solutions[k], config.equivalent)))
    shown, kept = tuple(values[k] for k in counts), tuple(solutions[k] for k in counts)
    return Clustering(criterion, counts, shown, chosen, near, kept, alike)


def _by_gaussians(points: SpeakerPoints, config: ClusteringConfig, seed: int) -> Clustering:
    """A Gaussian mixture over the points, K by BIC with the effective number of independent points."""
    highest = min(config.max_speakers, len(points.values))
    selection = select_gmm(
        points.values,
        range(config.min_speakers, highest + 1),
        config.covariance,
        n_samples=effective_sample_size(points.values),
        seed=seed,
    )
    candidates = {c.gmm.n_components: c for c in selection.candidates}
    solutions = {k: c.gmm.responsibilities(points.values) for k, c in candidates.items()}
    return _decided("BIC", solutions, {k: c.bic / 2 for k, c in candidates.items()}, config)


def _by_evidence(
    points: SpeakerPoints, observations: Observations, config: ClusteringConfig, seed: int
) -> Clustering:
    """Merging from several starts; for every count the solution with the best bound."""
    stay = np.where(points.first, STAY_AFTER_PAUSE, STAY_WITHIN)
    path: dict[int, VoicesFit] = {}
    for start in range(config.n_starts):
        shares = _start(points.values, config, seed + start)
        for k, fit in merge_path(observations, stay, shares, shared=points.shared).items():
            if k not in path or fit.bound > path[k].bound:
                path[k] = fit
    path |= _missing(path, observations, stay, points, config, seed)
    solutions = {k: fit.responsibilities for k, fit in path.items()}
    values = {k: price(k) - fit.log_evidence for k, fit in path.items()}
    return _decided("evidence", solutions, values, config, partial(_all_apart, observations, points))


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


def _start(values: Array, config: ClusteringConfig, seed: int) -> Array:
    """Responsibilities of k-means on directions: how far a point lies from 0 says how much it knows."""
    n_starting = min(max(WIDEST_START, config.max_speakers), max(1, len(values) // 2))
    return _by_kmeans(values, n_starting, seed)


def _by_kmeans(values: Array, k: int, seed: int) -> Array:
    """Responsibilities (n, k); of windows that are all alike, as of a tone, some of the k have none."""
    directions = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    distinct = len(np.unique(directions, axis=0))
    seeds = seed_points(directions, min(k, distinct), np.random.default_rng(seed))
    labels = fit_kmeans(directions, directions[seeds]).labels
    hard = np.eye(k)[labels]
    return (1 - DOUBT) * hard + DOUBT / k


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
    start = _by_kmeans(points.values, config.min_speakers, seed)
    fit = fit_voices(observations, stay, start, 4, shared=points.shared, keep_all=True)
    return {config.min_speakers: fit}
