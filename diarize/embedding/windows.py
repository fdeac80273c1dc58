"""Windows of speech: the pieces that each become one point of the speaker space."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.types import runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from diarize.types import FrameGrid

    Array = NDArray[Any]

__all__ = ["overlapping_windows"]

MIN_SECONDS: Final = 0.2  # seconds: less speech than that says nothing about a voice


def overlapping_windows(
    clean: Array, changes: Array, grid: FrameGrid, length: float, step: float, max_pause: float
) -> tuple[Array, Array]:
    """Windows of uninterrupted speech of one person.

    A remainder of at least 0.2 s but less than ``length`` is one shorter window.

    Parameters
    ----------
    clean : bool (n_frames,), where one person speaks
    changes : int (n,), sorted boundaries of frames that no window crosses
    grid : the frames
    length : of a window, seconds
    step : from one window to the next at most, seconds
    max_pause : longest pause within a window, seconds

    Returns
    -------
    Bounds int64 (n, 2) in frames, half-open, and bool (n,), whether a window begins later than the one before
    ends.

    """
    shortest, wanted = grid.frames_in(MIN_SECONDS), grid.frames_in(length)
    rows: list[tuple[int, int]] = []
    for start, end in _split_at_changes(_bridge_pauses(clean, round(max_pause * grid.frame_rate)), changes):
        if not clean[start:end].any():  # a pause between two changes, such as an interval of overlap
            continue
        if shortest <= end - start <= wanted:
            rows.append((start, end))
        elif end - start > wanted:
            n = -(-(end - start - wanted) // grid.frames_in(step))
            rows += [(int(a), int(a) + wanted) for a in np.linspace(start, end - wanted, n + 1)]
    bounds = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return bounds, np.concatenate((np.ones(min(1, len(bounds)), bool), bounds[1:, 0] > bounds[:-1, 1]))


def _split_at_changes(intervals: Array, changes: Array) -> Iterator[tuple[int, int]]:
    """The intervals (n, 2) cut at the rising ``changes``."""
    for start, end in intervals:
        inside = changes[(changes > start) & (changes < end)]
        edges = [int(start), *inside.tolist(), int(end)]
        yield from pairwise(edges)


def _bridge_pauses(values: Array, bridged: int) -> Array:
    """Runs of True (n, 2) with pauses of up to ``bridged`` frames closed."""
    found = runs(values)
    if not len(found):
        return found
    is_separate = found[1:, 0] - found[:-1, 1] > bridged
    first = np.concatenate(([True], is_separate))
    last = np.concatenate((is_separate, [True]))
    return np.column_stack((found[first, 0], found[last, 1]))
