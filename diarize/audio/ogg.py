"""Pages of an Ogg file: its links, and the gaps in them.

A page states the sample at which it ends, and packets state their length. Where a page ends later than its
packets explain, sound is missing: a muted microphone or a broken connection. Sources: RFC 3533 (Ogg), RFC
6716 and 7845 (Opus), the Vorbis I specification, RFC 9639 (FLAC).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from diarize.audio.clock import MAX_GAP, MAX_STEP_BACK
from diarize.audio.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

__all__ = ["ogg_links"]

HEAD = 32  # bytes of a packet that are parsed
GAP = 0.03  # seconds; smaller gaps are rounding
NOTHING = 0xFFFFFFFFFFFFFFFF  # the place of a page on which no packet ends
OPUS_RATE = 48_000
FLAC_LEAD = 9  # bytes before the first packet of FLAC is what a file of FLAC begins with


@dataclass(slots=True)
class _Page:
    start: int
    end: int
    body: int
    first: bool  # of its stream
    serial: int
    place: int  # samples until its end
    packets: list[bytes]  # starts of those that end on it


@dataclass(slots=True)
class _Codec:
    """How to count samples.

    ``rate``: of granule positions; ``lead``: samples before the sound; ``headers``: packets before the sound;
    ``length``: of a packet, from its first bytes; ``unwrapped``: libsndfile reads packets without pages.
    """

    rate: int
    lead: int
    headers: int
    length: Callable[[bytes], int]
    unwrapped: bool = False


@dataclass(slots=True)
class _Stream:
    """One link: its pages, and the number of streams in it."""

    pages: list[_Page] = field(default_factory=list)
    serials: set[int] = field(default_factory=set)


def ogg_links(file: FileIO) -> list[Link]:
    """The links of an Ogg file, split at gaps; empty for one link without gaps, and for one with several
    parallel streams, such as films, which other backends read. In a chain, the first stream of sound of each
    link counts.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        streams = _streams(_pages(data))
        if len(streams) == 1 and len(streams[0].serials) > 1:
            return []
        found, base = [], 0.0
        for each in (_first_sound(stream, data) for stream in streams):
            parts, base = _parts(each, base, data)
            found += parts
    return found if len(found) > 1 or any(each.frames for each in found) else []


def _pages(data: mmap.mmap) -> Iterator[_Page]:
    at, open_packets = data.find(b"OggS"), dict[int, bytearray]()
    while at >= 0 and len(head := data[at : at + 27]) == 27:
        flags, place, serial, _, _, n = struct.unpack_from("<BQIIIB", head, 5)
        sizes = data[at + 27 : at + 27 + n]
        start = body = at + 27 + n
        packet = open_packets.pop(serial, bytearray()) if flags & 1 else bytearray()
        ended = []
        for size in sizes:
            packet += data[body : body + min(size, HEAD)] if len(packet) < HEAD else b""
            body += size
            if size < 255:
                ended.append(bytes(packet[:HEAD]))
                packet = bytearray()
        if sizes and sizes[-1] == 255:
            open_packets[serial] = packet
        yield _Page(at, body, start, bool(flags & 2), serial, place, ended)
        at = body if data[body : body + 4] == b"OggS" else data.find(b"OggS", start)


def _streams(pages: Iterator[_Page]) -> list[_Stream]:
    found: list[_Stream] = []
    for page in pages:
        if page.first and (not found or not found[-1].pages[-1].first):
            found.append(_Stream())
        if found:
            found[-1].pages.append(page)
            found[-1].serials.add(page.serial)
    return found


def _first_sound(stream: _Stream, data: mmap.mmap) -> _Stream:
    """The first of parallel streams whose codec is known; otherwise all of them."""
    for serial in dict.fromkeys(page.serial for page in stream.pages):
        alone = _Stream([page for page in stream.pages if page.serial == serial], stream.serials)
        if _codec(alone, data) is not None:
            return alone
    return stream


