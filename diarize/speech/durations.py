"""Minimum durations of speech and pauses, and padding, for every detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.types import SpeechMask, runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.config import SpeechConfig
    from diarize.types import FrameGrid

    Array = NDArray[Any]

__all__ = ["enforce_durations", "least_durations", "pad_speech"]


def least_durations(grid: FrameGrid, config: SpeechConfig) -> tuple[int, int]:
    """Minimum frames of speech and of a pause; at most half of a very short recording."""
    speech, pause = (
        min(grid.frames_in(s), max(1, grid.n_frames // 2)) for s in (config.min_speech, config.min_pause)
    )
    return speech, pause


def enforce_durations(mask: Array, grid: FrameGrid, config: SpeechConfig) -> Array:
    """A bool (n_frames,) mask without short runs: first short runs of speech are removed, then short pauses
    are filled.
    """
    speech, pause = least_durations(grid, config)
    kept = mask.copy()
    for start, end in runs(mask):
        kept[start:end] = end - start >= speech
    filled = kept.copy()
    for start, end in runs(~kept):
        filled[start:end] = start > 0 and end < len(kept) and end - start < pause
    return filled


def pad_speech(mask: Array, grid: FrameGrid, config: SpeechConfig) -> SpeechMask:
    """The mask with padding at both ends of every run of speech."""
    return SpeechMask(_widen(mask, round(config.padding * grid.frame_rate)), grid)


def _widen(mask: Array, reach: int) -> Array:
    """Extend every run of True by ``reach`` frames at both ends."""
    total = np.cumsum(np.pad(mask.astype(np.int64), (reach + 1, reach)))
    widened: Array = total[2 * reach + 1 :] > total[: -2 * reach - 1]
    return widened
