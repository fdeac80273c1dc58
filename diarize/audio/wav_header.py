"""The length in a WAV or AIFF header, which libsndfile silently corrects for truncated files, and the length
of a WAV file whose writer did not know it.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PatchedFile", "announced_frames", "is_unknown", "unwritten_size"]

# Sizes written by programs that could not know them; some subtract the header.
UNKNOWN = (0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LONG_SIZE = 28  # where RF64 has the size of its data
HEADER = 4096  # bytes at most
MAX_CHUNKS = 1000
PLAIN = (1, 3, 6, 7)  # formats with samples of fixed size: integers, floats, A-law and µ-law
EXTENSIBLE = 0xFFFE  # the format code comes later in the chunk


@dataclass(slots=True)
class _Wave:
    """Fields of a WAV header: bytes of a ``frame`` and format ``code``, 0 when unknown; samples per channel
    according to ``fact``; ``size`` of the data in bytes.
    """

    frame: int = 0
    code: int = 0
    fact: int = 0
    size: int = 0
    long_size: int = 0


def is_unknown(size: int) -> bool:
    """Whether a size is one of those that are written where none is known."""
    return size == 0 or any(each - HEADER <= size <= each for each in UNKNOWN)


def _chunk(file: BinaryIO, order: str) -> tuple[bytes, int] | None:
    """Name and size of the chunk that starts here."""
    head = file.read(8)
    if len(head) < 8:
        return None
    name, size = struct.unpack(f"{order}4sI", head)
    return name, size


def _wave(file: BinaryIO) -> _Wave | None:
    """The chunks before the data; the file position is then at the data. None when there is no data."""
    found = _Wave()
    for _ in range(MAX_CHUNKS):
        chunk = _chunk(file, "<")
        if chunk is None:
            return None
        name, size = chunk
        if name == b"data":
            found.size = size
            return found
        body = file.read(min(size, 40)) if name in (b"fmt ", b"fact", b"ds64") else b""
        if name == b"fmt " and len(body) >= 14:
            found.code, found.frame = struct.unpack_from("<H", body)[0], struct.unpack_from("<H", body, 12)[0]
            if found.code == EXTENSIBLE and len(body) >= 26:
                found.code = struct.unpack_from("<H", body, 24)[0]
        elif name == b"fact" and len(body) >= 4:
            found.fact = struct.unpack_from("<I", body)[0]
        elif name == b"ds64" and len(body) >= 16:
            found.long_size = struct.unpack_from("<Q", body, 8)[0]
        file.seek(size + size % 2 - len(body), 1)
    return None


def _wave_frames(file: BinaryIO) -> int | None:
    """Samples per channel: from the bytes of data or, for compressed formats, from the ``fact`` chunk."""
    wave = _wave(file)
    if wave is None:
        return None
    if wave.code in PLAIN:
        size = wave.long_size or wave.size
        return size // wave.frame if wave.frame and not is_unknown(size) else None
    return None if is_unknown(wave.fact) or is_unknown(wave.size) else wave.fact


def unwritten_size(path: Path) -> tuple[int, bytes] | None:
    """Position of a data size of 0 in a WAV file that has data, and the bytes that should be there.

    Programs that write to a pipe cannot go back to fill in the size. In RF64 the size is in the ds64 chunk.
    """
    with path.open("rb") as file:
        form = file.read(12)[:4]
        wave = _wave(file) if form in (b"RIFF", b"RF64", b"BW64") else None
        if wave is None or wave.long_size or wave.size * (form == b"RIFF"):
            return None
        start = file.tell()
        rest = os.fstat(file.fileno()).st_size - start
    if rest <= 0:
        return None
    if form == b"RIFF":
        return start - 4, struct.pack("<I", min(rest, 0xFFFFFFFE))
    return (LONG_SIZE, struct.pack("<Q", rest)) if wave.size == 0xFFFFFFFF else None


class PatchedFile(FileIO):
    """A file in which some bytes are replaced while reading."""

    def __init__(self, path: Path, at: int, text: bytes) -> None:
        super().__init__(path)
        self._at, self._text = at, text

    def readinto(self, buffer: Any, /) -> int:
        """As for a file, with the replaced bytes."""
        position = self.tell()
        count = super().readinto(buffer) or 0
        for place, value in enumerate(self._text, self._at - position):
            if 0 <= place < count:
                memoryview(buffer).cast("B")[place : place + 1] = bytes([value])
        return count


def _aiff_frames(file: BinaryIO) -> int | None:
    """The count in the common chunk."""
    for _ in range(MAX_CHUNKS):
        chunk = _chunk(file, ">")
        if chunk is None:
            return None
        name, size = chunk
        if name == b"COMM":
            body = file.read(6)
            return int(struct.unpack(">hI", body)[1]) if len(body) == 6 else None
        file.seek(size + size % 2, 1)
    return None


def announced_frames(path: Path) -> int | None:
    """Samples of each channel that a RIFF or FORM header announces; None when it announces none."""
    with path.open("rb") as file:
        form = file.read(12)
        if form[:4] in (b"RIFF", b"RF64"):
            return _wave_frames(file)
        return _aiff_frames(file) if form[:4] == b"FORM" else None
