"""Noise reduction of cepstra by spectral subtraction.

Spectral subtraction (Boll 1979) with a floor relative to the signal (Berouti, Schwartz & Makhoul 1979), in
mel filters: the power in pauses is subtracted from the power of every frame. Cepstra of which the finest are
not kept give the filters smoothed, which serves as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.features.level import background_frames
from diarize.lazy_imports import import_librosa
from diarize.types import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import AcousticConfig

    Array = NDArray[Any]

__all__ = ["denoise"]

BATCH_SIZE: Final = 2000  # frames between noise estimates: in long recordings the noise changes
ESTIMATE_FRAMES: Final = 3000  # frames of an estimate, half before and half after the centre


def denoise(features: Features, speech: Array, config: AcousticConfig) -> Features:
    """Voice coefficients after subtracting the median power of the background.

    ``features``: cepstra of ``config``; ``speech``: bool (n_frames,). At least the share
    ``config.noise_floor`` of a frame's power is kept in every filter. Returns Features of c0 … c{n_voice} and
    u0 … u{n_upper}, fewer where there are fewer.
    """
    behind = background_frames(features, speech, config.n_mels)
    parts = (
        ("c", 1 + config.n_voice, config.n_mels),
        ("u", 1 + config.n_upper, config.upper_mels),
    )
    values = [_denoise_band(features.columns(name), behind, n, n_mels, config) for name, n, n_mels in parts]
    names = [
        f"{name}{i}" for (name, *_), each in zip(parts, values, strict=True) for i in range(each.shape[1])
    ]
    return Features(np.column_stack(values), features.grid, tuple(names))


def _denoise_band(values: Array, behind: Array, n: int, n_mels: int, config: AcousticConfig) -> Array:
    """The first ``n`` cepstra of one band's (n_frames, N), with the power of the frames ``behind``
    subtracted.
    """
    found = np.empty((len(values), min(n, values.shape[1])), dtype=np.float32)
    told_by = np.flatnonzero(behind)
    for start in range(0, len(values), BATCH_SIZE):
        near = values[_nearest_frames(told_by, start + BATCH_SIZE // 2)]
        noise = np.median(_powers(near, n_mels, config), axis=1)
        rows = slice(start, start + BATCH_SIZE)
        found[rows] = _subtract_noise(noise, values[rows], found.shape[1], n_mels, config)
    return found


def _nearest_frames(frames: Array, middle: int) -> Array:
    """The sorted ``frames`` nearest to a ``middle``, equally many before and after it."""
    first = np.clip(
        np.searchsorted(frames, middle) - ESTIMATE_FRAMES // 2, 0, max(0, len(frames) - ESTIMATE_FRAMES)
    )
    return frames[first : first + ESTIMATE_FRAMES]


def _subtract_noise(noise: Array, values: Array, n: int, n_mels: int, config: AcousticConfig) -> Array:
    """The first ``n`` cepstra of frames (T, N) with the noise power (n_mels,) subtracted."""
    power = _powers(values, n_mels, config)
    left = np.maximum(power - noise[:, None], config.noise_floor * power)
    kept: Array = import_librosa().feature.mfcc(S=10 * np.log10(left), n_mfcc=n, lifter=config.lifter)
    return kept.T


def _powers(values: Array, n_mels: int, config: AcousticConfig) -> Array:
    """Power in mel filters (n_mels, T), float64, of cepstra (T, N)."""
    power: Array = import_librosa().feature.inverse.mfcc_to_mel(
        values.T.astype(np.float64), n_mels=n_mels, lifter=config.lifter
    )
    return power
