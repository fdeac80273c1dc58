"""A threshold on the level, as a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.speech.durations import enforce_durations, pad_speech
from diarize.speech.silence import digital_silence

if TYPE_CHECKING:
    from diarize.config import SpeechConfig
    from diarize.types import Features, SpeechMask

__all__ = ["detect_by_energy"]

# dB under the loudest twentieth of the frames at which the threshold lies.
MARGIN: Final = 30.0


def detect_by_energy(features: Features, config: SpeechConfig, n_mels: int) -> SpeechMask:
    """Speech by a threshold on the level, 30 dB below the loudest twentieth of the frames.

    The level of a frame is the mean of its mel filters in dB. Digital silence is never speech.

    Parameters
    ----------
    features : cepstra of the recording
    config : minimum durations and padding of speech and pauses, seconds
    n_mels : mel filters from which the cepstra were computed

    Returns
    -------
    The mask, on the frames of ``features``.

    """
    level = features.columns("c0")[:, 0] / np.sqrt(n_mels)
    loud = level > np.percentile(level, 95) - MARGIN
    return pad_speech(
        enforce_durations(loud & ~digital_silence(features, 1), features.grid, config), features.grid, config
    )
