"""Whether the channels of a recording carry different voices, as those of a telephone call do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["Sides"]

CELL: Final = 0.2  # seconds
LEVEL_DIFFERENCE: Final = 10.0  # dB by which one of two channels is the louder in a cell
MIN_CHANNEL_SHARE: Final = (
    0.15  # share of the loud cells in which each of the channels must be louder by LEVEL_DIFFERENCE
)
LOUD_RANGE: Final = 30.0  # dB under the loudest cell: what is quieter is a pause
MIN_CELLS: Final = 25  # loud cells, to say anything


@dataclass(slots=True)
class Sides:
    """Powers of the channels in cells of ``rate * CELL`` samples, collected while a recording is decoded."""

    rate: int
    _cells: list[Array] = field(default_factory=list)
    _rest: Array | None = None

    def add(self, chunk: Array) -> None:
        """Add a chunk (n, channels)."""
        if chunk.shape[1] != 2:
            return
        size = max(1, round(CELL * self.rate))
        whole = chunk if self._rest is None else np.concatenate((self._rest, chunk))
        used = len(whole) // size * size
        if used:
            columns = (np.ascontiguousarray(whole[:used, side]).reshape(-1, size) for side in (0, 1))
            self._cells.append(np.stack([np.einsum("ij,ij->i", x, x) / size for x in columns], axis=1))
        self._rest = whole[used:].copy()

    def notes(self) -> list[str]:
        """A note where each of two channels is at times much louder than the other."""
        if not self._cells:
            return []
        levels = 10 * np.log10(np.concatenate(self._cells) + 1e-12)
        loud = levels.max(axis=1) > levels.max() - LOUD_RANGE
        gap = levels[loud, 0] - levels[loud, 1]
        if (
            len(gap) < MIN_CELLS
            or min(np.mean(gap > LEVEL_DIFFERENCE), np.mean(gap < -LEVEL_DIFFERENCE)) < MIN_CHANNEL_SHARE
        ):
            return []
        return ["the two channels carry different voices; --channels separate diarizes each channel alone"]
