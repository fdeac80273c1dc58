"""Reduce long rows of numbers to the resolution of a display, one byte per cell."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import Posteriors

    Array = NDArray[Any]

__all__ = ["MAX_CELLS", "MIN_CELL", "Ribbons", "encode_bytes", "make_ribbons", "pool_posteriors"]

MAX_CELLS: Final = 24_000
"""Cells of a row: several for every dot of a wide display, and 0.3 s in two hours."""
MIN_CELL: Final = 0.05
"""Seconds: posteriors do not change within less."""


@dataclass(frozen=True, slots=True)
class Ribbons:
    """Posteriors for display: ``shares`` (K, n) mean posterior of each speaker, ``doubt`` (n,) mean of 1 −
    the largest posterior (0 outside speech), both uint8 with 255 for 1; ``start``, ``step``: s.
    """

    shares: Array
    doubt: Array
    start: float
    step: float


def make_ribbons(posteriors: Posteriors, start: float = 0.0) -> Ribbons:
    """Posteriors in at most ``MAX_CELLS`` cells of equal length, none under ``MIN_CELL``; ``start``: second
    of the file at which the grid begins.
    """
    grid, values = posteriors.grid, posteriors.values
    per_cell = max(grid.frames_in(MIN_CELL), -(-grid.n_frames // MAX_CELLS))
    lacking = values.sum(axis=1) - values.max(axis=1, initial=0.0)
    rows = pool_posteriors(np.column_stack((values, lacking)), per_cell)
    bytes_ = np.round(255 * rows.clip(0, 1)).astype(np.uint8).T
    return Ribbons(bytes_[:-1], bytes_[-1], start + grid.seconds(0), per_cell / grid.frame_rate)


def pool_posteriors(values: Array, per_cell: int) -> Array:
    """Means (n, K) over every ``per_cell`` rows of (N, K); the last group may have fewer rows."""
    starts = np.arange(0, len(values), per_cell)
    sums = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
    means: Array = sums / np.diff(starts, append=len(values))[:, None]
    return means


def encode_bytes(row: Array) -> str:
    """A row of uint8 as base64."""
    return base64.b64encode(np.ascontiguousarray(row, dtype=np.uint8).tobytes()).decode("ascii")
