"""The level of frames, and which frames are loud, audible, or background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["audible_frames", "background_frames", "level_gain", "loud_frames", "loud_outside"]

# dB under the loudest hundredth of the frames: rooms and lines are louder, a machine's silence is not.
RANGE: Final = 45.0
# Seconds of a stretch. The loudest few stretches, of a short recording a third of them, hold talk; those
# whose loud moments rise over the floor by less than this share of how far theirs do hold none.
STRETCH: Final = 5.0
LOUDEST: Final = 3
RISE: Final = 0.25
# Share of the frames of speech, the quietest, that noise and echo fill more than the voice does.
BLURRED: Final = 0.2
# Frames of pause that tell what is heard then; of fewer, the quietest fiftieth of the speech does.
ENOUGH: Final = 30
QUIETEST: Final = 0.02

# Decibels under the loudest twentieth of a recording, above which a frame is loud where nobody speaks, and
# the level under which nothing is.
NEAR_LOUDEST: Final = 10.0
HARDLY: Final = -60.0

# Level of the loudest twentieth of the audible frames that networks were taught at, dB, and the most decibels
# by which a recording is put louder or softer to have it.
USUAL_LEVEL: Final = -20.0
MOST_GAIN: Final = 60.0


def level_gain(features: Features, n_mels: int) -> float:
    """The factor that samples need to be as loud as usual.

    The floors in a network's features are absolute, so a soft recording would be heard otherwise than the
    same one louder. ``features``: cepstra of ``n_mels`` filters.
    """
    level = features.values[audible_frames(features, n_mels), 0] / np.sqrt(n_mels)
    gain = USUAL_LEVEL - float(np.percentile(level, 95))
    return float(10 ** (min(MOST_GAIN, max(-MOST_GAIN, gain)) / 20))


def audible_frames(features: Features, n_mels: int) -> Array:
    """Frames that tell something of the recording, bool (n_frames,), never none.

    ``features``: cepstra of ``n_mels`` filters. Neither silence that a machine put before, between or behind
    nor a room without anybody in it says how loud speech is, however long they last.
    """
    level = features.values[:, 0] / np.sqrt(n_mels)
    there = _frames_with_talk(level, features.grid.frames_in(STRETCH))
    is_audible: Array = there & (level >= np.percentile(level[there], 99) - RANGE)
    return is_audible


def _frames_with_talk(level: Array, length: int) -> Array:
    """Frames of stretches of about ``length`` frames in which somebody may well talk, bool (n_frames,)."""
    stretches = np.array_split(level, max(1, round(len(level) / length)))
    peaks = np.array([np.percentile(each, 95) for each in stretches])
    top = np.sort(peaks)[-max(1, min(LOUDEST, len(peaks) // 3))]
    floor = np.percentile(level[level >= top - RANGE], 10)
    return np.repeat(peaks >= floor + RISE * (top - floor), [len(each) for each in stretches])


def loud_frames(features: Features, speech: Array) -> Array:
    """Frames of ``speech`` (bool) that are not among the quietest fifth of it: they tell voices apart."""
    level = features.values[:, 0]
    if not speech.any():
        return speech
    loud: Array = speech & (level >= np.quantile(level[speech], BLURRED))
    return loud


def loud_outside(features: Features, speech: Array, n_mels: int) -> float:
    """Seconds outside of speech (bool, (n_frames,)) that are as loud as its louder half or, where nobody
    speaks, nearly as loud as it gets.

    ``features``: cepstra of ``n_mels`` filters.
    """
    level = features.values[:, 0] / np.sqrt(n_mels)
    if speech.any():
        least = float(np.median(level[speech]))
    else:
        least = max(HARDLY, float(np.percentile(level, 95)) - NEAR_LOUDEST)
    return float((~speech & (level >= least)).sum() / features.grid.frame_rate)


def background_frames(features: Features, speech: Array, n_mels: int) -> Array:
    """Frames of what is heard behind speech (bool, (n_frames,)), never none: audible pauses, or else its
    quietest moments.

    ``features``: cepstra of ``n_mels`` filters.
    """
    is_audible = audible_frames(features, n_mels)
    pauses: Array = ~speech & is_audible
    if pauses.sum() >= ENOUGH or not (speech & is_audible).any():
        return pauses
    level = features.values[:, 0]
    softest: Array = speech & is_audible & (level <= np.quantile(level[speech & is_audible], QUIETEST))
    return softest
