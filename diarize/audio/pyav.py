"""M4A, MP4, WebM, MKV and other containers of FFmpeg, through the PyAV package."""

from __future__ import annotations

from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING, Any

from diarize.audio.backend import (
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from diarize.audio.backend import Tell

    Array = NDArray[Any]

__all__ = ["NO_CLOCK", "PYAV", "SUFFIXES"]

NO_CLOCK = ("aac", "ac3", "eac3", "amr", "mp3")  # formats whose stamps FFmpeg makes up from the first rate
# formats whose length FFmpeg counts from 0, wherever they begin, or in whole packets, or guesses
LENGTH_IS_NONE = ("ogg", "asf", "caf", *NO_CLOCK)
UNCOUNTED = ("pcm", "adpcm")  # codecs whose bytes FFmpeg takes for more seconds than they are in AVI


class _File(FileIO):
    """A file for FFmpeg. In damaged data FFmpeg seeks to impossible positions, which must not raise."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As for a file, but −1 for an impossible position."""
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return -1


def _no_other_file(*_: object) -> None:
    """Refuse to open any other file that a container refers to."""
    raise PermissionError("a recording may not name other files")


@contextmanager
def _open_stream(path: Path, track: int) -> Iterator[tuple[Any, Any]]:
    """An av container and its audio stream; every error in it becomes an UnreadableError."""
    try:
        import av
    except ImportError as error:
        raise UnreadableError("the PyAV package is not installed", absent=True) from error
    allowed = {"format_whitelist": CONTAINERS}
    try:
        with (
            _File(path) as file,
            av.open(file, options=allowed, metadata_errors="replace", io_open=_no_other_file) as container,
        ):
            if not container.streams.audio:
                raise UnreadableError(NO_SOUND, sure=True)
            tracks = container.streams.audio
            if track > len(tracks):
                raise NoTrackError(track, len(tracks))
            if tracks[track - 1].codec_context is None:
                raise UnreadableError("its audio codec is unknown", sure=True)
            yield container, tracks[track - 1]
    except IndexError as error:  # PyAV fails on streams that appear in damaged data
        raise UnreadableError("damaged data") from error
    except (av.FFmpegError, ValueError, EOFError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "damaged data"
        raise UnreadableError(reason.lower()) from error


def _seconds(stream: Any, value: int | None) -> float | None:
    return None if value is None or not stream.time_base else float(value * stream.time_base)


def _zero(container: Any) -> float:
    """The time stamp of second 0."""
    start = container.start_time  # FFmpeg counts in microseconds
    return origin(container.format.name, None if start is None else start / 1e6)


def _frames(container: Any, stream: Any) -> tuple[int | None, int | None]:
    """Samples per channel, and the same as the file announces it; None where unknown.

    A container may state its own length only, and the sound may end before the video.
    """
    length = _seconds(stream, stream.duration)
    if length:
        late = max(0.0, (_seconds(stream, stream.start_time) or 0.0) - _zero(container))
        whole = int((late + length) * stream.rate)
        name, codec = container.format.name, stream.codec_context.name
        unsure = name in LENGTH_IS_NONE or (name == "avi" and codec.startswith(UNCOUNTED))
        return whole, None if unsure else whole
    if container.duration and container.duration > 0:
        whole = int(container.duration * stream.rate / 1_000_000)
        alone = len(container.streams) == 1 and container.format.name not in LENGTH_IS_NONE
        return whole, whole if alone else None
    return None, None


def _header(path: Path, track: int = 1) -> Header:
    with _open_stream(path, track) as (container, stream):
        tracks = tuple(Track.from_metadata(each.metadata) for each in container.streams.audio)
        name = container.format.name.split(",")[0].upper()
        rate, frames = stream.rate or 0, _frames(container, stream)
        if edits := read_empty_edits(path, track):
            frames = (int(edits.end * rate), int(edits.end * rate))
        elif name == "AVI" and stated_size(path) is None:  # its writer did not come back to its header
            frames = (None, None)
        return Header(name, rate, stream.channels or 0, *frames, tracks)


def _pieces(container: Any, stream: Any, tell: Tell) -> Iterator[tuple[float | None, Array]]:
    """Time stamps in seconds and samples float32 (n, channels); packets that are damaged are left out."""
    import av
    from av.audio.resampler import AudioResampler

    shape, damaged, n_decoded = None, 0, 0
    # of the header: those of the stream change when the sound does
    layout, rate, channels = stream.layout.name, stream.rate, stream.channels
    convert = AudioResampler(format="flt", layout=layout, rate=rate)
    clock = container.format.name not in NO_CLOCK
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            damaged += 1
            continue
        for frame in frames:
            if shape != (frame.format.name, frame.layout.name, frame.sample_rate):  # joined files change it
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                convert = AudioResampler(format="flt", layout=layout, rate=rate)
            stamp = _seconds(frame, frame.pts) if clock else None
            for piece in convert.resample(frame):
                # interleaved: PyAV reads outside the planes when there are more than eight channels
                yield stamp, piece.to_ndarray().reshape(-1, channels)
                stamp, n_decoded = None, n_decoded + 1
    if damaged and not n_decoded:
        raise UnreadableError("damaged data")
    if damaged:
        tell(f"damaged packets left out: {damaged}")


def _chunks(path: Path, first: int, tell: Tell = ignore_note, track: int = 1) -> Iterator[Array]:
    skip = first
    edits = read_empty_edits(path, track)
    with _open_stream(path, track) as (container, stream):
        placed = place_on_clock(_pieces(container, stream, tell), stream.rate, _zero(container), tell)
        for chunk in silence_spans(placed, stream.rate, edits.spans) if edits else placed:
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))


SUFFIXES = (
    ".m4a",
    ".m4b",
    ".m4r",
    ".mp4",
    ".m4v",
    ".mov",
    ".qt",
    ".3ga",
    ".3gp",
    ".3g2",
    ".webm",
    ".weba",
    ".mkv",
    ".mka",
    ".aac",
    ".avi",
    ".wma",
    ".wmv",
    ".asf",
    ".flv",
    ".f4v",
    ".ts",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".vob",
    ".ogv",
    ".spx",
    ".amr",
    ".awb",
    ".ac3",
    ".eac3",
    ".wv",
    ".tta",
)
PYAV = Backend(_header, _chunks, SUFFIXES)
