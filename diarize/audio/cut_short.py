"""Files that are shorter than their container says, which no decoder reports: a copy that was interrupted.

Sources: Microsoft's Multimedia Programming Interface (RIFF), RFC 8794 (EBML) and 9559 (Matroska), the ASF
specification, ISO/IEC 14496-12 (MP4).
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final

from diarize.audio.trailing_data import ASF, ASF_DATA
from diarize.audio.wav_header import is_unknown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["stated_size"]

EBML: Final = b"\x1a\x45\xdf\xa3"
SEGMENT: Final = b"\x18\x53\x80\x67"
MAX_OBJECTS: Final = 1000


def stated_size(path: Path) -> int | None:
    """Bytes of an AVI, Matroska, ASF or MP4 file according to itself; None for other files or if unknown."""
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:12]
        if head[:4] == b"RIFF" and head[8:] == b"AVI ":
            size = int.from_bytes(head[4:8], "little")
            return None if is_unknown(size) else 8 + size
        if head[:4] == EBML:
            return _matroska_size(data)
        if head[4:8] == b"ftyp":
            return _mp4_size(data)
        return _asf_size(data) if data[:16] == ASF else None


def _mp4_size(data: mmap.mmap) -> int | None:
    """The end of the box with the samples."""
    at = 0
    for _ in range(MAX_OBJECTS):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return None
        if data[at + 4 : at + 8] == b"mdat" and at + size > len(data):
            return at + size
        at += size
    return None


def _matroska_size(data: mmap.mmap) -> int | None:
    """The end of the segment, which stands behind the EBML header."""
    at, size = _number(data, len(EBML))
    if size is None or data[at + size : at + size + 4] != SEGMENT:
        return None
    at, length = _number(data, at + size + len(SEGMENT))
    return None if length is None else at + length


def _number(data: mmap.mmap, at: int) -> tuple[int, int | None]:
    """The position behind a number of variable length, and its value; None for one that means unknown."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return at + width, None if first == 0 or value == (1 << 7 * width) - 1 else value


def _asf_size(data: mmap.mmap) -> int | None:
    """The end of the packets."""
    at = 0
    for _ in range(MAX_OBJECTS):
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        if size < 24:
            return None
        if data[at : at + 16] == ASF_DATA:
            return at + size
        at += size
    return None
