"""From frames to points that can be told apart by speaker.

Two spaces share one shape, SpeakerPoints: ``speaker_points`` under a background model, where one Gaussian per
speaker is true, and ``frame_points``, the textbook's, where it mostly finds phones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.models.dispersion import dispersions
from diarize.models.drift import drift_covariance
from diarize.models.factors import Observations, observed, posterior_means
from diarize.models.statistics import accumulated
from diarize.types import SpeakerPoints
from diarize.windows import TILE, tiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.mixtures import GMM
    from diarize.types import SpeechMask, VoiceFrames

    Array = NDArray[Any]

__all__ = ["frame_points", "speaker_points"]

# A voice wanders slowly, which a long recording shows and a short one does not, so a frame of a short one is
# worth more. With SHORT seconds of speech it is worth twice what it is worth in minutes; beyond LONG
# seconds, evidence grows with the square root of the length.
SHORT: Final = 8.0
LONG: Final = 300.0
# The dispersion of a window that is taken at its word, more than the median of speech (2.1): what lies
# farther off is taken down, what lies nearer up, until all windows are of one length.
USUAL_DISPERSION: Final = 3.0
# What lasts in the end: of the variance from window to window, and of that between voices in every direction.
LASTING: Final = 0.9
WANDERING: Final = 0.14
# Where speech is so many dB over pauses, and more, noise does nothing to it.
UNCOVERED: Final = 22.0
# Noise draws voices together: where speech is as loud as pauses, their distances are COVERED of what they are
# in silence (by maximum likelihood on conversations of voices held out).
COVERED: Final = 0.6
# Noise is new in every frame, where speech repeats itself: there a frame is worth more by FRESH of what it is
# worth in silence (chosen on conversations of voices held out).
FRESH: Final = 0.5


def speaker_points(
    frames: VoiceFrames,
    ubm: GMM,
    loadings: tuple[Array, Array],
    scale: float,
    shared: Array | None = None,
) -> SpeakerPoints:
    """Windows of speech as uncertain points in speaker space.

    ``ubm``, ``loadings`` (speaker, window), ``scale`` and ``shared`` are those of a background model. A point
    lies at the posterior mean of the speaker's factors; its precision says how much the window knew (its
    length and its phones decide), less where noise draws voices together or sounds are unlike any that the
    model knows.
    """
    mask = frames.mask
    bounds, first = tiled(mask)
    noise = _noise(frames.above)
    frame = scale * _worth(mask.seconds, noise)
    statistics = accumulated(ubm, frames.values, frames.clear, bounds, frame)
    speaker, window = loadings
    contrast = 1 - (1 - COVERED) * noise
    told = observed(statistics, (contrast * speaker).astype(speaker.dtype), window)
    share = np.sqrt(USUAL_DISPERSION / np.maximum(dispersions(statistics, frame), 1e-9))
    observations = Observations(*(share[:, None].astype(each.dtype) * each for each in told))
    usual = scale * mask.grid.frames_in(TILE) * ubm.weights_
    drift = drift_covariance(usual, loadings, LASTING, WANDERING)
    means = posterior_means(observations)
    return SpeakerPoints(means, bounds, first, mask.grid, observations.precision, drift, shared)


def _noise(above: float) -> float:
    """How much of it there is when speech is ``above`` dB over its pauses: 1 where both are as loud, 0 where
    there is none that matters.
    """
    return min(1.0, max(0.0, 1 - above / UNCOVERED))


def _worth(seconds: float, noise: float) -> float:
    """Of a frame as evidence for a speaker, relative to one of a recording of minutes without ``noise``."""
    return float((1 + FRESH * noise) * (1 + SHORT / seconds) * min(1.0, np.sqrt(LONG / seconds)))


def frame_points(values: Array, mask: SpeechMask) -> SpeakerPoints:
    """Every frame of speech a point: the textbook reading, kept for teaching."""
    frames = np.flatnonzero(mask.values)
    bounds = np.column_stack((frames, frames + 1))
    first = np.diff(frames, prepend=-2) > 1
    return SpeakerPoints(values[frames], bounds, first, mask.grid)
