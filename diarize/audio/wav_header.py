"""The length in a WAV or AIFF header, which libsndfile silently corrects for truncated files, and what is
replaced in headers whose writer did not know the length, or that libsndfile does not understand.

Sources: Microsoft's Multimedia Programming Interface (RIFF), EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64),
Apple's AIFF and CAF, the header of Sun's AU.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["PatchedFile", "announced_frames", "find_patches", "find_readable_spans", "is_unknown"]

# Sizes written by programs that could not know them; some subtract the header.
UNKNOWN = (0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
UNKNOWN_LONG = 1 << 63  # and more
LONG_SIZE = 28  # where RF64 has the size of its data
HEADER = 4096  # bytes at most
MAX_CHUNKS = 1000
PLAIN = (1, 3, 6, 7)  # formats with samples of fixed size: integers, floats, A-law and µ-law
BLOCKS = (2, 17, 49)  # ADPCM and GSM, whose samples in a block stand in the header
CAF_HEAD = 8  # bytes before the first chunk
SSND_HEAD = 8  # bytes before the samples in the SSND chunk
EXPECTED = (b"fmt ", b"fact", b"data", b"LIST")  # chunks behind others
EXTENSIBLE = 0xFFFE  # the format code comes later in the chunk


@dataclass(slots=True)
class _Wave:
    """Fields of a WAV header: bytes of a ``frame`` and format ``code``, 0 when unknown; samples per channel
    according to ``fact`` and in a ``block`` of a ``frame`` of bytes; ``size`` of the data in bytes.
    """

    frame: int = 0
    block: int = 0
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
            if found.code in BLOCKS and len(body) >= 20:
                found.block = struct.unpack_from("<H", body, 18)[0]
        elif name == b"fact" and len(body) >= 4:
            found.fact = struct.unpack_from("<I", body)[0]
        elif name == b"ds64" and len(body) >= 16:
            size_of_data = struct.unpack_from("<Q", body, 8)[0]
            found.long_size = size_of_data if size_of_data < UNKNOWN_LONG else 0
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
    if is_unknown(wave.fact) or is_unknown(wave.size):
        return None
    possible = wave.size // wave.frame * wave.block if wave.frame else 0
    return min(wave.fact, possible) if possible else wave.fact  # some count every channel


def find_patches(path: Path) -> dict[int, bytes]:
    """Bytes that should stand in a header, by position: mostly lengths that a writer could not know.

    Programs that write to a pipe cannot go back to fill them in.
    """
    with path.open("rb") as file:
        form = file.read(12)
        size = os.fstat(file.fileno()).st_size
        if form[:4] in (b"RIFF", b"RF64", b"BW64"):
            return _wave_patches(file, form[:4], size)
        if form[:4] == b".snd" and is_unknown(int.from_bytes(form[8:], "big")):
            return {8: b"\xff\xff\xff\xff"}  # libsndfile knows this one
        if form[:4] == b"caff":
            return _caf_patches(file, size)
        return _aiff_patches(file, size) if form[:4] == b"FORM" else {}


def _wave_patches(file: BinaryIO, form: bytes, size: int) -> dict[int, bytes]:
    """In RF64 the size of the data is in the ds64 chunk. BW64 is RF64 with other chunks."""
    wave = _wave(file)
    found = {0: b"RF64"} if form == b"BW64" else {}
    rest = size - file.tell()
    if wave is None or wave.long_size or rest <= 0:
        return found
    if form == b"RIFF":
        return {} if wave.size else {file.tell() - 4: struct.pack("<I", min(rest, 0xFFFFFFFE))}
    return found | ({LONG_SIZE: struct.pack("<Q", rest)} if wave.size == 0xFFFFFFFF else {})


def _aiff_patches(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Where the number of samples and the size of the sound are 0 and there is sound."""
    count_at, empty = 0, False
    for _ in range(MAX_CHUNKS):
        chunk = _chunk(file, ">")
        if chunk is None:
            return {}
        start, (name, length) = file.tell(), chunk
        if name == b"COMM":
            count_at, empty = start + 2, file.read(6)[2:] == bytes(4)
        if name == b"SSND":
            sound = size - start
            unwritten = empty and length <= SSND_HEAD < sound
            return {count_at: b"\x7f\xff\xff\xff", start - 4: struct.pack(">I", sound)} if unwritten else {}
        file.seek(start + length + length % 2)
    return {}


def _caf_patches(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Where the size of the sound is -1, which means until the end, or 0 and there is sound."""
    at = CAF_HEAD
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(12)
        if len(head) < 12:
            return {}
        length, sound = int.from_bytes(head[4:], "big", signed=True), size - at - 12
        if head[:4] == b"data":
            unwritten = length < 0 or (length == 0 and sound > 0)
            return {at + 4: struct.pack(">Q", sound)} if unwritten else {}
        if length < 0:
            return {}
        at += 12 + length
    return {}


def find_readable_spans(path: Path) -> list[tuple[int, int]]:
    """The parts of a WAV file that libsndfile reads as they are meant; empty if that is the whole file.

    A chunk of odd size whose byte of padding is missing hides those behind it, so it is left out. Of two
    chunks of samples, libsndfile takes the second, so the file ends before it.
    """
    with path.open("rb") as file:
        if file.read(12)[:4] != b"RIFF":
            return []
        sound = False
        for _ in range(MAX_CHUNKS):
            start, chunk = file.tell(), _chunk(file, "<")
            if chunk is None or (chunk[0] == b"data" and is_unknown(chunk[1])):
                return []
            if chunk[0] == b"data" and sound:
                return [(0, start)]
            sound = sound or chunk[0] == b"data"
            end = start + 8 + chunk[1]
            file.seek(end)
            names = file.read(5)
            if not sound and chunk[1] % 2 and names[:4] in EXPECTED and names[1:] not in EXPECTED:
                return [(0, start), (end, os.fstat(file.fileno()).st_size)]
            file.seek(end + chunk[1] % 2)
    return []


class PatchedFile(FileIO):
    """A file in which some bytes are replaced while reading, by position."""

    def __init__(self, path: Path, replaced: Mapping[int, bytes]) -> None:
        super().__init__(path)
        self._replaced = dict(replaced)

    def readinto(self, buffer: Any, /) -> int:
        """As for a file, with the replaced bytes."""
        position = self.tell()
        count = super().readinto(buffer) or 0
        for at, text in self._replaced.items():
            for place, value in enumerate(text, at - position):
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
            body = file.read(8)
            if len(body) < 8:
                return None
            channels, frames, bits = struct.unpack(">HIH", body)
            size = frames * channels * -(-bits // 8)
            return None if is_unknown(size) or is_unknown(frames) else int(frames)
        file.seek(size + size % 2, 1)
    return None


def announced_frames(path: Path) -> int | None:
    """Samples of each channel that a RIFF or FORM header announces; None when it announces none."""
    with path.open("rb") as file:
        form = file.read(12)
        if form[:4] in (b"RIFF", b"RF64", b"BW64"):
            return _wave_frames(file)
        return _aiff_frames(file) if form[:4] == b"FORM" else None
