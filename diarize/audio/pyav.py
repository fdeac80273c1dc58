"""M4A, MP4, WebM, MKV and whatever else FFmpeg's libraries know, through the PyAV package."""

from __future__ import annotations

from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING, Any

from diarize.audio.backend import CONTAINERS, Backend, Header, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["PYAV"]


class _File(FileIO):
    """A file for FFmpeg, which seeks impossible places in damaged data and is told so quietly."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As ever, but −1 for a place that cannot be."""
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return -1


def _no_other_file(*_: object) -> None:
    """What a container may open beside itself: nothing."""
    raise PermissionError("a recording may not name other files")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An av container with audio in it; whatever goes wrong in it is an UnreadableError."""
    try:
        import av
    except ImportError as error:
        raise UnreadableError("the PyAV package is not installed") from error
    allowed = {"format_whitelist": CONTAINERS}
    try:
        with (
            _File(path) as file,
            av.open(file, options=allowed, metadata_errors="replace", io_open=_no_other_file) as container,
        ):
            if not container.streams.audio:
                raise UnreadableError("there is no audio in it")
            if container.streams.audio[0].codec_context is None:
                raise UnreadableError("its audio codec is unknown")
            yield container
    except (av.FFmpegError, ValueError, EOFError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "damaged data"
        raise UnreadableError(reason.lower()) from error


def _frames(container: Any, stream: Any) -> int | None:
    """Samples of each channel by the header, None when it does not say."""
    if stream.duration and stream.time_base:
        return int(stream.duration * stream.time_base * stream.rate)
    if container.duration and container.duration > 0:
        return int(container.duration * stream.rate / 1_000_000)  # FFmpeg counts in microseconds
    return None


def _header(path: Path) -> Header:
    with _opened(path) as container:
        streams = container.streams.audio
        rate, channels = streams[0].rate or 0, streams[0].channels or 0
        name = container.format.name.split(",")[0].upper()
        return Header(name, rate, channels, _frames(container, streams[0]), None, len(streams))


def _chunks(path: Path, first: int) -> Iterator[Array]:
    skip = first
    with _opened(path) as container:
        from av.audio.resampler import AudioResampler

        stream = container.streams.audio[0]
        convert = AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
        for frame in container.decode(stream):
            for piece in convert.resample(frame):
                # interleaved, because PyAV reads beside the planes when there are more than eight of them
                chunk = piece.to_ndarray().reshape(-1, stream.channels)
                if skip < len(chunk):
                    yield chunk[skip:]
                skip = max(0, skip - len(chunk))


PYAV = Backend(_header, _chunks)
