"""What every way of opening sound offers: a header, and chunks of samples from some sample on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["CHUNK", "CONTAINERS", "Backend", "Header", "UnreadableError"]

CHUNK = 16_384  # samples of each channel at a time
# What PyAV and ffmpeg may find in a file; playlists, which name other files, are not among it.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,mp3,ogg,flac,wav,w64,aiff,au,caf,avi,asf,flv,mpegts,amr"
)


class UnreadableError(Exception):
    """A backend cannot open a file or cannot go on; the text is the reason, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about itself.

    ``rate`` in Hz; ``frames``: samples of each channel, None when that is not known without decoding;
    ``promised``: the same as written in the file, which a cut-off file does not keep; ``streams`` of audio.
    """

    container: str
    rate: int
    channels: int
    frames: int | None
    promised: int | None = None
    streams: int = 1


class Backend(NamedTuple):
    """One way to open files.

    ``header(path)``, and ``chunks(path, first)``, which gives float32 (n, channels), full scale ±1, from
    sample ``first`` on; both raise UnreadableError, the second possibly after some chunks.
    """

    header: Callable[[Path], Header]
    chunks: Callable[[Path, int], Iterator[Array]]
