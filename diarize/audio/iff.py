"""The length that a WAV or AIFF header promises, which libsndfile silently mends when the file is cut off."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["promised_frames"]

UNKNOWN = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # sizes written by programs that could not know them
MOST_CHUNKS = 1000


def _chunk(file: BinaryIO, order: str) -> tuple[bytes, int] | None:
    """Name and size of the chunk that starts here."""
    head = file.read(8)
    if len(head) < 8:
        return None
    name, size = struct.unpack(f"{order}4sI", head)
    return name, size


def _wave_frames(file: BinaryIO) -> int | None:
    """Bytes of the data chunk by bytes of a frame."""
    frame = 0
    for _ in range(MOST_CHUNKS):
        chunk = _chunk(file, "<")
        if chunk is None:
            return None
        name, size = chunk
        if name == b"data":
            return size // frame if frame and size not in UNKNOWN else None
        body = file.read(14) if name == b"fmt " and size >= 14 else b""
        if len(body) == 14:
            frame = struct.unpack_from("<H", body, 12)[0]
        file.seek(size + size % 2 - len(body), 1)
    return None


def _aiff_frames(file: BinaryIO) -> int | None:
    """The count in the common chunk."""
    for _ in range(MOST_CHUNKS):
        chunk = _chunk(file, ">")
        if chunk is None:
            return None
        name, size = chunk
        if name == b"COMM":
            body = file.read(6)
            return int(struct.unpack(">hI", body)[1]) if len(body) == 6 else None
        file.seek(size + size % 2, 1)
    return None


def promised_frames(path: Path) -> int | None:
    """Samples of each channel that a RIFF or FORM header announces; None when it announces none."""
    with path.open("rb") as file:
        form = file.read(12)
        if form[:4] == b"RIFF":
            return _wave_frames(file)
        return _aiff_frames(file) if form[:4] == b"FORM" else None
