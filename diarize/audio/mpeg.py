"""MP3 files that do not say how long they are.

Without a Xing, Info or VBRI tag libsndfile guesses the length from the first bit rate and stops there. It
cannot guess with a pipe and reads that to its end, so that is how such files are given to it.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

__all__ = ["first_frame", "has_length", "piped"]

TAGS = (b"Xing", b"Info", b"VBRI")
TAG_WITHIN = 200  # bytes of the first frame in which a tag can stand


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


def has_length(file: FileIO, start: int) -> bool:
    """Whether the first frame is one of those that carry the length."""
    file.seek(start)
    frame = file.read(TAG_WITHIN)
    return any(tag in frame for tag in TAGS)


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
