"""What lies behind the end that a file states, which no decoder looks at: another recording that was joined
to it, or sound that its writer did not live to count.

Each function for a container walks over what the file says of its own parts and gives the byte behind the
last one, None where the file says nothing of its end. Sources: Microsoft's Multimedia Programming Interface
(RIFF) and ASF specification, EBU Tech 3306 (RF64), Apple's AIFF and CAF, ISO/IEC 14496-12 (MP4), Adobe's FLV,
the descriptions of TTA1 and of WavPack 4.
"""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from diarize.audio.mp3_header import id3_length, tag_end
from diarize.audio.wav_header import find_patches, is_unknown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ASF", "ASF_DATA", "find_trailing_data"]

CHUNK: Final = 1 << 16  # bytes of zeros that are looked at at a time
ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
ASF_DATA_HEAD: Final = 50  # bytes: the size where none is known
LINKED: Final = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")
"""How files begin whose links are all found, if they are of one kind."""
FOREIGN: Final = ((b"WAVEfmt ", 8), (b"fLaC\0\0\0\x22", 0), (b"OggS\0\x02", 0), (b"ftypM4A ", 4))
"""What begins a recording of another kind, and how far behind its first byte that stands."""
STOPS: Final = (b"RIFF", b"RF64", b"FORM", b"caff", b"ftyp")


def find_trailing_data(path: Path) -> int | None:
    """The byte behind the end of the recording, tags and zeros, from which on nothing will be read; None when
    there is no such thing, or the file does not say.
    """
    status = path.stat()
    return _find_trailing_data(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)
def _find_trailing_data(path: Path, size: int, _changed: int) -> int | None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            end = None if data[:4] == b"FORM" and find_patches(path) else _end(data)
        except (struct.error, IndexError):  # cut off in the middle of what it says of itself
            return None
        while end is not None and end < size:
            if (box := data.find(b"ftyp", end, end + 8)) >= 0:  # before which its size stands, often zeros
                return box - 4
            if behind := tag_end(data, end):
                end = behind
            elif data[end] == 0:
                end += _zeros(data[end : end + CHUNK])
            else:
                return end
    return None


def _zeros(part: bytes) -> int:
    return len(part) - len(part.lstrip(b"\0"))


def _end(data: mmap.mmap) -> int | None:
    head = data[:12]
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:] == b"WAVE":
        return _riff_end(data)
    if head[:4] == b"FORM":
        size = int.from_bytes(head[4:8], "big")
        return None if is_unknown(size) else 8 + size + size % 2
    if head[:4] == b".snd":
        offset, size = struct.unpack(">II", head[4:])
        return None if is_unknown(size) else offset + size
    walks = {
        b"caff": _caf_end,
        b"FLV\x01": _flv_end,
        b"TTA1": _tta_end,
        b"wvpk": _wavpack_end,
        ASF[:4]: _asf_end,
    }
    if walk := walks.get(head[:4]):
        return walk(data)
    if head[4:8] == b"ftyp":
        return _mp4_end(data)
    return _foreign(data) if head.startswith(LINKED) else None


def _riff_end(data: mmap.mmap) -> int | None:
    """Behind the last chunk that is one."""
    at, long_size, counted = 12, 0, False
    while len(head := data[at : at + 8]) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            long_size = int.from_bytes(data[at + 16 : at + 24], "little")
        if counted and name == b"data":
            return at
        if name == b"data":
            size = long_size or size
            if is_unknown(size):
                return None
            counted = True
        elif counted and not _is_chunk(name, at + 8 + size, len(data)):
            return at
        at += 8 + size + size % 2
    return at if counted else None


def _is_chunk(name: bytes, end: int, size: int) -> bool:
    return name not in STOPS and end <= size and all(0x20 <= each < 0x7F for each in name)


def _caf_end(data: mmap.mmap) -> int | None:
    at = 8
    while len(head := data[at : at + 12]) == 12:
        size = int.from_bytes(head[4:], "big", signed=True)
        if size < 0 or (size == 0 and head[:4] == b"data"):
            return None
        if at > 8 and not _is_chunk(head[:4], at + 12 + size, len(data)):
            return at
        at += 12 + size
    return at if at > 8 else None


def _asf_end(data: mmap.mmap) -> int | None:
    """Behind the last object, or before the next file; live broadcasts have no sizes."""
    at = 0
    while len(head := data[at : at + 24]) == 24 and not (at and head[:16] == ASF):
        size = int.from_bytes(head[16:], "little")
        if size < 24 or (size == ASF_DATA_HEAD and head[:16] == ASF_DATA):
            return None
        if at + size > len(data):
            return None if head[:16] == ASF_DATA else at  # cut short in the middle of its packets
        at += size
    return at


def _wavpack_end(data: mmap.mmap) -> int:
    """Behind the last block, or before the next file, whose blocks count from 0 again."""
    at, reached = 0, -1
    while data[at : at + 4] == b"wvpk":
        size, start = struct.unpack_from("<I8xI", data, at + 4)
        if start < reached:
            return at
        at, reached = at + 8 + size, start
    return at


def _mp4_end(data: mmap.mmap) -> int | None:
    """Behind the last box, or before the next file."""
    at = 0
    while len(head := data[at : at + 8]) == 8:
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if at + size > len(data) and head[4:] == b"mdat":  # cut short in the middle of its sound
            return None
        if at and (size < 8 or not _is_chunk(head[4:], at + size, len(data))):
            return at if size else None
        at += max(size, 8)
    return at


def _flv_end(data: mmap.mmap) -> int:
    at = int.from_bytes(data[5:9], "big") + 4
    while data[at : at + 1] in (b"\x08", b"\x09", b"\x12"):
        at += 15 + int.from_bytes(data[at + 1 : at + 4], "big")
    return at


def _tta_end(data: mmap.mmap) -> int:
    rate, samples = struct.unpack_from("<II", data, 10)
    frames: int = -(-samples // max(1, rate * 256 // 245))
    sizes: tuple[int, ...] = struct.unpack_from(f"<{frames}I", data, 22)
    return 22 + 4 * frames + 4 + sum(sizes)


def _foreign(data: mmap.mmap) -> int | None:
    """The first recording of another kind in a file whose own kind may be joined."""
    start = 0
    while data[start : start + 3] == b"ID3":
        start += id3_length(data[start : start + 10])
    own = data[start : start + 4]
    marks = [each for each in FOREIGN if not each[0].startswith(own) and (own, each[1]) != (b"OggS", 0)]
    found = [at - before for mark, before in marks if (at := data.find(mark, 4096)) >= 0]
    return min(found, default=None)
