"""A recording on disk: its header, its sound in blocks, and notes about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.audio.backend import Backend, Header, UnreadableError
from diarize.audio.diagnostics import SampleCounts, clean_samples, mix_channels
from diarize.audio.opening import RATES, open_backend, path_text
from diarize.audio.resampling import margin, resample_blocks, resampled_length
from diarize.audio.sides import Sides
from diarize.errors import AudioError
from diarize.types import Waveform

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from diarize.audio.backend import Track

    Array = NDArray[Any]

__all__ = ["Recording", "open_recording", "read"]

LENGTH_TOLERANCE = 0.05  # seconds that may be missing from the announced length without a note


@dataclass(slots=True)
class _PassCounts:
    """What the last pass through the file found; ``frames`` is set when the end was reached.

    Samples are counted in the first pass; ``counted`` is set when it has ended.
    """

    tally: SampleCounts = field(default_factory=SampleCounts)
    sides: Sides | None = None
    last: int = 0
    frames: int | None = None
    damage: str = ""
    notes: list[str] = field(default_factory=list)
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, or a part of it, as one channel at ``rate`` Hz; made by ``open_recording``.

    ``channel``: None for the mean of all, or counted from 1; ``track`` of audio, from 1; ``start`` and
    ``end`` in seconds, ``end`` None for the end of the file. Every pass decodes the sound again.
    """

    path: Path
    header: Header
    rate: int
    channel: int | None
    track: int
    start: float
    end: float | None
    _backend: Backend = field(repr=False)
    _heard: list[_PassCounts] = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """The file name without folder and extension."""
        return self.path.stem

    @property
    def duration(self) -> float | None:
        """Seconds according to the header; None when only decoding can tell."""
        if self.header.frames is None:
            return None if self.end is None else self.end - self.start
        whole = self.header.frames / self.header.rate
        return max(0.0, (whole if self.end is None else min(self.end, whole)) - self.start)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks about the recording in short texts; complete after a pass through its blocks."""
        heard, rate = self._heard[-1], self.header.rate
        notes = _track_note(self.header.tracks, self.track)
        notes += [*self.header.notes, *dict.fromkeys(heard.notes)]
        if heard.damage:
            notes.append(f"damaged after {heard.last / rate:.1f} s ({heard.damage}); the rest is left out")
        promised = self.header.promised
        if heard.frames is not None and promised and promised - heard.frames > LENGTH_TOLERANCE * rate:
            notes.append(
                f"the header says {promised / rate:.1f} s, but there are {heard.frames / rate:.1f} s"
            )
        if self.end is not None and heard.frames is not None and heard.frames < round(self.end * rate):
            notes.append(f"end {self.end:g} s is after the recording's end at {heard.frames / rate:.1f} s")
        return (*notes, *heard.tally.notes(), *(heard.sides.notes() if heard.sides else ()))

    def _select_channels(self, chunk: Array) -> Array:
        """The channels of a chunk (n, channels) that were asked for."""
        return chunk if self.channel is None else chunk[:, self.channel - 1 : self.channel]

    def _mix_and_count(self, chunk: Array, heard: _PassCounts) -> Array:
        """The mono mix (n,) of a chunk that begins at sample ``heard.last``; updates the counts."""
        rate = self.header.rate
        low = max(0, round(self.start * rate) - heard.last)
        high = len(chunk) if self.end is None else max(0, round(self.end * rate) - heard.last)
        clean = clean_samples(self._select_channels(chunk))
        mono = mix_channels(clean)
        if low < min(high, len(chunk)) and not heard.counted:
            heard.tally.add(self._select_channels(chunk)[low:high], clean[low:high], mono[low:high])
            if heard.sides:
                heard.sides.add(clean[low:high])
        return mono

    def _decode(self, first: int, last: int | None, heard: _PassCounts) -> Iterator[Array]:
        """Samples ``first`` to ``last`` of the file at its own rate, float32 (n,) at a time."""
        heard.last = first
        try:
            for chunk in self._backend.chunks(self.path, first, heard.notes.append, self.track):
                kept = chunk if last is None else chunk[: last - heard.last]
                mono = self._mix_and_count(kept, heard)
                heard.last += len(kept)
                yield mono
                if heard.last == last:
                    return
        except UnreadableError as error:
            heard.damage = str(error)
        except OSError as error:
            raise AudioError(
                f"{path_text(self.path)}: cannot be read to its end ({error.strerror}); try again"
            ) from error
        heard.frames = heard.last

    def blocks(self, seconds: int = 30) -> Iterator[Waveform]:
        """Decode the sound in blocks, with the memory of one block.

        Parameters
        ----------
        seconds : length of a block, whole seconds, counted from the start of the file

        Returns
        -------
        The blocks. Concatenated, they are ``waveform()``; another block length changes samples by less than
        1e-6.

        Raises
        ------
        AudioError
            When there is nothing to read.

        """
        rate, target = self.header.rate, self.rate
        around = margin(rate, target)
        begin, step = round(self.start * target), seconds * target
        end = None if self.end is None else round(self.end * target)
        number = begin // step
        first = max(0, number * seconds * rate - around)
        last = None if end is None else -(-end // step) * seconds * rate + around
        heard = _PassCounts(sides=Sides(rate) if self.channel is None else None)
        if (known := self._heard[-1]).counted:
            heard = _PassCounts(known.tally, known.sides, counted=True)
        position = number * step
        chunks = self._decode(first, last, heard)
        for block in resample_blocks(chunks, number * seconds * rate - first, (rate, target), seconds):
            low, high = max(begin - position, 0), block.size if end is None else end - position
            position += block.size
            if block[low:high].size:
                yield Waveform(block[low:high], target, self.id)
        heard.counted = True
        self._heard[-1] = heard
        if heard.frames is not None:
            self._check_not_empty(heard)

    def _check_not_empty(self, heard: _PassCounts) -> None:
        """Raise AudioError for a recording without samples, or with NaN only."""
        name, found = path_text(self.path), heard.frames or 0
        if round(self.start * self.rate) >= resampled_length(found, self.header.rate, self.rate):
            if heard.damage or not found:
                where = f" from {self.start:g} s on" if self.start else ""
                reason = heard.damage or "no samples after the header"
                raise AudioError(f"{name}: holds no sound{where} ({reason}); record or export it again")
            raise AudioError(f"{name}: start {self.start:g} s is past its end; choose an earlier start")
        if 0 < heard.tally.replaced == heard.tally.samples:
            raise AudioError(f"{name}: every sample is NaN or infinite; export it again")

    def waveform(self) -> Waveform:
        """All of it in one piece; errors as for ``blocks``."""
        blocks = [block.samples for block in self.blocks()]
        return Waveform(np.concatenate(blocks), self.rate, self.id)


def _track_note(tracks: Sequence[Track], used: int) -> list[str]:
    """A note that lists the audio tracks of a file with several, and the one that is used."""
    if len(tracks) < 2:
        return []
    said = [", ".join(filter(None, (track.language, track.title))) for track in tracks]
    each = ", ".join(f"{i} ({words})" if words else str(i) for i, words in enumerate(said, 1))
    return [f"{len(tracks)} audio tracks: {each}; track {used} is used, --track chooses another"]


def _check_choice(recording: Recording) -> None:
    """Raise AudioError where the file has no such channel or part."""
    name, (low, high) = path_text(recording.path), RATES
    if not low <= recording.rate <= high:
        raise AudioError(f"{name}: asked for {recording.rate} Hz; {low} to {high} Hz are possible")
    channels = recording.header.channels
    if recording.channel is not None and not 1 <= recording.channel <= channels:
        raise AudioError(f"{name}: no channel {recording.channel}; it has {channels}, counted from 1")
    start, end = recording.start, recording.end
    if not 0 <= start < float("inf") or not (
        end is None or round(end * recording.rate) > round(start * recording.rate)
    ):
        until = "the end" if end is None else f"{end:g} s"
        raise AudioError(f"{name}: from {start:g} s to {until}; 0 ≤ start < end is needed")


def open_recording(
    path: str | os.PathLike[str],
    *,
    rate: int = 16_000,
    channel: int | None = None,
    track: int = 1,
    start: float = 0.0,
    end: float | None = None,
) -> Recording:
    """Open a recording: its header is read, its sound is not.

    Parameters
    ----------
    path : the file
    rate : sampling rate of the samples in Hz
    channel : counted from 1; the mean of all unless given
    track : audio track, counted from 1
    start, end : seconds of the file between which it is read; to its end unless given

    Returns
    -------
    The recording.

    Raises
    ------
    AudioError
        For an unreadable file, and for a track, channel or part that the file does not have.

    """
    if track < 1:
        raise AudioError(f"{path_text(Path(path))}: no track {track}; tracks are counted from 1")
    where, backend, header = open_backend(path, track)
    end = None if end == float("inf") else end
    recording = Recording(where, header, rate, channel, track, float(start), end, backend, [_PassCounts()])
    _check_choice(recording)
    return recording


def read(
    path: str | os.PathLike[str],
    *,
    rate: int = 16_000,
    channel: int | None = None,
    track: int = 1,
    start: float = 0.0,
    end: float | None = None,
) -> Waveform:
    """Read a recording in one piece.

    Parameters
    ----------
    path, rate, channel, track, start, end : as for ``open_recording``

    Returns
    -------
    Samples, float32 (n,), at ``rate`` Hz.

    Raises
    ------
    AudioError
        As ``open_recording`` does, and when there is nothing to read.

    """
    return open_recording(path, rate=rate, channel=channel, track=track, start=start, end=end).waveform()
