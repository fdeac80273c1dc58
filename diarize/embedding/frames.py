"""The textbook's speaker space: every frame of speech is a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.types import SpeakerPoints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import SpeechMask

    Array = NDArray[Any]

__all__ = ["frame_points"]


def frame_points(values: Array, mask: SpeechMask) -> SpeakerPoints:
    """Every frame of speech as a point: the textbook method, kept for teaching.

    Parameters
    ----------
    values : (n_frames, d), voice features
    mask : speech, on the same frames

    Returns
    -------
    One point (d,) per frame of speech, without weights and without a two-covariance model.

    """
    frames = np.flatnonzero(mask.values)
    bounds = np.column_stack((frames, frames + 1))
    first = np.diff(frames, prepend=-2) > 1
    return SpeakerPoints(values[frames], bounds, first, mask.grid)
