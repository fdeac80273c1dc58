"""The same containers through the ``ffmpeg`` program, when it is installed and PyAV is not.

The program writes samples to one pipe and, to another, a description of the file and the time stamp of every
frame before its samples. So both backends place sound on the container's clock in the same way.
"""

from __future__ import annotations

import queue
import re
import shutil
import struct
import subprocess
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from diarize.audio.backend import (
    CHUNK,
    CONTAINERS,
    NO_SOUND,
    Backend,
    Header,
    NoTrackError,
    Track,
    UnreadableError,
    ignore_note,
)
from diarize.audio.clock import origin, place_on_clock, silence_spans
from diarize.audio.cut_short import stated_size
from diarize.audio.edit_list import read_empty_edits
from diarize.audio.pyav import NO_CLOCK, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.audio.backend import Tell

    Array = NDArray[Any]
    _Frame = tuple[float | None, int, int]

__all__ = ["FFMPEG"]

HEADER_TIMEOUT = 10.0  # seconds to wait for the description of the file, which normally comes at once
QUEUE_SIZE = 64  # pieces of sound of 64 KiB that wait at a time; a pipe holds fewer
# containers whose length FFmpeg counts from 0, out of bytes or in packets, or guesses from the rate
UNRELIABLE_LENGTH = ("ogg", "avi", "caf", *NO_CLOCK)
MAX_UNSTAMPED = 1 << 24  # bytes that wait for a time stamp until none is expected any more
_INPUT = re.compile(r"Input #0, (\S+), from ")
_LENGTH = re.compile(r"Duration: (?:N/A|(\d+):(\d+):([\d.]+))(?:, start: (-?[\d.]+))?")
_STREAM = re.compile(r"Stream #0:(\d+)(?:\[\w+\])?(?:\((\w+)\))?: (\w+)")
_TITLE = re.compile(r"^(?:\[\w+\] )?\s+title\s*: (.*)")
_FRAME = re.compile(r"pts:\s*(-?\d+|NOPTS) .*rate:(\d+) nb_samples:(\d+)")
_LEVEL = re.compile(r"(?:\[[^\]]*@[^\]]*\] )?\[(error|fatal|panic)\] (.*)")

_BROKEN = re.compile(r"(?:file:.*|Error during demuxing): (.+)")
_DAMAGE = re.compile(r"error (while decoding|submitting packet)", re.IGNORECASE)


