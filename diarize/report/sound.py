"""The recording for a page: its loudness, and its sound, embedded or linked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np

from diarize.report.downsampling import MAX_CELLS, MIN_CELL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.audio import Recording
    from diarize.types import Waveform

    Array = NDArray[Any]
    Progress = Callable[[str, float], None]

__all__ = ["RATE", "PageSound", "embed_sound", "link_sound", "media_url"]

RATE: Final = 16_000
"""Hz of the sound in a page: all of what tells voices apart."""
LOUDEST: Final = 0.999  # quantile of the peaks that is drawn at full height, as in the timeline picture


@dataclass(frozen=True, slots=True)
class PageSound:
    """A recording, or a part of it, for playback: ``loudness`` (n,) uint8, peaks of cells of ``step`` s;
    ``start`` and ``duration`` in seconds of the file; ``data``: MP3 of that part, or else ``link``: a
    relative URL of the whole file.
    """

    loudness: Array
    step: float
    start: float
    duration: float
    data: bytes | None = None
    link: str | None = None


def embed_sound(recording: Recording, progress: Progress = lambda stage, share: None) -> PageSound:
    """Prepare the sound of a recording for a page, as MP3.

    Parameters
    ----------
    recording : the recording
    progress : called with the name of a stage and the share of it that is done, 0 to 1

    Returns
    -------
    Loudness and MP3.

    Raises
    ------
    AudioError
        When the recording cannot be read.

    """
    from diarize.audio import encode_mp3

    peaks = _Peaks(recording, progress)
    data = encode_mp3(peaks.blocks(), recording.rate)
    return peaks.sound(data=data)


def link_sound(recording: Recording, link: str, progress: Progress = lambda stage, share: None) -> PageSound:
    """Prepare the loudness of a recording whose sound stays in its file.

    Parameters
    ----------
    recording : the recording
    link : URL of the file, relative to the page
    progress : as for ``embed_sound``

    Returns
    -------
    Loudness and link.

    Raises
    ------
    AudioError
        When the recording cannot be read.

    """
    peaks = _Peaks(recording, progress)
    for _ in peaks.blocks():
        pass
    return peaks.sound(link=link)


def media_url(recording: Path, page: Path) -> str:
    """Make the URL of a recording for a page, relative if possible, so that both can be moved together.

    Parameters
    ----------
    recording : path of the recording
    page : path of the page

    Returns
    -------
    The URL.

    """
    try:
        way = os.path.relpath(recording.absolute(), page.absolute().parent)
    except ValueError:  # another drive of Windows
        return recording.absolute().as_uri()
    # a colon in the first part would be taken for a scheme
    return quote(f"./{way}".replace(os.sep, "/"), errors="surrogateescape")


class _Peaks:
    """Loudness, collected while the sound is decoded."""

    def __init__(self, recording: Recording, progress: Progress) -> None:
        self._recording, self._progress = recording, progress
        self._cell = round(MIN_CELL * recording.rate)
        self._peaks: list[Array] = []
        self._n = 0

    def blocks(self) -> Iterator[Waveform]:
        """The blocks of the recording; their peaks are added."""
        expected = (self._recording.duration or 0.0) * self._recording.rate
        for block in self._recording.blocks():
            starts = np.arange(0, block.samples.size, self._cell)
            self._peaks.append(np.maximum.reduceat(np.abs(block.samples), starts))
            self._n += block.samples.size
            self._progress("sound", min(1.0, self._n / expected) if expected else 0.0)
            yield block

    def sound(self, *, data: bytes | None = None, link: str | None = None) -> PageSound:
        """The sound of the page, after all blocks."""
        peaks = np.concatenate(self._peaks) if self._peaks else np.zeros(0, np.float32)
        together = max(1, -(-peaks.size // MAX_CELLS))
        cells = np.maximum.reduceat(peaks, np.arange(0, peaks.size, together)) if peaks.size else peaks
        top = float(np.quantile(cells, LOUDEST)) if cells.size else 0.0
        row = np.round(255 * np.clip(cells / (top or 1.0), 0, 1)).astype(np.uint8)
        rate = self._recording.rate
        step, duration = together * self._cell / rate, self._n / rate
        return PageSound(row, step, self._recording.start, duration, data, link)