def _spans(stream: _Stream, *parts: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Parts of a file or, where streams are parallel, the pages of this stream in them."""
    if len(stream.serials) == 1:
        return parts
    return tuple((p.start, p.end) for p in stream.pages if any(a <= p.start < b for a, b in parts))


def _parts(stream: _Stream, base: float, data: mmap.mmap) -> tuple[list[Link], float]:
    """Links of one stream, split at its gaps, and its end in seconds; ``base``: its start in seconds."""
    span = (stream.pages[0].start, stream.pages[-1].end)
    codec = _codec(stream, data)
    if codec is None:
        return [Link(_spans(stream, span))], base
    cuts, origin, last = _gaps(stream, codec)
    if origin is None:
        return [], base
    header, edges = (span[0], cuts[0][0]), [*cuts, (span[1], last)]
    links = []
    for (start, _), (end, place) in pairwise(edges):
        seconds = base + max(0, place - origin - codec.lead) / codec.rate
        if codec.unwrapped:
            bodies = [(p.body, p.end) for p in stream.pages if p.end <= header[1] or start <= p.start < end]
            bodies[0] = (bodies[0][0] + FLAC_LEAD, bodies[0][1])
            links.append(
                Link(tuple(bodies), codec.rate, max(1, _samples(stream, codec, start, end)), end=seconds)
            )
        else:
            links.append(Link(_spans(stream, header, (start, end)), end=seconds))
    return links, base + max(0, last - origin - codec.lead) / codec.rate


def _samples(stream: _Stream, codec: _Codec, start: int, end: int) -> int:
    pages = (page for page in stream.pages if start <= page.start < end)
    return sum(codec.length(packet) for page in pages for packet in page.packets)


def _gaps(stream: _Stream, codec: _Codec) -> tuple[list[tuple[int, int]], int | None, int]:
    """Bytes at which the sound starts, first and after each gap, with the granule position before it; the
    first granule position, None without sound; and the last one. A jump by more than an hour, or back by over
    a second, is a change of clock and no gap.
    """
    cuts: list[tuple[int, int]] = []
    origin, reached, moved, headers = None, 0, 0, codec.headers
    for page in stream.pages:
        sound = page.packets[headers:]
        headers = max(0, headers - len(page.packets))
        if headers or page.place == NOTHING or not (sound or cuts):
            continue
        length = sum(map(codec.length, sound))
        if origin is None:
            origin = max(0, page.place - length)
            cuts.append((page.start, origin))
        late = page.place - moved - reached - length if reached else 0
        if late > MAX_GAP * codec.rate or late < -MAX_STEP_BACK * codec.rate:
            moved, late = moved + late, 0
        if late > GAP * codec.rate:
            cuts.append((page.start, reached))
        reached = max(reached, page.place - moved)
    return cuts, origin, reached


def _codec(stream: _Stream, data: mmap.mmap) -> _Codec | None:
    """The codec by the first packet; None for an unknown one."""
    head = stream.pages[0].packets[0] if stream.pages[0].packets else b""
    if head[:8] == b"OpusHead" and len(head) >= 19:
        return _Codec(OPUS_RATE, int.from_bytes(head[10:12], "little"), 2, _opus_length)
    if head[:5] == b"\x7fFLAC" and len(head) >= 31:
        rate = int.from_bytes(head[27:30], "big") >> 4
        return _Codec(rate, 0, 1 + int.from_bytes(head[7:9], "big"), _flac_length, True) if rate else None
    if head[:7] == b"\x01vorbis" and len(head) >= 29:
        modes = _vorbis_modes(_third_packet(stream, data))
        sizes = (1 << (head[28] & 15), 1 << (head[28] >> 4))
        rate = int.from_bytes(head[12:16], "little")
        return _Codec(rate, 0, 3, _vorbis_length(modes, sizes)) if rate and modes else None
    return None


def _opus_length(packet: bytes) -> int:
    """Samples at 48 kHz, from the first two bytes (RFC 6716, 3.1)."""
    if not packet:
        return 0
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    count = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[code]
    return frame * count


def _flac_length(packet: bytes) -> int:
    """Samples of a frame by its header (RFC 9639, 9.1)."""
    if len(packet) < 6 or packet[0] != 0xFF:
        return 0
    code = packet[2] >> 4
    if code in (6, 7):
        ones = 8 - (packet[4] ^ 0xFF).bit_length()  # the number of the frame, as in UTF-8
        at = 4 + max(1, ones)
        return 1 + int.from_bytes(packet[at : at + code - 5], "big")
    return 192 if code == 1 else 576 << (code - 2) if 2 <= code <= 5 else 256 << (code - 8) if code > 7 else 0


def _vorbis_length(modes: list[int], sizes: tuple[int, int]) -> Callable[[bytes], int]:
    """A quarter of the window before and one of this one (Vorbis I, 4.3.8); the first gives nothing."""
    bits, before = (len(modes) - 1).bit_length(), [0]

    def length(packet: bytes) -> int:
        if not packet or packet[0] & 1:
            return 0
        mode = packet[0] >> 1 & ((1 << bits) - 1)
        size = sizes[modes[mode]] if mode < len(modes) else 0
        last, before[0] = before[0], size
        return last // 4 + size // 4 if last else 0

    return length


def _third_packet(stream: _Stream, data: mmap.mmap) -> bytes:
    """The setup header of Vorbis, whole."""
    packets: list[bytearray] = [bytearray()]
    for page in stream.pages[:200]:
        n = data[page.start + 26]
        body = page.start + 27 + n
        for size in data[page.start + 27 : body]:
            packets[-1] += data[body : body + size]
            body += size
            if size < 255:
                packets.append(bytearray())
            if len(packets) > 3:
                return bytes(packets[2])
    return b""


def _vorbis_modes(setup: bytes) -> list[int]:
    """Which of two window sizes each mode has; empty when unclear.

    Read backwards from the end of the setup header, because reading forwards needs a full parser.
    """
    bits = int.from_bytes(setup, "little")
    end = bits.bit_length() - 1  # the last set bit ends the header
    modes: list[int] = []
    best: list[int] = []
    while end - 41 * (len(modes) + 1) - 6 > 0 and len(modes) < 64:
        at = end - 41 * (len(modes) + 1)
        mode = bits >> at & ((1 << 41) - 1)
        if mode >> 1 & 0xFFFFFFFF or mode >> 33 > 63:
            break
        modes.insert(0, mode & 1)
        if (bits >> (at - 6) & 63) + 1 == len(modes):
            best = list(modes)
    return best
