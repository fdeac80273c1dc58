"""Files that hold several recordings in sequence. libsndfile stops at the end of the first one: in chained
Ogg streams (RFC 3533), and in FLAC or MP3 files that were concatenated, with or without tags between them.

Each recording, called a link, is given to libsndfile as a separate file. Links with another rate or number of
channels are converted to those of the first.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from io import RawIOBase
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Span = tuple[int, int]

__all__ = ["Link", "Spans", "convert_links"]


@dataclass(frozen=True, slots=True)
class Link:
    """One recording in a file.

    ``spans``: its bytes; ``rate`` in Hz and ``frames`` per channel, if known; ``skip``: samples at its start
    that are not sound; ``end``: second at which it ends on the clock of the file, None for directly after the
    link before; ``piped``: libsndfile must not seek in it.
    """

    spans: tuple[Span, ...]
    rate: int | None = None
    frames: int | None = None
    skip: int = 0
    end: float | None = None
    piped: bool = False


class Spans(RawIOBase):
    """Some spans of a file, read as one file."""

    def __init__(self, file: FileIO, spans: Iterable[Span]) -> None:
        super().__init__()
        self._file, self._spans, self._at = file, tuple(spans), 0
        self._ends = list(accumulate(end - start for start, end in self._spans))
        self._size = self._ends[-1] if self._ends else 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes from the start of the first span."""
        return self._at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As for a file; the position is never negative."""
        self._at = max(0, (0, self._at, self._size)[whence] + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Bytes of one span at a time."""
        if self._at >= self._size:
            return 0
        number = bisect_right(self._ends, self._at)
        left = self._ends[number] - self._at
        self._file.seek(self._spans[number][1] - left)
        count = self._file.readinto(memoryview(buffer).cast("B")[:left]) or 0
        self._at += count
        return count


def convert_links(chunks: Iterable[Array], rates: tuple[int, int], channels: int) -> Iterator[Array]:
    """Chunks (n, any channels) with ``channels``, from ``rates[0]`` to ``rates[1]`` Hz.

    Missing channels get the mean of the others; too many channels become their mean.
    """
    stream = None
    for chunk in chunks:
        each = chunk if chunk.shape[1] == channels else np.repeat(chunk.mean(1, keepdims=True), channels, 1)
        if rates[0] == rates[1]:
            yield each
            continue
        if stream is None:
            import soxr

            stream = soxr.ResampleStream(*rates, channels, dtype="float32")
        yield stream.resample_chunk(np.ascontiguousarray(each)).reshape(-1, channels)
    if stream is not None:
        last = np.zeros((0, channels), dtype=np.float32)
        yield stream.resample_chunk(last, last=True).reshape(-1, channels)
