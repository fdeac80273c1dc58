"""The length that a WAV or AIFF header promises, which libsndfile silently mends when the file is cut off,
and the length of a WAV file whose writer never knew it.
"""

from __future__ import annotations

import os
import struct
from io import FileIO
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mended", "promised_frames", "unwritten_size"]

UNKNOWN = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # sizes written by programs that could not know them
MOST_CHUNKS = 1000


def _chunk(file: BinaryIO, order: str) -> tuple[bytes, int] | None:
    """Name and size of the chunk that starts here."""
    head = file.read(8)
    if len(head) < 8:
        return None
    name, size = struct.unpack(f"{order}4sI", head)
    return name, size


def _wave_data(file: BinaryIO) -> tuple[int, int] | None:
    """Bytes of a frame (0 when unknown) and of the data chunk, at whose data the file then stands."""
    frame = 0
    for _ in range(MOST_CHUNKS):
        chunk = _chunk(file, "<")
        if chunk is None:
            return None
        name, size = chunk
        if name == b"data":
            return frame, size
        body = file.read(14) if name == b"fmt " and size >= 14 else b""
        if len(body) == 14:
            frame = struct.unpack_from("<H", body, 12)[0]
        file.seek(size + size % 2 - len(body), 1)
    return None


def _wave_frames(file: BinaryIO) -> int | None:
    """Bytes of the data chunk by bytes of a frame."""
    frame, size = _wave_data(file) or (0, 0)
    return size // frame if frame and size not in UNKNOWN else None


def unwritten_size(path: Path) -> tuple[int, bytes] | None:
    """Where a WAV file says that it has 0 bytes of sound although more follow, and what ought to stand there.

    So end files of programs that were piping and could not go back to fill in the size.
    """
    with path.open("rb") as file:
        if file.read(12)[:4] != b"RIFF" or (_wave_data(file) or (0, 1))[1]:
            return None
        start = file.tell()
        rest = min(os.fstat(file.fileno()).st_size - start, 0xFFFFFFFE)
    return (start - 4, struct.pack("<I", rest)) if rest > 0 else None


class Mended(FileIO):
    """A file to be read in which some bytes are other than on the disk."""

    def __init__(self, path: Path, at: int, text: bytes) -> None:
        super().__init__(path)
        self._at, self._text = at, text

    def readinto(self, buffer: Any, /) -> int:
        """As ever, with the other bytes laid over what was read."""
        position = self.tell()
        count = super().readinto(buffer) or 0
        for place, value in enumerate(self._text, self._at - position):
            if 0 <= place < count:
                memoryview(buffer).cast("B")[place : place + 1] = bytes([value])
        return count


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
