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
    """Frames within 30 dB of the loudest twentieth; the level is the mean of ``n_mels`` filters in dB."""
    level = features.columns("c0")[:, 0] / np.sqrt(n_mels)
    loud = level > np.percentile(level, 95) - MARGIN
    return pad_speech(
        enforce_durations(loud & ~digital_silence(features, 1), features.grid, config), features.grid, config
    )
