"""A threshold on loudness: the floor that every detector must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from diarize.speech.durations import lasting, padded
from diarize.speech.silence import dead

if TYPE_CHECKING:
    from diarize.config import SpeechConfig
    from diarize.types import Features, SpeechMask

__all__ = ["by_energy"]

# dB under the loudest twentieth of the frames at which the threshold lies.
MARGIN: Final = 30.0


def by_energy(features: Features, config: SpeechConfig, n_mels: int) -> SpeechMask:
    """Frames within 30 dB of the loudest twentieth; the level is the mean of ``n_mels`` filters in dB."""
    level = features.columns("c0")[:, 0] / np.sqrt(n_mels)
    loud = level > np.percentile(level, 95) - MARGIN
    return padded(lasting(loud & ~dead(features, 1), features.grid, config), features.grid, config)