def _command(path: Path, track: int) -> list[str]:
    """Decode an audio stream to Sun audio (a header of 24 bytes, big-endian floats) on a pipe."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise UnreadableError("the ffmpeg program is not installed", absent=True)
    flags = ["-hide_banner", "-nostats", "-nostdin", "-loglevel", "level+info", "-copyts"]
    source = ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i", f"file:{path}"]
    result = ["-map", f"0:a:{track - 1}", "-af", "ashowinfo", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    return [program, *flags, *source, *result]


class _Messages:
    """Messages of the program: about the file, about each frame, and errors.

    ``described`` is set when the description of the file is complete. ``events`` holds, in the order of
    arrival, time stamps of frames (seconds or None, rate, samples) and bytes of sound, with a None at the end
    of each. The number of waiting bytes is bounded, that of time stamps is not. ``broken``: why the program
    stopped before the end of the file.
    """

    def __init__(self) -> None:
        self.container, self.start = "", 0.0
        self.seconds: float | None = None
        self.kinds: dict[int, str] = {}
        self.tracks: dict[int, Track] = {}
        self.complaints: deque[str] = deque(maxlen=20)
        self.damaged = 0
        self.broken = ""
        self.events: queue.Queue[_Frame | bytes | None] = queue.Queue()
        self.room = threading.Semaphore(QUEUE_SIZE)
        self.described = threading.Event()

    def read_messages(self, errors: IO[bytes]) -> None:
        """Parse every line until the program ends."""
        outputs = False
        for raw in errors:
            line = raw.decode(errors="replace").rstrip()
            if frame := _FRAME.search(line):
                stamp, rate, n = frame.groups()
                at = None if stamp == "NOPTS" else int(stamp) / int(rate)
                self.events.put((at, int(rate), int(n)))
            elif complaint := _LEVEL.match(line):
                self.complaints.append(complaint[2])
                self.damaged += bool(_DAMAGE.match(complaint[2]))
                if outputs and (broken := _BROKEN.match(complaint[2])):
                    self.broken = broken[1]
            elif not outputs:
                outputs = "Output #0" in line
                self._note(line)
            if outputs or frame:
                self.described.set()
        self.described.set()
        self.events.put(None)

    def read_sound(self, output: IO[bytes]) -> None:
        """Read the sound until the program ends or the consumer stops."""
        with suppress(ValueError, OSError):
            while data := output.read(1 << 16):
                self.room.acquire()
                self.events.put(data)
        self.events.put(None)

    def _note(self, line: str) -> None:
        if found := _INPUT.search(line):
            self.container = found[1]
        elif found := _LENGTH.search(line):
            hours, minutes, seconds, start = found.groups()
            self.seconds = None if hours is None else int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            self.start = float(start or 0)
        elif (found := _STREAM.search(line)) and "->" not in line:
            index, language, kind = int(found[1]), found[2] or "", found[3]
            self.kinds[index] = kind
            if kind == "Audio":
                self.tracks[index] = Track.from_metadata({"language": language})
        elif (found := _TITLE.match(line)) and self.kinds and (last := [*self.kinds][-1]) in self.tracks:
            self.tracks[last] = self.tracks[last]._replace(title=found[1].strip())

    def reason(self, track: int) -> UnreadableError:
        """Why the file could not be decoded."""
        if self.kinds and not self.tracks:
            return UnreadableError(NO_SOUND, sure=True)
        if 0 < len(self.tracks) < track:
            return NoTrackError(track, len(self.tracks))
        last = self.complaints[-1].lower() if self.complaints else "damaged data"
        return UnreadableError(last)

    @property
    def zero(self) -> float:
        """The time stamp of second 0."""
        return origin(self.container, self.start)

    def header(self, rate: int, channels: int) -> Header:
        """The header as PyAV gives it, with a length where the program printed one."""
        alone = len(self.kinds) == 1 and self.container not in UNRELIABLE_LENGTH
        frames = None if self.seconds is None else int(self.seconds * rate)
        name = self.container.split(",")[0].upper() or "FFMPEG"
        tracks = tuple(self.tracks[index] for index in sorted(self.tracks)) or (Track(),)
        return Header(name, rate, channels, frames, frames if alone else None, tracks)


@contextmanager
def _decode(path: Path, track: int) -> Iterator[tuple[int, int, _Messages]]:
    """Rate, channels and messages of the running program, which is stopped on exit."""
    with subprocess.Popen(_command(path, track), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        output, errors = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stderr)
        messages = _Messages()
        reader = threading.Thread(target=messages.read_messages, args=(errors,), daemon=True)
        decoder = threading.Thread(target=messages.read_sound, args=(output,), daemon=True)
        reader.start()
        try:
            start = output.read(24)
            if len(start) < 24 or start[:4] != b".snd":
                process.wait()
                reader.join()
                raise messages.reason(track)
            _, offset, _, _, rate, channels = struct.unpack(">4s5I", start)
            output.read(offset - 24)
            decoder.start()
            messages.described.wait(HEADER_TIMEOUT)  # sound may come before the lines about the file are read
            yield rate, channels, messages
        finally:
            process.kill()
            messages.room.release(QUEUE_SIZE)  # no consumer any more: let the reader drain the pipe
            for thread in (reader, decoder):
                if thread.ident:
                    thread.join()


def _header(path: Path, track: int = 1) -> Header:
    with _decode(path, track) as (rate, channels, messages):
        header = messages.header(rate, channels)
    if edits := read_empty_edits(path, track):
        return replace(header, frames=int(edits.end * rate), promised=int(edits.end * rate))
    if header.container == "AVI" and stated_size(path) is None:  # its writer did not come back to its header
        return replace(header, frames=None)
    return header


def _pieces(rate: int, channels: int, messages: _Messages) -> Iterator[tuple[float | None, Array]]:
    """Time stamps in seconds and samples (n, channels), frame by frame; what has no stamp has None."""
    frames: deque[_Frame] = deque()
    waiting, running = bytearray(), 2
    due, given = 0.0, 0
    while running or waiting:
        event = messages.events.get() if running else None
        if isinstance(event, bytes):
            waiting += event
            messages.room.release()
        elif event is not None:
            frames.append(event)
        elif running:
            running -= 1
        while waiting:
            stamp, own, n = frames[0] if frames else (None, rate, CHUNK)
            size = round(due + n * rate / own) - given  # resample where the rate changes
            if running and len(waiting) < (4 * channels * size if frames else MAX_UNSTAMPED):
                break
            piece = _take_samples(waiting, size, channels)
            due, given = due + n * rate / own, given + size
            if frames:
                frames.popleft()
            if len(piece):
                yield None if messages.container in NO_CLOCK else stamp, piece


def _take_samples(data: bytearray, n: int, channels: int) -> Array:
    """Remove and return the first n samples (n, channels), or as many as there are."""
    taken = bytes(data[: 4 * channels * n])
    del data[: max(1, 4 * channels * n)]
    floats = np.frombuffer(taken[: len(taken) // (4 * channels) * 4 * channels], dtype=">f4")
    return floats.astype(np.float32).reshape(-1, channels)


def _chunks(path: Path, first: int, tell: Tell = ignore_note, track: int = 1) -> Iterator[Array]:
    skip, edits = first, read_empty_edits(path, track)
    with _decode(path, track) as (rate, channels, messages):
        placed = place_on_clock(_pieces(rate, channels, messages), rate, messages.zero, tell)
        for chunk in silence_spans(placed, rate, edits.spans) if edits else placed:
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))
        if messages.damaged:
            tell(f"damaged packets left out: {messages.damaged}")
        if messages.broken:
            raise UnreadableError(messages.broken.lower())


FFMPEG = Backend(_header, _chunks, SUFFIXES)
