"""WAV, FLAC, OGG, Opus, MP3 and AIFF, through soundfile; recognised by content, not by name."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.audio.backend import CHUNK, Backend, Header, NoTrackError, UnreadableError, ignore_note
from diarize.audio.clock import MIN_NOTED_GAP
from diarize.audio.flac import flac_links
from diarize.audio.links import Spans, convert_links
from diarize.audio.mp3_header import first_frame, mpeg_links, pipe_spans
from diarize.audio.ogg import ogg_links
from diarize.audio.ogg_tracks import ogg_tracks
from diarize.audio.wav_header import PatchedFile, announced_frames, find_patches, find_readable_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from io import FileIO

    from numpy.typing import NDArray

    from diarize.audio.backend import Tell
    from diarize.audio.links import Link

    Array = NDArray[Any]

__all__ = ["LIBSNDFILE"]

DESCRIBED = ("WAV", "WAVEX", "RF64", "AIFF")  # libsndfile repairs their headers silently
LATE = 0.05  # seconds that may be missing at the end, as pages of Ogg may say
GAP = 0.015  # seconds between links that are no rounding
SPARE = 2 * 1152  # samples of two frames of MPEG audio


@contextmanager
def _silence_stderr() -> Iterator[None]:
    """Redirect the standard error of the process: the MP3 decoder inside libsndfile writes to it."""
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


def _silence_if_mpeg(mpeg: bool) -> AbstractContextManager[None]:
    return _silence_stderr() if mpeg else nullcontext()


def _links(path: Path) -> list[Link]:
    """The links of the file, where libsndfile would not read all of it by itself; otherwise empty."""
    status = path.stat()
    return _links_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)  # used for the header and in each pass
def _links_of(path: Path, size: int, changed: int) -> list[Link]:
    with path.open("rb", buffering=0) as file:
        start = first_frame(file)
        if start is not None:
            return mpeg_links(file, start)
        file.seek(0)
        head = file.read(4)
        if head == b"OggS":
            return ogg_links(file)
        return flac_links(file) if head == b"fLaC" or head[:3] == b"ID3" else []


@contextmanager
def _source(path: Path) -> Iterator[tuple[int | PatchedFile | Spans, bool]]:
    """A descriptor or a file for libsndfile, and whether it may be MPEG audio."""
    if replaced := find_patches(path):
        with PatchedFile(path, replaced) as mended:
            yield mended, False
        return
    spans = find_readable_spans(path)
    with path.open("rb", buffering=0) as file:
        if spans:
            yield Spans(file, spans), False
            return
        mpeg = first_frame(file) is not None
        file.seek(0)
        mpeg = mpeg or file.read(4) == b"RIFF"  # in which MPEG audio may be
        file.seek(0)  # libsndfile reads from the current position of the descriptor
        yield file.fileno(), mpeg


@contextmanager
def _link_source(file: FileIO, link: Link) -> Iterator[tuple[int | Spans, bool]]:
    """The same of one link."""
    if link.piped:
        with pipe_spans(file, link.spans) as pipe:
            yield pipe, True
    else:
        yield Spans(file, link.spans), False


def _open_unseekable(source: Any) -> Any:
    """A soundfile.SoundFile that reports that it cannot seek.

    soundfile would otherwise seek after every chunk, which fails for FLAC of unknown length.
    """
    import soundfile

    class Straight(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return Straight(source, closefd=False)


@contextmanager
def _open_sound(source: Any, mpeg: bool) -> Iterator[Any]:
    """A soundfile.SoundFile; every error in it, at once or later, becomes an UnreadableError."""
    try:
        with _silence_if_mpeg(mpeg):
            sound = _open_unseekable(source)
        with sound:
            yield sound
    except (RuntimeError, ValueError, TypeError) as error:
        reason = getattr(error, "error_string", "") or str(error) or "damaged data"
        raise UnreadableError(reason.strip().rstrip(".").lower()) from error


def _known_length(sound: Any) -> int | None:
    """Samples per channel; None where the library reports 2**63 because it does not know."""
    return sound.frames if 0 < sound.frames < 2**60 else None


def _header(path: Path, track: int = 1) -> Header:
    header = _first_track(path)
    if header.container == "OGG":
        with path.open("rb", buffering=0) as file:
            header = replace(header, tracks=ogg_tracks(file) or header.tracks)
    if track > 1:
        raise NoTrackError(track, len(header.tracks))
    return header


def _first_track(path: Path) -> Header:
    if links := _links(path):
        return _header_of_links(path, links)
    with _source(path) as (source, mpeg), _open_sound(source, mpeg) as sound:
        if sound.frames == 0:
            raise UnreadableError("its header says 0 samples")
        known = _known_length(sound)
        promised = announced_frames(path) if sound.format in DESCRIBED else known
        return Header(sound.format, sound.samplerate, sound.channels, known, promised)


def _header_of_links(path: Path, links: Sequence[Link]) -> Header:
    """The header of the first link, with the length of all."""
    seconds = 0.0
    with path.open("rb", buffering=0) as file:
        shapes = [_shape(file, link) for link in links]
    for link, (_, rate, _, frames) in zip(links, shapes, strict=True):
        seconds = max(seconds, link.end) if link.end is not None else seconds + (frames or 0) / rate
    container, rate, channels, _ = shapes[0]
    whole = round(seconds * rate) or None
    unsure = SPARE if any(link.piped for link in links) else 0  # they may depend on removed frames
    return Header(container, rate, channels, whole, whole and max(whole - unsure, 0))


def _shape(file: FileIO, link: Link) -> tuple[str, int, int, int | None]:
    """Container, rate, channels and samples of a link."""
    with _link_source(file, link) as (source, mpeg), _open_sound(source, mpeg) as sound:
        return sound.format, sound.samplerate, sound.channels, link.frames or _known_length(sound)


def _read(sound: Any) -> Iterator[Array]:
    """The samples until the end, or until an error; one at the end is about what lies behind the sound."""
    mpeg = sound.subtype.startswith("MPEG")
    left = _known_length(sound)
    while True:
        chunk: Array = np.full((CHUNK, sound.channels), np.nan, dtype=np.float32)
        try:
            with _silence_if_mpeg(mpeg):
                got: Array = sound.read(out=chunk)
        except RuntimeError:
            decoded = chunk[: _count_decoded(chunk)][:left]
            yield decoded
            if left is not None and left - len(decoded) <= LATE * sound.samplerate:
                return
            raise
        if not len(got):
            return
        left = None if left is None else max(0, left - len(got))
        yield got


def _count_decoded(chunk: Array) -> int:
    """Rows (n, channels) before the first that the decoder did not reach, which is still NaN."""
    untouched = np.flatnonzero(np.isnan(chunk[:, -1]))
    return int(untouched[0]) if untouched.size else len(chunk)


def _drop_first(chunks: Iterator[Array], skip: int) -> Iterator[Array]:
    """All but the first ``skip`` samples."""
    for chunk in chunks:
        if skip < len(chunk):
            yield chunk[skip:]
        skip = max(0, skip - len(chunk))


def _chunks(path: Path, first: int, tell: Tell = ignore_note, _track: int = 1) -> Iterator[Array]:
    if links := _links(path):
        yield from _drop_first(_read_links(path, links, tell), first)
        return
    with _source(path) as (source, mpeg), _open_sound(source, mpeg) as sound:
        # seeking in MP3 is not exact to the sample: decode and drop
        exact = first and sound.format != "MP3" and _known_length(sound)
        skip = sound.seek(min(first, sound.frames)) if exact else 0
        yield from _drop_first(_read(sound), first - skip)


def _read_links(path: Path, links: Sequence[Link], tell: Tell) -> Iterator[Array]:
    """The samples of all links in order, on the clock, with the rate and channels of the first link."""
    shape: tuple[int, int] | None = None
    position, missing, unread = 0, 0, 0
    with path.open("rb", buffering=0) as file:
        for link in links:
            try:
                with _link_source(file, link) as (source, mpeg), _open_sound(source, mpeg) as sound:
                    rate, channels = shape = shape or (sound.samplerate, sound.channels)
                    late = _missing_samples(link, sound, rate, position)
                    if late:
                        yield from (
                            np.zeros((min(CHUNK, late - at), channels), np.float32)
                            for at in range(0, late, CHUNK)
                        )
                        missing += late
                        position += late
                    for chunk in convert_links(
                        _drop_first(_read(sound), link.skip), (sound.samplerate, rate), channels
                    ):
                        position += len(chunk)
                        yield chunk
            except UnreadableError:
                if shape is None:
                    raise
                unread += 1
    if unread:
        tell(f"{len(links)} concatenated recordings; damaged and left out: {unread}")
    if shape and missing >= MIN_NOTED_GAP * shape[0]:
        tell(f"parts of its sound are missing ({missing / shape[0]:.1f} s); silence is in their place")


def _missing_samples(link: Link, sound: Any, rate: int, position: int) -> int:
    """Samples of silence before a link that ends at a known time; less than a packet is no silence."""
    frames = link.frames or _known_length(sound)
    if link.end is None or frames is None:
        return 0
    late = round(link.end * rate - frames * rate / sound.samplerate) - position
    return late if late > GAP * rate else 0


SUFFIXES = (
    ".wav",
    ".wave",
    ".bwf",
    ".rf64",
    ".bw64",
    ".w64",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".mp2",
    ".mpga",
    ".aiff",
    ".aif",
    ".aifc",
    ".au",
    ".snd",
    ".caf",
    ".sph",
    ".nist",
    ".voc",
)
LIBSNDFILE = Backend(_header, _chunks, SUFFIXES)
