"""Sounds that are held: tones, chords and other signals whose spectra hardly change.

Who speaks changes the spectrum at the rate of syllables, some two to eight times a second (Houtgast &
Steeneken 1985); slopes over 90 ms see just that. A held sound has changes too, where a note begins, but they
are few: the geometric mean over a second and a half forgets them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.speech.activity import parts_of, slopes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Features

    Array = NDArray[Any]

__all__ = ["held_evidence"]

# Frames of what lies before and behind, and of what is around.
STRETCH: Final = 151
AROUND: Final = 51
# Decibels a second (geometric mean) under which a sound is held, and those of the half second around. Half of
# all speech changes twice as fast; of the speech of meetings, calls, television and readers that was measured
# nothing is taken away.
HELD: Final = 41.0
HELD_AROUND: Final = 50.0
# Changes of less than this are none, dB a second.
STEADY: Final = 1.7
# Nats for each factor e under that.
WEIGHT: Final = 50.0
# Decibels under the loudest filter beyond which filters count alike, and hardly.
RANGE: Final = 40.0


def held_evidence(features: Features, n_mels: int) -> Array:
    """Log-likelihood ratio of speech to sounds that are held, (n_frames,), at most 0.

    ``features``: cepstra of ``n_mels`` filters. A frame is held when a second and a half before it, as long
    behind it and the half second around it all are: speech that begins after a tone is none, nor is a word
    between two.
    """
    changes = np.concatenate([_changes(features, part, n_mels) for part in parts_of(len(features.values))])
    logs = np.log(changes + STEADY)
    stretches = [_means(logs, first, STRETCH) - np.log(HELD) for first in (1 - STRETCH, 0)]
    around = _means(logs, -(AROUND // 2), AROUND) - np.log(HELD_AROUND)
    evidence: Array = WEIGHT * np.minimum(0, np.maximum.reduce((*stretches, around)))
    return evidence


def _changes(features: Features, part: slice, n_mels: int) -> Array:
    """How fast the loud filters of every frame of a part change, dB a second."""
    from scipy.fft import idct

    cepstra = features.columns("c")
    filters = idct(np.eye(cepstra.shape[1], dtype=np.float32), n=n_mels, norm="ortho")
    levels, speeds = cepstra[part] @ filters, slopes_of(cepstra, part) @ filters
    under = levels - levels.max(axis=1, keepdims=True)
    weights = 10 ** (np.maximum(under, -RANGE) / 20)
    mean: Array = (weights * np.abs(speeds)).sum(axis=1) / weights.sum(axis=1)
    return mean * features.grid.frame_rate


def _means(values: Array, first: int, length: int) -> Array:
    """Means over ``length`` values that begin ``first`` from each, (n,); the ends have the nearest."""
    length = min(length, len(values))
    total = np.cumsum(np.pad(values, (1, 0)))
    starts = np.clip(np.arange(len(values)) + first, 0, len(values) - length)
    means: Array = (total[starts + length] - total[starts]) / length
    return means
