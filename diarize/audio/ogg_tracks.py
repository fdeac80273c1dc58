"""Parallel audio streams in an Ogg file, with the metadata in their comments.

Sources: RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), RFC 9639 (FLAC), the Vorbis I specification for the comments.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from diarize.audio.backend import Track

if TYPE_CHECKING:
    from io import FileIO

__all__ = ["ogg_tracks"]

SOUNDS: Final = {b"OpusHead": 8, b"\x01vorbis": 7, b"\x7fFLAC": 4, b"Speex   ": 0}
"""How the first packet of a stream of sound begins; bytes before the comments in the second."""
MOST: Final = 1 << 20  # bytes of comments, which may hold a picture
PAGES: Final = 4096  # pages that are read


def ogg_tracks(file: FileIO) -> tuple[Track, ...]:
    """The audio streams at the start of an Ogg file, in the order of their first pages."""
    file.seek(0)
    packets: dict[int, list[bytearray]] = {}
    for _ in range(PAGES):
        head = file.read(27)
        if len(head) < 27 or head[:4] != b"OggS":
            break
        flags, _, serial, _, _, n = struct.unpack_from("<BQIIIB", head, 5)
        sizes = file.read(n)
        body = file.read(sum(sizes))
        if flags & 2:  # the first page of a stream
            packets[serial] = [bytearray()]
        elif all(len(found) > 2 for found in packets.values()):
            break
        if serial in packets:
            _collect(packets[serial], sizes, body)
    sounds = [found for found in packets.values() if _before_comments(found) is not None]
    return tuple(_track(found) for found in sounds)


def _collect(packets: list[bytearray], sizes: bytes, body: bytes) -> None:
    """Append a page's segments to the packets, the last of which is incomplete; two packets are enough."""
    at = 0
    for size in sizes:
        if len(packets) > 2:
            return
        if len(packets[-1]) < MOST:
            packets[-1] += body[at : at + size]
        at += size
        if size < 255:
            packets.append(bytearray())


def _before_comments(packets: list[bytearray]) -> int | None:
    """Bytes before the comments in the second packet of a stream of sound; None for any other stream."""
    return next((n for magic, n in SOUNDS.items() if packets[0].startswith(magic)), None)


def _track(packets: list[bytearray]) -> Track:
    """Language and title in the comments, which are ``NAME=value`` in UTF-8, each after its length."""
    data = bytes(packets[1]) if len(packets) > 1 else b""
    told: dict[str, str] = {}
    try:
        at = _before_comments(packets) or 0
        at += 4 + _number(data, at)  # who wrote it
        for _ in range(_number(data, at)):
            size = _number(data, at + 4)
            name, _, value = data[at + 8 : at + 8 + size].decode("utf-8", "replace").partition("=")
            told.setdefault(name.lower(), value)
            at += 4 + size
    except struct.error:  # damaged or cut off: what came before is kept
        pass
    return Track.from_metadata(told)


def _number(data: bytes, at: int) -> int:
    (value,) = struct.unpack_from("<I", data, at)
    return int(value)
