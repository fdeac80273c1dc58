"""Who cares: which frames are somebody speaking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.errors import DiarizeError
from diarize.types import SpeechMask, runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.types import Features, FrameGrid

    Array = NDArray[Any]

__all__ = ["by_energy", "by_silero", "found"]

# dB under the loud frames at which the energy threshold lies.
ENERGY_MARGIN: Final = 30.0


def found(features: Features, config: SpeechConfig) -> SpeechMask:
    """The speech in a recording by the method that ``config`` names."""
    return by_energy(features, config)


def by_energy(features: Features, config: SpeechConfig) -> SpeechMask:
    """Frames within 30 dB of the loudest twentieth: the floor that every detector must beat."""
    level = features.columns("c0")[:, 0] / np.sqrt(40)
    return SpeechMask(level > np.percentile(level, 95) - ENERGY_MARGIN, features.grid)


def by_silero(blocks: Iterable[Array], grid: FrameGrid, config: SpeechConfig) -> SpeechMask:
    """The mask of the Silero detector (extra ``silero``), for comparison; 16 kHz only."""
    raise DiarizeError("not yet")
