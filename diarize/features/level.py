"""The level of frames, and which frames are loud, audible, or background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["audible_frames", "background_frames", "level_gain", "loud_frames", "loud_outside"]

# dB below the loudest hundredth of the frames: room noise and line noise are louder, digital silence is not.
AUDIBLE_RANGE: Final = 45.0
# Seconds of a segment. The loudest few segments (a third of a short recording) are assumed to hold talk. A
# segment whose loud moments rise above the floor by less than this share of theirs holds none.
SEGMENT_SECONDS: Final = 5.0
N_TALK_SEGMENTS: Final = 3
MIN_RISE: Final = 0.25
# Share of the frames of speech, the quietest ones, that are dominated by noise and echo.
QUIET_SHARE: Final = 0.2
# Least frames of pause to estimate the background from; with fewer, the quietest fiftieth of speech is used.
MIN_PAUSE_FRAMES: Final = 30
QUIETEST_SHARE: Final = 0.02

# Decibels below the loudest twentieth of a recording above which a frame counts as loud without speech, and
# the absolute level below which no frame counts.
LOUD_RANGE: Final = 10.0
MIN_LOUD_LEVEL: Final = -60.0

# Level in dB of the loudest twentieth of the audible frames that the networks were trained at, and the
# largest gain in dB up or down.
USUAL_LEVEL: Final = -20.0
MAX_GAIN: Final = 60.0


def level_gain(features: Features, n_mels: int) -> float:
    """The gain that brings a recording to the level at which the networks were trained.

    The floors in a network's features are absolute, so the same recording at another level would give another
    result.

    Parameters
    ----------
    features : cepstra of the recording, c0 in the first column
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    The factor for the samples, from 0.001 to 1000 (60 dB down or up).

    """
    level = features.values[audible_frames(features, n_mels), 0] / np.sqrt(n_mels)
    gain = USUAL_LEVEL - float(np.percentile(level, 95))
    return float(10 ** (min(MAX_GAIN, max(-MAX_GAIN, gain)) / 20))


def audible_frames(features: Features, n_mels: int) -> Array:
    """Frames that are loud enough to say something about the level of speech.

    Digital silence and empty rooms are excluded, however long they last.

    Parameters
    ----------
    features : cepstra of the recording, c0 in the first column; one frame or more
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    Bool (n_frames,), at least one of them True.

    """
    level = features.values[:, 0] / np.sqrt(n_mels)
    there = _frames_with_talk(level, features.grid.frames_in(SEGMENT_SECONDS))
    is_audible: Array = there & (level >= np.percentile(level[there], 99) - AUDIBLE_RANGE)
    return is_audible


def _frames_with_talk(level: Array, length: int) -> Array:
    """Frames of segments of about ``length`` frames that probably hold talk, bool (n_frames,)."""
    segments = np.array_split(level, max(1, round(len(level) / length)))
    peaks = np.array([np.percentile(each, 95) for each in segments])
    top = np.sort(peaks)[-max(1, min(N_TALK_SEGMENTS, len(peaks) // 3))]
    floor = np.percentile(level[level >= top - AUDIBLE_RANGE], 10)
    return np.repeat(peaks >= floor + MIN_RISE * (top - floor), [len(each) for each in segments])


def loud_frames(features: Features, speech: Array) -> Array:
    """Frames of speech without the quietest fifth; they discriminate voices best.

    Parameters
    ----------
    features : cepstra of the recording, c0 in the first column
    speech : bool (n_frames,), the frames of speech

    Returns
    -------
    Bool (n_frames,); without speech, all False.

    """
    level = features.values[:, 0]
    if not speech.any():
        return speech
    loud: Array = speech & (level >= np.quantile(level[speech], QUIET_SHARE))
    return loud


def loud_outside(features: Features, speech: Array, n_mels: int) -> float:
    """How much loud sound there is outside of speech.

    A frame is loud if it is as loud as the louder half of the speech. Without speech, it is loud if it is
    within 10 dB of the loudest twentieth of the frames, and not below −60 dB.

    Parameters
    ----------
    features : cepstra of the recording, c0 in the first column
    speech : bool (n_frames,), the frames of speech
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    Seconds of loud frames outside of speech.

    """
    level = features.values[:, 0] / np.sqrt(n_mels)
    if speech.any():
        least = float(np.median(level[speech]))
    else:
        least = max(MIN_LOUD_LEVEL, float(np.percentile(level, 95)) - LOUD_RANGE)
    return float((~speech & (level >= least)).sum() / features.grid.frame_rate)


def background_frames(features: Features, speech: Array, n_mels: int) -> Array:
    """Background frames, given speech (bool, (n_frames,)), at least one: audible pauses, or else the quietest
    speech.

    ``features``: cepstra of ``n_mels`` filters.
    """
    is_audible = audible_frames(features, n_mels)
    pauses: Array = ~speech & is_audible
    if pauses.sum() >= MIN_PAUSE_FRAMES or not (speech & is_audible).any():
        return pauses
    level = features.values[:, 0]
    softest: Array = speech & is_audible & (level <= np.quantile(level[speech & is_audible], QUIETEST_SHARE))
    return softest
