"""Choose a decoder for a path, or explain in one line why there is none."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from diarize.audio.backend import NO_SOUND, Backend, Header, NoTrackError, UnreadableError
from diarize.audio.cut_short import stated_size
from diarize.audio.ffmpeg import FFMPEG
from diarize.audio.libsndfile import LIBSNDFILE
from diarize.audio.pyav import PYAV
from diarize.audio.trailing_data import find_trailing_data
from diarize.errors import AudioError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["ALLOWED", "BACKENDS", "RATES", "guess_kind", "open_backend", "path_text"]

BACKENDS = (LIBSNDFILE, PYAV, FFMPEG)
RATES = (8_000, 192_000)  # Hz
MAX_CHANNELS = 64
MIN_TRAILING_BYTES = 1 << 15  # bytes behind the end of a file that are worth a word, whatever they are
ALLOWED = "WAV, FLAC, OGG, Opus, MP3, AIFF and, with PyAV or ffmpeg, M4A, MP4, WebM, MKV …"
# Suffixes of sound that no backend reads: dictation machines, old encoders, locked books.
UNSUPPORTED_SUFFIXES = (
    ".dss",
    ".ds2",
    ".ra",
    ".rm",
    ".rmvb",
    ".ape",
    ".shn",
    ".tak",
    ".mpc",
    ".mid",
    ".midi",
    ".vox",
    ".dsf",
    ".dff",
    ".dts",
    ".dvf",
    ".msv",
    ".aa",
    ".aax",
)
# How files begin, from the given byte on.
MAGIC = (
    (8, b"AVI ", "AVI"),
    (0, b"RIFF", "WAV"),
    (0, b"RIFX", "WAV"),
    (0, b"RF64", "WAV"),
    (0, b"BW64", "WAV"),
    (0, b"riff", "W64"),
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "OGG"),
    (0, b"FORM", "AIFF"),
    (0, b"ID3", "MP3"),
    (4, b"ftyp", "M4A/MP4"),
    (0, b"\x1a\x45\xdf\xa3", "WebM/MKV"),
    (0, b"FLV", "FLV"),
    (0, b"Creative Voice File", "VOC"),
    (0, b"NIST_1A", "SPHERE"),
    (0, b"TTA1", "TTA"),
    (0, b"wvpk", "WavPack"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\0\0\1\xba", "MPEG-PS"),
    (0, b"#!AMR", "AMR"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA/ASF"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (188, b"\x47", "MPEG-TS"),
    *((0, b"\xff" + second, "MP3") for second in (b"\xfb", b"\xfa", b"\xfd", b"\xfc", b"\xf3", b"\xf2")),
)
NEEDS_FFMPEG = (
    "M4A/MP4",
    "WebM/MKV",
    "AVI",
    "FLV",
    "TTA",
    "WavPack",
    "AC-3",
    "MPEG-PS",
    "AMR",
    "WMA/ASF",
    "AAC",
    "MPEG-TS",
)


def path_text(path: Path) -> str:
    """The path as text on one line."""
    text = str(path)
    return text if text.isprintable() else repr(text)[1:-1]


def _missing_file_error(path: Path) -> AudioError:
    """The error for a file that does not exist, with a similar name if there is one."""
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        return AudioError(f"{path_text(path)}: no such file, and no such folder; check the path")
    near = get_close_matches(path.name, names, n=1)
    hint = f"did you mean {path_text(Path(near[0]))}?" if near else "check the path"
    return AudioError(f"{path_text(path)}: no such file; {hint}")


def _check_regular_file(path: Path) -> None:
    """Refuse anything but a regular non-empty file, without opening it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise _missing_file_error(path) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{path_text(path)}: cannot be accessed ({reason}); check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(
            f"{path_text(path)}: a folder, not a recording; give the files in it, or batch the folder"
        )
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{path_text(path)}: a pipe or device, not a file; save the sound to a file first")
    if status.st_size == 0:
        raise AudioError(f"{path_text(path)}: the file is empty (0 bytes); record or copy it again")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(192)
    except OSError as error:
        raise AudioError(
            f"{path_text(path)}: cannot be read ({error.strerror}); check its permissions"
        ) from error


def _kind(start: bytes) -> str | None:
    kinds = [kind for at, magic, kind in MAGIC if start[at:].startswith(magic)]
    return kinds[0] if kinds and (kinds[0] != "MPEG-TS" or start.startswith(b"\x47")) else None


def guess_kind(path: Path) -> str | None:
    """Guess the kind of audio file from its first bytes or else from its name.

    Parameters
    ----------
    path : the file

    Returns
    -------
    The kind, such as "WAV"; None if unknown.

    """
    try:
        if not path.is_file():
            return None
        found = _kind(_start(path))
    except (OSError, AudioError):
        return None
    return found or (path.suffix[1:].upper() if path.suffix.lower() in UNSUPPORTED_SUFFIXES else None)


