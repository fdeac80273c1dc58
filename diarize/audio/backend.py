"""The interface of every decoder: a header, and chunks of samples from a given sample on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Tell = Callable[[str], None]

__all__ = [
    "CHUNK",
    "CONTAINERS",
    "NO_SOUND",
    "Backend",
    "Header",
    "NoTrackError",
    "Track",
    "UnreadableError",
    "ignore_note",
]

CHUNK = 16_384  # samples of each channel at a time
# Containers that PyAV and ffmpeg may read. Playlists are excluded, because they name other files.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,mp3,ogg,flac,wav,w64,aiff,au,caf,avi,asf,flv,mpegts,mpeg,amr,"
    "ac3,eac3,wv,tta"
)


NO_SOUND = "it has no audio track"


class UnreadableError(Exception):
    """A backend cannot open a file or cannot continue; the text gives the reason if known.

    ``sure``: the backend knows this kind of file and what is wrong with it; ``absent``: the backend is not
    installed.
    """

    def __init__(self, reason: str, *, sure: bool = False, absent: bool = False) -> None:
        super().__init__(reason)
        self.sure, self.absent = sure, absent


class NoTrackError(UnreadableError):
    """The file has no audio track with this number, or the backend reads the first one only."""

    def __init__(self, track: int, tracks: int) -> None:
        known = "one audio track" if tracks == 1 else f"{tracks} audio tracks, counted from 1"
        missing = f"no track {track}; it has {known}"
        unread = (
            f"track {track} needs the PyAV package or the ffmpeg program; try: pip install 'diarize-gmm[av]'"
        )
        super().__init__(unread if track <= tracks else missing, sure=True)


def ignore_note(_: str) -> None:
    """Discard a note."""


class Track(NamedTuple):
    """Metadata of an audio track: a language such as ``eng`` and a title, empty where unknown."""

    language: str = ""
    title: str = ""

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Track:
        """From the metadata of a stream, keys in lower case; ``und`` means an undetermined language."""
        language = metadata.get("language", "")
        return cls("" if language == "und" else language, metadata.get("title", "").strip())


@dataclass(frozen=True, slots=True)
class Header:
    """Header of a file.

    ``rate`` in Hz; ``frames``: samples of each channel, None when that is not known without decoding;
    ``promised``: the same as written in the file, which is more than a truncated file has, None where the
    file does not say; ``tracks``: all audio tracks; ``notes``: remarks about the file.
    """

    container: str
    rate: int
    channels: int
    frames: int | None
    promised: int | None = None
    tracks: tuple[Track, ...] = (Track(),)
    notes: tuple[str, ...] = ()


class Backend(NamedTuple):
    """One way to open files.

    ``header(path, track)`` reads the header. ``chunks(path, first, tell, track)`` gives float32 (n,
    channels), full scale ±1, from sample ``first`` on, and may call ``tell`` with a short note. ``track`` is
    counted from 1. Both raise UnreadableError, ``chunks`` possibly after some chunks, and NoTrackError.
    """

    header: Callable[[Path, int], Header]
    chunks: Callable[..., Iterator[Array]]
    suffixes: tuple[str, ...] = ()
