"""Several FLAC streams in one file: where each begins. Source: RFC 9639."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

from diarize.audio.links import Link
from diarize.audio.mp3_header import id3_length

if TYPE_CHECKING:
    from io import FileIO

__all__ = ["flac_links"]

LARGEST_TAG = 1 << 24  # bytes: with a picture

_START = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22(?s:.{10})(?s:.{8})")


def flac_links(file: FileIO) -> list[Link]:
    """A link for each stream of a file that holds several; empty for one."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = [(match.start(), *_rate_and_length(match[0][18:])) for match in _START.finditer(data)]
        ends = [*(_before_tag(data, start) for start, *_ in starts[1:]), len(data)]
    if len(starts) < 2:
        return []
    return [
        Link(((start, end),), rate, frames or None)
        for (start, rate, frames), end in zip(starts, ends, strict=True)
    ]


def _before_tag(data: mmap.mmap, start: int) -> int:
    """Where the ID3 tags begin that end at ``start``, in which a decoder would look for frames."""
    end = start
    while (at := data.rfind(b"ID3", max(0, start - LARGEST_TAG), end)) >= 0:
        if at + id3_length(data[at : at + 10]) == start:
            return _before_tag(data, at)
        end = at + 2
    return start


def _rate_and_length(body: bytes) -> tuple[int, int]:
    """Rate in Hz and samples, 0 when they are not known, out of the last half of the stream's description."""
    bits = int.from_bytes(body, "big")
    return bits >> 44, bits & ((1 << 36) - 1)
