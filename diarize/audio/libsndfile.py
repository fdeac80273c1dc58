"""WAV, FLAC, OGG, Opus, MP3 and AIFF, through soundfile; recognised by content, not by name."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.audio.backend import CHUNK, Backend, Header, UnreadableError
from diarize.audio.iff import Mended, promised_frames, unwritten_size
from diarize.audio.mpeg import first_frame, piped, start_without_length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["LIBSNDFILE"]


@contextmanager
def _quiet() -> Iterator[None]:
    """No text on the standard error of the process: the MP3 decoder inside libsndfile writes there."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _hushed(mpeg: bool) -> AbstractContextManager[None]:
    return _quiet() if mpeg else nullcontext()


@contextmanager
def _source(path: Path) -> Iterator[tuple[int | Mended, bool]]:
    """What libsndfile may read, a descriptor or a file, and whether that may be MPEG audio."""
    if unwritten := unwritten_size(path):
        with Mended(path, *unwritten) as mended:
            yield mended, False
        return
    with path.open("rb", buffering=0) as file:  # libsndfile goes on from where the descriptor stands
        start = first_frame(file)
        blind = None if start is None else start_without_length(file, start)
        if blind is None:
            file.seek(0)
            yield file.fileno(), start is not None
        else:
            with piped(file, blind) as pipe:
                yield pipe, True


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A soundfile.SoundFile; whatever goes wrong in it, at once or later, is an UnreadableError."""
    import soundfile

    with _source(path) as (source, mpeg):
        try:
            with _hushed(mpeg):
                sound = soundfile.SoundFile(source, closefd=False)
            with sound:
                yield sound
        except (RuntimeError, ValueError, TypeError) as error:
            reason = getattr(error, "error_string", "") or str(error) or "damaged data"
            raise UnreadableError(reason.strip().rstrip(".").lower()) from error


def _header(path: Path) -> Header:
    with _opened(path) as sound:
        if sound.frames == 0:
            raise UnreadableError("its header says 0 samples")
        known = sound.frames if 0 < sound.frames < 2**60 else None
        promised = promised_frames(path) if sound.format in ("WAV", "WAVEX", "AIFF") else known
        return Header(sound.format, sound.samplerate, sound.channels, known, promised)


def _chunks(path: Path, first: int) -> Iterator[Array]:
    with _opened(path) as sound:
        mpeg = sound.format == "MP3"
        skip = 0 if mpeg or not first else sound.seek(min(first, sound.frames))
        skip = first - skip  # seeking in MP3 is not exact to the sample: decode and drop
        while True:
            with _hushed(mpeg):
                chunk: Array = sound.read(CHUNK, dtype="float32", always_2d=True)
            if not len(chunk):
                return
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))


LIBSNDFILE = Backend(_header, _chunks)
