"""MP3 files that do not say how long they are, or say less than is true.

Without a Xing, Info or VBRI tag libsndfile guesses the length from the first bit rate and stops there; with a
tag that promises too little, as when files were simply joined, it stops there too. It cannot guess with a
pipe and reads that to its end, so that is how such files are given to it, without the frame of a wrong tag.
Sources: ISO/IEC 11172-3 and 13818-3 (headers of frames), the Xing tag as LAME writes it.
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

__all__ = ["first_frame", "piped", "start_without_length"]

TAGS = (b"Xing", b"Info", b"VBRI")
TAG_WITHIN = 200  # bytes of the first frame in which a tag can stand
FRAMES = 1  # flag of a tag that has the number of frames
SPARE = 2  # frames that a tag may leave out and still be right
# kbit/s and Hz of layer III by the codes in a header: MPEG 1, then 2 and 2.5.
KILOBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
LAYER_3 = 1


def first_frame(file: FileIO) -> int | None:
    """Where MPEG audio starts, after an ID3 tag if there is one; None when the file is no such thing."""
    file.seek(0)
    head, start = file.read(10), 0
    if head[:3] == b"ID3" and len(head) == 10:
        a, b, c, d = head[6:10]
        start = 10 + (a << 21 | b << 14 | c << 7 | d)  # seven bits a byte
        file.seek(start)
        head = file.read(2)
    return start if len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0 else None


def start_without_length(file: FileIO, start: int) -> int | None:
    """Where to read from a file whose length is not to be had from its tag; None when the tag is right.

    ``start``: the first frame. A tag is wrong when more frames follow than it promises.
    """
    file.seek(start)
    frame = file.read(TAG_WITHIN)
    tag = next((tag for tag in TAGS if tag in frame), None)
    if tag is None:
        return start
    promised = _promised(frame[frame.index(tag) :])
    if promised is None or not _more_frames(file, start, promised + 1 + SPARE):
        return None
    return start + _length(frame)


def _promised(tag: bytes) -> int | None:
    """Frames after this one, where a Xing or Info tag says so."""
    if tag[:4] == b"VBRI" or len(tag) < 12 or not tag[7] & FRAMES:
        return None
    return int.from_bytes(tag[8:12], "big")


def _length(head: bytes) -> int:
    """Bytes of the frame that starts so; 0 when it is no frame of layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0 or head[1] >> 1 & 3 != LAYER_3:
        return 0
    version, code, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in RATES or code not in range(1, 15) or rate == 3:
        return 0
    first = version == 3
    return (144_000 if first else 72_000) * KILOBITS[not first][code] // RATES[version][rate] + (
        head[2] >> 1 & 1
    )


def _more_frames(file: FileIO, start: int, most: int) -> bool:
    """Whether more than ``most`` frames follow each other from ``start`` on."""
    size = os.fstat(file.fileno()).st_size
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for _ in range(most + 1):
            length = _length(data[start : start + 4])
            if not length or start + length > size:
                return False
            start += length
    return True


def _copy(file: FileIO, descriptor: int) -> None:
    """The rest of a file into a pipe, until either ends."""
    with suppress(OSError), os.fdopen(descriptor, "wb") as pipe:
        while data := file.read(1 << 16):
            pipe.write(data)


@contextmanager
def piped(file: FileIO, start: int) -> Iterator[int]:
    """The descriptor of a pipe out of which the file comes from ``start`` on."""
    file.seek(start)
    out, into = os.pipe()
    feeder = threading.Thread(target=_copy, args=(file, into), daemon=True)
    feeder.start()
    try:
        yield out
    finally:
        os.close(out)
        feeder.join()
