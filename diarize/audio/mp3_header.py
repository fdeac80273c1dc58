"""The frames of MP3 files whose header gives no length, or one that is too small, or that hold other bytes.

Without a Xing, Info or VBRI tag, libsndfile guesses the length from the first bit rate and stops there. It
also stops early when a tag gives too small a length, as in joined files, and at ID3, APE and Lyrics3 tags or
junk between frames. It reads a pipe to its end, so such files are given to it through a pipe, frames only.
Sources: ISO/IEC 11172-3 and 13818-3 (headers of frames), the tags as LAME, ID3v2.4, APEv2 and Lyrics3 v2
describe them.
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from diarize.audio.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

    Data = mmap.mmap | bytes

__all__ = ["first_frame", "id3_length", "mpeg_links", "pipe_spans", "tag_end"]

TAGS = (b"Xing", b"Info", b"VBRI")
TAG_WITHIN = 200  # bytes of the first frame in which a tag can stand
FRAMES = 1  # flag of a tag that has the number of frames
FRAME_TOLERANCE = 2  # frames that a tag may leave out and still be right
HEAD = 4  # bytes of the header of a frame
PADDING = 64  # zeros in a row that are no part of a container
JUNK = 1 << 16  # bytes behind tags in which frames are looked for
OTHER_KINDS = (b"fLaC", b"OggS", b"RIFF")
DECODER_DELAY = 529  # samples of delay of layer III decoders
# kbit/s by the codes in a header: of layers I, II and III in MPEG 1, then of I and the others in MPEG 2 and
# 2.5
KILOBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(slots=True)
class _Run:
    """Consecutive frames of one kind: their spans, without tags and junk, and their number of samples."""

    rate: int
    channels: int
    layer: int  # the bits of it in the headers
    spans: list[tuple[int, int]] = field(default_factory=list)
    frames: int = 0
    samples: int = 0

    def add(self, start: int, end: int, samples: int) -> None:
        """Add a frame."""
        if self.spans and self.spans[-1][1] == start:
            start = self.spans.pop()[0]
        self.spans.append((start, end))
        self.frames, self.samples = self.frames + 1, self.samples + samples


def first_frame(file: FileIO) -> int | None:
    """Byte at which MPEG audio starts, behind any tags and zeros; None when the file is not MPEG audio."""
    size = os.fstat(file.fileno()).st_size
    if size < HEAD:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = _behind_padding(data, size)
        if data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] >= b"\xe0":
            return at
        return _find_frame(data, at) if at and data[at : at + 4] not in OTHER_KINDS else None


def _behind_padding(data: Data, size: int) -> int:
    """Behind tags at the start, and behind zeros, of which a container has few."""
    at = 0
    while at < size:
        end = tag_end(data, at)
        while not end and data[at : at + PADDING] == bytes(PADDING):
            part = data[at : at + (1 << 16)]
            at += len(part) - len(part.lstrip(b"\0"))
        if not end:
            break
        at = end
    return at


def _find_frame(data: Data, start: int) -> int | None:
    """The first of two frames in a row in the next bytes."""
    at = start
    while (at := data.find(b"\xff", at, start + JUNK)) >= 0:
        head = data[at : at + HEAD]
        if _length(head) and _is_same_stream(head, data[at + _length(head) : at + _length(head) + HEAD]):
            return at
        at += 1
    return None


def id3_length(head: bytes) -> int:
    """Bytes of the ID3v2 tag that begins with these ten."""
    a, b, c, d = head[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d) + 10 * (head[5] >> 4 & 1)  # seven bits a byte; a footer


def mpeg_links(file: FileIO, start: int) -> list[Link]:
    """Links for a file that libsndfile would not read to its end or not from its start; otherwise empty.

    ``start``: the first frame. Such a file has no tag, or more frames than its tag announces, or something
    else before or between its frames. The encoder delay of its tag is used nevertheless.
    """
    size = os.fstat(file.fileno()).st_size
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        tag = _tag(data[start : start + TAG_WITHIN])
        runs = list(_runs(data, start, size))
        whole = len(runs) == 1 and len(runs[0].spans) == 1 and _id3_end(data) == start
    if not runs:
        return [] if tag else [Link(((start, size),), piped=True)]
    promised = _announced_frames(tag)
    frames = sum(run.frames for run in runs)
    damaged = promised is not None and frames < promised - FRAME_TOLERANCE
    if tag and (promised is None or frames <= promised + FRAME_TOLERANCE) and (whole or damaged):
        return []
    skip = min(_delay(tag), runs[0].samples)
    return [
        Link(tuple(run.spans), run.rate, run.samples - skip * (not i), skip * (not i), piped=True)
        for i, run in enumerate(runs)
    ]


def _id3_end(data: Data) -> int:
    at = 0
    while data[at : at + 3] == b"ID3":
        at = tag_end(data, at)
    return at


def _tag(frame: bytes) -> bytes:
    """The tag in the first frame; empty when there is none."""
    at = [at for at in (frame.find(tag) for tag in TAGS) if at >= 0]
    return frame[at[0] :] if at else b""


def _announced_frames(tag: bytes) -> int | None:
    """The number of frames after this one according to the tag."""
    if tag[:4] == b"VBRI":
        return int.from_bytes(tag[14:18], "big") if len(tag) >= 18 else None
    return int.from_bytes(tag[8:12], "big") if len(tag) >= 12 and tag[7] & FRAMES else None


def _delay(tag: bytes) -> int:
    """Samples before the sound according to the encoder."""
    at = (
        8 + 4 * (tag[7] & 1) + 4 * (tag[7] >> 1 & 1) + 100 * (tag[7] >> 2 & 1) + 4 * (tag[7] >> 3 & 1)
        if tag
        else 0
    )
    delay_field = tag[at + 21 : at + 24]
    if tag[:4] == b"VBRI" or tag[at : at + 1] != b"L" or len(delay_field) < 3:
        return 0
    return (
        int.from_bytes(delay_field, "big") >> 12
        and (int.from_bytes(delay_field, "big") >> 12) + DECODER_DELAY
    )


def _runs(data: Data, start: int, size: int) -> Iterator[_Run]:
    """Runs of frames of the same rate and channels, in order; frames that are only a tag are left out."""
    run: _Run | None = None
    at, last = start, b""
    while 0 <= at < size - 3:
        head = data[at : at + 4]
        length = _length(head)
        behind = at + length
        # junk may look like one frame, but hardly like two
        sound = 0 < length <= size - at and (
            _is_same_stream(head, last) or _is_same_stream(head, data[behind : behind + 4])
        )
        if not sound:
            at, last = tag_end(data, at) or data.find(b"\xff", at + 1), b""
            continue
        last = head
        if not _is_tag(data[at : at + 40], head):
            kind = (_rate(head), 1 if head[3] >> 6 == 3 else 2, head[1] & 6)
            if run is None or kind != (run.rate, run.channels, run.layer):
                if run:
                    yield run
                run = _Run(*kind)
            run.add(at, at + length, _samples(head))
        at += length
    if run:
        yield run


@lru_cache(maxsize=4096)  # a file has few kinds of header and many frames
def _is_same_stream(head: bytes, other: bytes) -> bool:
    """Whether two headers are of one stream: version, layer, rate and mono or not are the same."""
    if len(other) < 4 or not _length(other):
        return False
    one, two = ((each[1] | 1, each[2] & 12, each[3] >> 6 == 3) for each in (head, other))
    return one == two


def _is_tag(frame: bytes, head: bytes) -> bool:
    """Whether a frame holds a tag, not sound: after the side information, or 32 bytes after its header."""
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if head[1] >> 3 & 3 == 3 else (9 if mono else 17)
    return frame[4 + side : 8 + side] in TAGS[:2] or frame[36:40] == TAGS[2]


def tag_end(data: Data, at: int) -> int:
    """Where the tag ends that starts here; 0 when none does."""
    head = data[at : at + 32]
    if head[:3] == b"ID3" and len(head) >= 10:
        return at + id3_length(head)
    if head[:8] == b"APETAGEX" and len(head) == 32:
        footer = not head[23] >> 5 & 1  # the size counts bytes after a header; a footer is included
        return at + 32 + (0 if footer else int.from_bytes(head[12:16], "little"))
    if head[:11] == b"LYRICSBEGIN":
        end = min(
            (e for e in (data.find(word, at) for word in (b"LYRICSEND", b"LYRICS200")) if e >= 0), default=at
        )
        return end + 9
    return at + 128 if head[:3] == b"TAG" and head[3:4] != b"+" else at + 227 if head[:4] == b"TAG+" else 0


def _rate(head: bytes) -> int:
    return RATES[head[1] >> 3 & 3][head[2] >> 2 & 3]


def _samples(head: bytes) -> int:
    """Samples of each channel in a frame."""
    layer = 4 - (head[1] >> 1 & 3)
    return 384 if layer == 1 else 576 if layer == 3 and head[1] >> 3 & 3 != 3 else 1152


@lru_cache(maxsize=4096)
def _length(head: bytes) -> int:
    """Bytes of the frame with this header; 0 when it is not valid, or has a free-format bit rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0 or not head[1] >> 1 & 3:
        return 0
    version, layer, code, rate = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 4, head[2] >> 2 & 3
    if version not in RATES or code not in range(1, 15) or rate == 3:
        return 0
    bits = 1000 * KILOBITS[version == 3, layer][code]
    slots = _samples(head) * bits // ((32 if layer == 1 else 8) * RATES[version][rate]) + (head[2] >> 1 & 1)
    return slots * (4 if layer == 1 else 1)


def _copy(file: FileIO, spans: Sequence[tuple[int, int]], descriptor: int) -> None:
    """Copy spans of a file into a pipe, until either ends."""
    with suppress(OSError), os.fdopen(descriptor, "wb") as pipe:
        for start, end in spans:
            for at in range(start, end, 1 << 16):
                file.seek(at)
                pipe.write(file.read(min(1 << 16, end - at)))


@contextmanager
def pipe_spans(file: FileIO, spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The descriptor of a pipe from which the spans of the file can be read."""
    out, into = os.pipe()
    feeder = threading.Thread(target=_copy, args=(file, spans, into), daemon=True)
    feeder.start()
    try:
        yield out
    finally:
        os.close(out)
        feeder.join()
