"""The output of a segmentation network: which local speakers speak, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from diarize.types import FrameGrid

    Array = NDArray[Any]

__all__ = ["LocalActivity"]


@dataclass(frozen=True, slots=True)
class LocalActivity:
    """Which local speakers speak in overlapping windows of a recording; the order of the voices differs from
    window to window.

    ``values`` float32 (n_windows, n_frames, n_local): probability that each local speaker speaks; ``speech``
    and ``overlap`` float32 (n_windows, n_frames): probability that anybody speaks, and that two people
    speak; ``starts`` int64 (n_windows,): first sample of each window; ``step``: samples from frame to frame;
    ``offset``: samples from the start of a window to the centre of its frame 0; ``rate`` in Hz.
    """

    values: Array
    speech: Array
    overlap: Array
    starts: Array
    step: float
    offset: float
    rate: int

    def __post_init__(self) -> None:
        for name, dtype in (("values", "f4"), ("speech", "f4"), ("overlap", "f4"), ("starts", "i8")):
            view = np.ascontiguousarray(getattr(self, name), dtype=dtype).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        frames = self.values.shape[:2]
        if len(self.starts) != frames[0] or self.speech.shape != frames or self.overlap.shape != frames:
            raise DiarizeError(f"local activity of shapes {self.values.shape} and {self.speech.shape}")

    def window_frames(self, window: int, grid: FrameGrid) -> tuple[slice, Array]:
        """The frames of a grid that lie in a window of the network, and where.

        Parameters
        ----------
        window : number of the window, from 0
        grid : the frames; its rate may differ from that of the network

        Returns
        -------
        The frames of ``grid`` whose centre is in the window, and for each the nearest frame of the window,
        int64 (n,).

        """
        scale = self.rate / grid.rate
        centres = scale * (grid.origin + grid.hop / 2 + grid.hop * np.arange(grid.n_frames))
        place = (centres - self.starts[window] - self.offset) / self.step
        first, last = np.searchsorted(place, (-0.5, self.values.shape[1] - 0.5))
        inside = slice(int(first), int(last))
        return inside, np.round(place[inside]).astype(np.int64)
