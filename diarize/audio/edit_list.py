"""Empty edits in the middle of an MP4 or MOV track, in which FFmpeg plays the start of the track again.

Source: ISO/IEC 14496-12, 8.6.5 and 8.6.6 (edit lists).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["EmptyEdits", "read_empty_edits"]

MAX_BOXES: Final = 100_000
MAX_INDEX_BYTES: Final = 1 << 26  # bytes of an index
EMPTY: Final = -1  # the media time of an edit without sound


class EmptyEdits(NamedTuple):
    """Seconds of the film in which a track is empty after it has begun, and the end of its last edit."""

    spans: tuple[tuple[float, float], ...]
    end: float


def read_empty_edits(path: Path, track: int) -> EmptyEdits | None:
    """The empty edits of an audio track, counted from 1; None where there are none, as in most files."""
    index = _read_index(path)
    tracks = [body for name, body in _boxes(index) if name == b"trak" and _is_sound(body)]
    edits = _box(_box(tracks[track - 1], b"edts"), b"elst") if 0 < track <= len(tracks) else b""
    scale = _scale(_box(index, b"mvhd"))
    if not edits or not scale:
        return None
    spans, at, begun = [], 0, False
    for length, media_time in _edits(edits):
        if media_time == EMPTY and begun:
            spans.append((at / scale, (at + length) / scale))
        begun, at = begun or media_time != EMPTY, at + length
    return EmptyEdits(tuple(spans), at / scale) if spans else None


def _read_index(path: Path) -> bytes:
    """The body of the ``moov`` box; empty in other files."""
    with path.open("rb") as file:
        for _ in range(MAX_BOXES):
            head = file.read(8)
            if len(head) < 8:
                break
            size, name, read = int.from_bytes(head[:4], "big"), head[4:], 8
            if size == 1:
                size, read = int.from_bytes(file.read(8), "big"), 16
            if name == b"moov":
                return file.read(min(size - read, MAX_INDEX_BYTES)) if size > read else b""
            if size < read or not name.isalnum():
                break
            file.seek(size - read, 1)
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield name, data[at + 8 : at + size]
        at += size


def _box(data: bytes, name: bytes) -> bytes:
    return next((body for found, body in _boxes(data) if found == name), b"")


def _is_sound(track: bytes) -> bool:
    return _box(_box(track, b"mdia"), b"hdlr")[8:12] == b"soun"


def _scale(header: bytes) -> int:
    """Units of a second in the header of the film."""
    return int.from_bytes(header[20:24] if header[:1] == b"\1" else header[12:16], "big")


def _edits(body: bytes) -> Iterator[tuple[int, int]]:
    """Length in units of the film, and media time, of each edit."""
    form = ">Qqi" if body[:1] == b"\1" else ">Iii"
    for at in range(8, len(body) - struct.calcsize(form) + 1, struct.calcsize(form)):
        length, media_time, _ = struct.unpack_from(form, body, at)
        yield length, media_time
