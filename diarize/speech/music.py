"""Music detection: talk and music differ in the modulation of the spectrum over seconds.

Speech has three to eight syllables per second (Houtgast & Steeneken 1985) and changes between vowels,
fricatives and pauses, while notes are held or struck. Single frames do not show this: a chord looks like a
vowel. The range, speed and abruptness of the changes of every cepstrum within three seconds do (compare
Saunders 1996 and Scheirer & Slaney 1997).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.speech.detection_features import slopes_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from diarize.mixtures.discriminant import Discriminant
    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["modulation_features", "music_log_odds"]

SEGMENT_SECONDS: Final = 3.0  # seconds of one segment
BATCH_SIZE: Final = 1 << 14  # segments whose tables, in double precision, are held at a time
MIN_MUSIC: Final = 1.0  # seconds: in less, talk and music look alike
# Floors of variances: of cepstra, of their slopes, of their steps from frame to frame.
VARIANCE_FLOORS: Final = (0.1, 0.01, 0.05)
# Floor of the speed of change, dB per second.
SPEED_FLOOR: Final = 1.7
# Decibels below the loudest filter at which the weight of a filter is floored.
RANGE: Final = 40.0


def music_log_odds(features: Features, n_mels: int, talk: Discriminant) -> Array:
    """Log odds of talk against music for every frame, (n_frames,), at most 0.

    ``features``: cepstra of ``n_mels`` filters. A frame is music only if the three seconds before it, after
    it and around it all are, so that talk after music and a word between two pieces of music are kept as
    talk.
    """
    n_frames = len(features.values)
    length = min(features.grid.frames_in(SEGMENT_SECONDS), n_frames)
    if length < features.grid.frames_in(MIN_MUSIC):
        return np.zeros(n_frames)
    odds = np.concatenate([talk.log_odds(part) for part in _motion_parts(features, n_mels, length)])
    first = np.arange(n_frames)[:, None] - (length - 1, length // 2, 0)
    best: Array = odds[np.clip(first, 0, len(odds) - 1)].max(axis=1)
    return np.minimum(0, best)


def modulation_features(features: Features, n_mels: int) -> Array:
    """How the sound changes within three seconds: the input of the discriminant of talk against music.

    The features are logarithms of the variance of every cepstrum, of the mean squares of its slopes and of
    its steps from frame to frame, and of the speed of the loud filters: the mean, and the mean of the
    logarithm.

    Parameters
    ----------
    features : cepstra of the recording
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    Float64 (n_frames − length + 1, 3·n_cepstra + 2), one row for every segment of length three seconds; no
    rows for a shorter sound.

    References
    ----------
    Houtgast & Steeneken 1985, "A review of the MTF concept in room acoustics and its use for estimating
    speech intelligibility in auditoria"; compare Saunders 1996, "Real-time discrimination of broadcast
    speech/music", and Scheirer & Slaney 1997, "Construction and evaluation of a robust multifeature
    speech/music discriminator".

    """
    length = features.grid.frames_in(SEGMENT_SECONDS)
    if len(features.values) < length:
        return np.zeros((0, 3 * features.columns("c").shape[1] + 2))
    return np.concatenate(list(_motion_parts(features, n_mels, length)))


def _motion_parts(features: Features, n_mels: int, length: int) -> Iterator[Array]:
    """Rows of ``modulation_features`` for segments of ``length`` frames, in parts."""
    cepstra = features.columns("c")
    for start in range(0, len(cepstra) - length + 1, BATCH_SIZE):
        seen = slice(start, start + BATCH_SIZE + length - 1)
        values, slopes = cepstra[seen].astype(np.float64), slopes_in(cepstra, seen).astype(np.float64)
        steps = np.diff(cepstra[max(seen.start - 1, 0) : seen.stop], axis=0).astype(np.float64)
        steps = steps if seen.start else np.concatenate((np.zeros_like(values[:1]), steps))
        speeds = _speeds(values, slopes, n_mels)[:, None] * features.grid.frame_rate
        centred = values - values.mean(axis=0)
        variances = _means(centred**2, length) - _means(centred, length) ** 2
        squares = variances, _means(slopes**2, length), _means(steps**2, length)
        spreads = [np.log(each + least) for each, least in zip(squares, VARIANCE_FLOORS, strict=True)]
        changes = np.log(_means(speeds, length) + SPEED_FLOOR), _means(np.log(speeds + SPEED_FLOOR), length)
        yield np.concatenate((*spreads, *changes), axis=1)


def _speeds(cepstra: Array, slopes: Array, n_mels: int) -> Array:
    """Speed of change of the loud filters in every frame, dB per frame, (n,)."""
    from scipy.fft import idct

    filters = idct(np.eye(cepstra.shape[1]), n=n_mels, norm="ortho")
    levels = cepstra @ filters
    weights = 10 ** (np.maximum(levels - levels.max(axis=1, keepdims=True), -RANGE) / 20)
    speeds: Array = (weights * np.abs(slopes @ filters)).sum(axis=1) / weights.sum(axis=1)
    return speeds


def _means(values: Array, length: int) -> Array:
    """Means over every ``length`` consecutive rows, (n − length + 1, D)."""
    total = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0)
    means: Array = (total[length:] - total[:-length]) / length
    return means