def _mp4_problem(path: Path) -> str:
    """Why an MP4 file cannot be read, by its top-level boxes; empty when they are in order.

    Source: ISO/IEC 14496-12, 4.2.
    """
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, name, read = int.from_bytes(head[:4], "big"), head[4:], 8
            if size == 1:
                size, read = int.from_bytes(file.read(8), "big"), 16
            if name == b"moov":
                return "" if size == 0 or b"soun" in file.read(min(size, 1 << 26)) else NO_SOUND
            if size < read:
                break
            file.seek(size - read, 1)
    return "its index (moov) is missing: the file was cut short"


def _known_reason(path: Path, kind: str | None, errors: Sequence[UnreadableError]) -> str:
    """What is wrong with the file, if known; otherwise empty."""
    if sure := next((str(error) for error in errors if error.sure), ""):
        return sure
    try:
        return _mp4_problem(path) if kind == "M4A/MP4" else ""
    except OSError:
        return ""


def _refusal(path: Path, start: bytes, errors: Sequence[UnreadableError]) -> AudioError:
    """The error when no backend can open the file, with the reason of the most certain one."""
    kind = _kind(start)
    if missing := [error for error in errors if isinstance(error, NoTrackError)]:
        return AudioError(f"{path_text(path)}: {missing[-1]}")
    if known := _known_reason(path, kind, errors):
        hint = "give a file with sound" if known == NO_SOUND else "copy or export it again"
        return AudioError(f"{path_text(path)}: begins like {kind} but {known}; {hint}")
    without = find_spec("av") is None and shutil.which("ffmpeg") is None
    if kind in NEEDS_FFMPEG and without:
        return AudioError(
            f"{path_text(path)}: {kind} needs the PyAV package or the ffmpeg program and neither is installed"
            "; try: pip install 'diarize-gmm[av]'"
        )
    if kind:
        tried = [str(error) for error in errors if not error.absent]
        reason = tried[-1] if kind in NEEDS_FFMPEG else tried[0]
        return AudioError(
            f"{path_text(path)}: begins like {kind} but cannot be read ({reason}); copy or export it again"
        )
    return AudioError(
        f"{path_text(path)}: not a recording (begins with {start[:8]!r}); allowed are {ALLOWED}"
    )


def _check_header(path: Path, header: Header) -> Header:
    """The header. Raises AudioError where its numbers are impossible."""
    low, high = RATES
    if not low <= header.rate <= high:
        raise AudioError(
            f"{path_text(path)}: a sample rate of {header.rate} Hz; "
            f"{low} to {high} Hz are read, convert it first"
        )
    if not 1 <= header.channels <= MAX_CHANNELS:
        raise AudioError(
            f"{path_text(path)}: {header.channels} channels; 1 to {MAX_CHANNELS} are read, export fewer"
        )
    return header


def _missing_bytes_note(path: Path) -> list[str]:
    """A note on bytes that the header counts and that are not there."""
    size, stated = path.stat().st_size, stated_size(path)
    if stated is None or stated <= size:
        return []
    return [f"cut short: its header says {stated} bytes, it has {size}; copy it again"]


def _trailing_data_note(path: Path) -> list[str]:
    """A note on what lies behind the end that the file states, if that is another recording or much."""
    start = find_trailing_data(path)
    if start is None:
        return []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(start)
        kind = _kind(file.read(192))
    if kind is None and size - start < max(MIN_TRAILING_BYTES, size // 100):
        return []
    if kind:
        return [
            f"another recording ({kind}) after its end, from byte {start} on, is not read; cut it off there"
        ]
    return [f"its header says that it ends at byte {start} of {size}; the rest is not read"]


def open_backend(path: str | os.PathLike[str], track: int = 1) -> tuple[Path, Backend, Header]:
    """The first backend that recognises the file by its content, and what the file says of an audio track.

    Raises AudioError, in one line, for whatever is not a regular, readable, non-empty file of sound.
    """
    path = Path(path)
    _check_regular_file(path)
    start, errors = _start(path), []
    for backend in (LIBSNDFILE, PYAV, FFMPEG):
        try:
            header = _check_header(path, backend.header(path, track))
            notes = (*header.notes, *_missing_bytes_note(path), *_trailing_data_note(path))
            return path, backend, replace(header, notes=notes)
        except UnreadableError as error:
            errors.append(error)
        except OSError as error:
            raise AudioError(
                f"{path_text(path)}: cannot be read ({error.strerror}); copy it again"
            ) from error
    raise _refusal(path, start, errors)
