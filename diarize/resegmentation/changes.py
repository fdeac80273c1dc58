"""Points of speaker change, from posteriors or from the sound alone.

Both methods cut the speech into pieces and then remove the weakest change repeatedly, until every remaining
change is stronger than the threshold. Pauses are skipped: a change at a pause is where the next speaker
starts, and a change within 0.2 s of speech of a pause is moved to it.

**Posteriors.** Pieces are runs of one most likely speaker. With ā and b̄ the mean posteriors over the whole
pieces before and after a change, the probability of a change of speaker is

    p = 1 − Σ_k ā_k b̄_k

the probability that two speakers differ when one is drawn for each piece. Means over pieces are used, because
neighbouring frames at a gradual change hardly differ. The two pieces are assumed to be independent, and p is
only as good as the posteriors.

**ΔBIC** (Chen & Gopalakrishnan 1998) needs no speaker models. One Gaussian with full covariance for N frames
against one for the N₁ before and one for the N₂ after:

    ΔBIC = ½ (N log|Σ| − N₁ log|Σ₁| − N₂ log|Σ₂|) − λ ½ (d + d(d+1)/2) log N

A window grows until its best cut has ΔBIC > 0 and is not at its end; the next window starts there. Then every
cut moves to the best place between its neighbours. Running sums of 1, x and xxᵀ give the covariance of any
interval by subtraction (Cettolo, Vescovi & Rizzi 2005).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import isqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import ConfigError
from diarize.features import cmvn, select_voice_cepstra
from diarize.resegmentation.pauses import NEAR_PAUSE, move_to_pauses
from diarize.types import Features

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from diarize.config import AcousticConfig
    from diarize.types import FrameGrid, Posteriors, SpeechMask

    Array = NDArray[Any]

__all__ = [
    "BicSettings",
    "Change",
    "bic_features",
    "changes_by_bic",
    "changes_by_posteriors",
    "delta_bic",
    "running_sums",
]

# Added to every variance of normalised cepstra, so that constant intervals have a determinant.
VARIANCE_FLOOR: Final = 1e-6
# Seconds between the first candidate cuts; around the best one every frame is tried.
STEP: Final = 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """A change of speaker at ``time`` (seconds).

    ``probability`` (0 to 1) and the speakers ``before`` and ``after`` come from posteriors, ``delta_bic``
    (nats) from the sound; None where the method does not give them.
    """

    time: float
    probability: float | None = None
    before: str | None = None
    after: str | None = None
    delta_bic: float | None = None


@dataclass(frozen=True, slots=True)
class BicSettings:
    """Settings of the ΔBIC search."""

    # weight of the penalty; 1 is Schwarz's, but frames are correlated: a larger weight finds fewer changes
    penalty: float = 2.0
    # seconds of speech in the first window, of each extension, and at most
    window: float = 3.0
    growth: float = 0.5
    longest: float = 20.0
    # shortest piece, seconds of speech
    margin: float = 0.5

    def __post_init__(self) -> None:
        if not self.penalty >= 0:
            raise ConfigError(f"a penalty of {self.penalty}; it must be 0 or more, commonly 1 to 3")
        if not 0 < 2 * self.margin <= self.window <= self.longest or self.growth <= 0:
            raise ConfigError(f"{self}: 0 < 2 margin ≤ window ≤ longest and growth > 0 needed")


def changes_by_posteriors(posteriors: Posteriors, *, min_probability: float = 0.5) -> tuple[Change, ...]:
    """Changes of the most likely speaker, without the improbable ones.

    When an unlikely change is removed, its two pieces are merged, and their speaker is the most likely one
    over both. So each change's ``before`` is the ``after`` of the change before it.

    Parameters
    ----------
    posteriors : who speaks in each frame
    min_probability : changes must be more probable than this, 0 to 1

    Returns
    -------
    Changes in order of time, with probability and speakers; none without speech.

    Raises
    ------
    ConfigError
        For a ``min_probability`` that is not from 0 to 1.

    """
    if not 0 <= min_probability <= 1:
        raise ConfigError(f"a min_probability of {min_probability}; a probability is from 0 to 1")
    spoken = np.flatnonzero(posteriors.values.any(axis=1))
    if not spoken.size:
        return ()
    shares = posteriors.values[spoken]
    turned = np.flatnonzero(np.diff(shares.argmax(axis=1))) + 1
    first = np.unique([0, *_move_to_pauses(turned, spoken, posteriors.grid)])
    pieces = list(np.add.reduceat(shares, first, axis=0, dtype=np.float64))
    kept, sums, strengths = _join_weakest(pieces, _difference, min_probability)
    times = _starts(posteriors.grid, spoken[first[kept]])
    names = [posteriors.speakers[int(each.argmax())] for each in sums]
    return tuple(
        Change(time, probability, before, after)
        for time, probability, (before, after) in zip(times[1:], strengths, pairwise(names), strict=True)
    )


def _move_to_pauses(cuts: Array, spoken: Array, grid: FrameGrid) -> Array:
    """Move cuts between frames of speech to a nearby pause.

    ``cuts`` (n,) and the result count frames of speech; ``spoken`` (m,) are these frames.
    """
    pauses = np.flatnonzero(np.diff(spoken) > 1) + 1
    return move_to_pauses(cuts, pauses, grid.frames_in(NEAR_PAUSE))


def _starts(grid: FrameGrid, frames: Array) -> list[float]:
    """Seconds at which frames begin."""
    return [grid.seconds(int(frame)) for frame in frames]


def _difference(before: Array, after: Array) -> float:
    """1 − Σ ā b̄ of two sums of posteriors (K,); 0 where both are most likely the same speaker."""
    if before.argmax() == after.argmax():
        return 0.0
    return float(1 - (before / before.sum()) @ (after / after.sum()))


def _join_weakest(
    pieces: Sequence[Array], strength: Callable[[Array, Array], float], threshold: float
) -> tuple[list[int], list[Array], list[float]]:
    """Merge neighbours, weakest change first, until every change is stronger than the threshold.

    ``pieces``: additive sums. Returns the indices of the pieces that start a merged piece, the sums of the
    merged pieces, and the strengths of the changes between them.
    """
    kept, sums = list(range(len(pieces))), list(pieces)
    strengths = [strength(before, after) for before, after in pairwise(sums)]
    while strengths and (weakest := min(strengths)) <= threshold:
        i = strengths.index(weakest)
        sums[i : i + 2] = [sums[i] + sums[i + 1]]
        del kept[i + 1], strengths[i]
        for j in range(max(i - 1, 0), min(i + 1, len(strengths))):
            strengths[j] = strength(sums[j], sums[j + 1])
    return kept, sums, strengths


def bic_features(found: Features, band: str, config: AcousticConfig) -> Features:
    """Features for ``changes_by_bic``: voice cepstra (``features.select_voice_cepstra``).

    Twelve in both bands: with more, the penalty grows faster than the evidence.

    Parameters
    ----------
    found : cepstra of the recording
    band : "wide" or "narrow"
    config : the acoustic settings; its numbers of coefficients are not used

    Returns
    -------
    Features (n_frames, 12), not normalised.

    Raises
    ------
    ConfigError
        When ``found`` has too few cepstra for the band: 12 above c0 are needed in the narrow band, 8 in the
        wide band.

    """
    coarse = replace(config, n_voice=12 if band == "narrow" else 8, n_upper=3)
    values = select_voice_cepstra(found, band, coarse)
    return Features(values, found.grid, tuple(f"x{i}" for i in range(values.shape[1])))


def changes_by_bic(
    features: Features, mask: SpeechMask, settings: BicSettings | None = None
) -> tuple[Change, ...]:
    """Changes of speaker found from the sound alone, by ΔBIC.

    Parameters
    ----------
    features : (n_frames, d), as ``bic_features`` gives them
    mask : speech, on the same frames
    settings : of the search; the defaults unless given

    Returns
    -------
    Changes in order of time, with their ΔBIC in nats; none without speech.

    References
    ----------
    Chen & Gopalakrishnan 1998, "Speaker, environment and channel change detection and clustering via the
    Bayesian information criterion"; Cettolo, Vescovi & Rizzi 2005, "Evaluation of BIC-based algorithms for
    audio segmentation" (running sums).

    """
    settings = settings or BicSettings()
    spoken = np.flatnonzero(mask.values)
    if not spoken.size:
        return ()
    values = cmvn(features.values, mask.values)[spoken].astype(np.float64)
    cuts = _refine_cuts(values, list(_search(values, settings, mask.grid.frames_in)), settings, mask.grid)
    pieces = [running_sums(values[a:b])[-1] for a, b in pairwise(cuts)]

    def strength(before: Array, after: Array) -> float:
        return float(delta_bic(before, after, settings.penalty))

    kept, _, strengths = _join_weakest(pieces, strength, 0.0)
    at = _move_to_pauses(np.array([cuts[i] for i in kept[1:]], dtype=np.int64), spoken, mask.grid)
    times = _starts(mask.grid, spoken[at])
    return tuple(Change(time, delta_bic=gain) for time, gain in zip(times, strengths, strict=True))


def _search(values: Array, settings: BicSettings, frames_in: Callable[[float], int]) -> Iterator[int]:
    """Cuts of frames (n, d), each the best cut of a growing window that begins at the cut before it."""
    wanted = (settings.window, settings.growth, settings.longest, settings.margin, STEP)
    window, growth, longest, margin, step = map(frames_in, wanted)
    start, size = 0, window
    sums = running_sums(values[:longest])
    while len(values) - start >= 2 * margin:
        inside = sums[: size + 1]
        place, gain = _best_cut(inside, margin, step, settings.penalty)
        at_end = start + size >= len(values)
        if gain <= 0 and at_end:
            return
        rising = place + margin + step > size  # the best cut may be after the window's end
        if size < longest and (gain <= 0 or rising):
            size = min(size + growth, longest)
            continue
        if gain > 0:
            yield start + place
        start, size = (start + place, window) if gain > 0 else (start + growth, longest)
        sums = running_sums(values[start : start + longest])


def _refine_cuts(values: Array, cuts: list[int], settings: BicSettings, grid: FrameGrid) -> list[int]:
    """Move each cut to the best place between its neighbours; returns them with both ends of the frames (n,
    d). This is needed because a window that ends soon after a change is cut too early: no piece is shorter
    than the margin.
    """
    longest, margin, step = map(grid.frames_in, (settings.longest, settings.margin, STEP))
    settled = [0, *cuts, len(values)]
    for i in range(1, len(settled) - 1):
        low, high = max(settled[i - 1], settled[i] - longest), min(settled[i + 1], settled[i] + longest)
        settled[i] = low + _best_cut(running_sums(values[low:high]), margin, step, settings.penalty)[0]
    return settled


def _best_cut(sums: Array, margin: int, step: int, penalty: float) -> tuple[int, float]:
    """The cut of a window with the highest ΔBIC, and its ΔBIC; ``sums`` from ``running_sums``."""
    last = len(sums) - 1 - margin
    coarse = np.arange(margin, last + 1, step)
    middle = int(coarse[_gains(sums, coarse, penalty).argmax()])
    fine = np.arange(max(margin, middle - step + 1), min(last, middle + step - 1) + 1)
    gains = _gains(sums, fine, penalty)
    return int(fine[gains.argmax()]), float(gains.max())


def _gains(sums: Array, cuts: Array, penalty: float) -> Array:
    return delta_bic(sums[cuts], sums[-1] - sums[cuts], penalty)


def running_sums(values: Array) -> Array:
    """Sums of 1, x and xxᵀ over the first 0, 1 … n frames; differences of rows are the sums of any interval.

    Parameters
    ----------
    values : (n, d)

    Returns
    -------
    Float64 (n + 1, 1 + d + d²), each row flat.

    References
    ----------
    Cettolo, Vescovi & Rizzi 2005, "Evaluation of BIC-based algorithms for audio segmentation".

    """
    n, d = values.shape
    products = (values[:, :, None] * values[:, None, :]).reshape(n, d * d)
    rows = np.column_stack((np.ones(n), values, products))
    return np.concatenate((np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)))


def delta_bic(before: Array, after: Array, penalty: float) -> Array:
    """ΔBIC of cuts: ½ (N log|Σ| − N₁ log|Σ₁| − N₂ log|Σ₂|) − λ ½ (d + d(d+1)/2) log N.

    Parameters
    ----------
    before, after : (…, 1 + d + d²), sums of the pieces on both sides (``running_sums``)
    penalty : λ; 1 is Schwarz's

    Returns
    -------
    Nats (…,); above 0 is a change.

    References
    ----------
    Chen & Gopalakrishnan 1998, "Speaker, environment and channel change detection and clustering via the
    Bayesian information criterion".

    """
    both = before + after
    n = both[..., 0]
    d = _dims(both)
    gain = _cost(both) - _cost(before) - _cost(after)
    result: Array = gain - penalty * 0.5 * (d + d * (d + 1) / 2) * np.log(n)
    return result


def _dims(sums: Array) -> int:
    """d of rows of 1 + d + d² numbers."""
    return isqrt(sums.shape[-1] - 1)


def _cost(sums: Array) -> Array:
    """½ N log|Σ| of pieces with these sums."""
    d, n = _dims(sums), sums[..., 0]
    mean = sums[..., 1 : d + 1] / n[..., None]
    moments = sums[..., d + 1 :].reshape(*sums.shape[:-1], d, d) / n[..., None, None]
    covariances = moments - mean[..., :, None] * mean[..., None, :] + VARIANCE_FLOOR * np.eye(d)
    cost: Array = 0.5 * n * np.linalg.slogdet(covariances)[1]
    return cost
