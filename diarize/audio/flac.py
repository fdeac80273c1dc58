"""Several FLAC streams in one file: where each begins. Source: RFC 9639."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

from diarize.audio.links import Link

if TYPE_CHECKING:
    from io import FileIO

__all__ = ["flac_links"]

_START = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22(?s:.{10})(?s:.{8})")


def flac_links(file: FileIO) -> list[Link]:
    """A link for each stream of a file that holds several; empty for one."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = [(match.start(), *_rate_and_length(match[0][18:])) for match in _START.finditer(data)]
        ends = [*(start for start, *_ in starts[1:]), len(data)]
    if len(starts) < 2:
        return []
    return [
        Link(((start, end),), rate, frames or None)
        for (start, rate, frames), end in zip(starts, ends, strict=True)
    ]


def _rate_and_length(body: bytes) -> tuple[int, int]:
    """Rate in Hz and samples, 0 when they are not known, out of the last half of the stream's description."""
    bits = int.from_bytes(body, "big")
    return bits >> 44, bits & ((1 << 36) - 1)
