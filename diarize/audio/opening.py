"""From a path to something that can decode it, or one line that says why not."""

from __future__ import annotations

import shutil
import stat
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.audio.backend import Backend, Header, UnreadableError
from diarize.audio.ffmpeg import FFMPEG
from diarize.audio.libsndfile import LIBSNDFILE
from diarize.audio.pyav import PYAV
from diarize.errors import AudioError

if TYPE_CHECKING:
    import os

__all__ = ["RATES", "opened", "shown"]

RATES = (8_000, 192_000)  # Hz
MOST_CHANNELS = 64
ALLOWED = "WAV, FLAC, OGG, Opus, MP3, AIFF and, with PyAV or ffmpeg, M4A, MP4, WebM, MKV"
# How files begin, from the given byte on.
MAGIC = (
    (0, b"RIFF", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "OGG"),
    (0, b"FORM", "AIFF"),
    (0, b"ID3", "MP3"),
    (4, b"ftyp", "M4A/MP4"),
    (0, b"\x1a\x45\xdf\xa3", "WebM/MKV"),
)
NEEDS_FFMPEG = ("M4A/MP4", "WebM/MKV")


def shown(path: Path) -> str:
    """A path as it can stand in one line of text."""
    text = str(path)
    return text if text.isprintable() else repr(text)[1:-1]


def _missing(path: Path) -> AudioError:
    """No such file; perhaps one that is called nearly so."""
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        return AudioError(f"{shown(path)}: no such file, and no such folder; check the path")
    near = get_close_matches(path.name, names, n=1)
    hint = f"did you mean {shown(Path(near[0]))}?" if near else "check the path"
    return AudioError(f"{shown(path)}: no such file; {hint}")


def _check_regular_file(path: Path) -> None:
    """Anything but a regular file with something in it is refused without opening it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{shown(path)}: cannot be looked at ({reason}); check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(
            f"{shown(path)}: a folder, not a recording; give the files in it, or batch the folder"
        )
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{shown(path)}: a pipe or device, not a file; save the sound to a file first")
    if status.st_size == 0:
        raise AudioError(f"{shown(path)}: the file is empty (0 bytes); record or copy it again")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise AudioError(
            f"{shown(path)}: cannot be read ({error.strerror}); check its permissions"
        ) from error


def _refusal(path: Path, start: bytes, reasons: list[str]) -> AudioError:
    """What to say when nothing can open the file."""
    kind = next((kind for at, magic, kind in MAGIC if start[at:].startswith(magic)), None)
    without = find_spec("av") is None and shutil.which("ffmpeg") is None
    if kind in NEEDS_FFMPEG and without:
        return AudioError(
            f"{shown(path)}: {kind} needs the PyAV package or the ffmpeg program and neither is installed; "
            "try: pip install 'diarize-gmm[av]'"
        )
    if kind:
        reason = reasons[1] if kind in NEEDS_FFMPEG else reasons[0]
        return AudioError(
            f"{shown(path)}: begins like {kind} but cannot be read ({reason}); copy or export it again"
        )
    return AudioError(f"{shown(path)}: not a recording (begins with {start[:8]!r}); allowed are {ALLOWED}")


def _believable(path: Path, header: Header) -> Header:
    """The header, unless its numbers cannot be true."""
    low, high = RATES
    if not low <= header.rate <= high:
        raise AudioError(
            f"{shown(path)}: a sample rate of {header.rate} Hz; {low} to {high} Hz are read, convert it first"
        )
    if not 1 <= header.channels <= MOST_CHANNELS:
        raise AudioError(
            f"{shown(path)}: {header.channels} channels; 1 to {MOST_CHANNELS} are read, export fewer"
        )
    return header


def opened(path: str | os.PathLike[str]) -> tuple[Path, Backend, Header]:
    """The first backend that recognises the file by its content, and what the file says about itself.

    Raises AudioError, in one line, for whatever is not a regular, readable, non-empty file of sound.
    """
    path = Path(path)
    _check_regular_file(path)
    start, reasons = _start(path), []
    for backend in (LIBSNDFILE, PYAV, FFMPEG):
        try:
            return path, backend, _believable(path, backend.header(path))
        except UnreadableError as error:
            reasons.append(str(error))
        except OSError as error:
            raise AudioError(f"{shown(path)}: cannot be read ({error.strerror}); copy it again") from error
    raise _refusal(path, start, reasons)
