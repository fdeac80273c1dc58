"""Clips: parts of a recording, each written to a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.audio.recording import open_recording
from diarize.audio.writing import write
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["write_clips"]


def write_clips(
    recording: Path,
    clips: Mapping[Path, Sequence[tuple[float, float]]],
    *,
    channel: int | None = None,
    track: int = 1,
) -> None:
    """Write parts of a recording to files of their own, at its sampling rate.

    The recording is decoded once. The parts of one file are concatenated.

    Parameters
    ----------
    recording : path of the recording
    clips : (start, end) in seconds of each part, by the WAV file to write
    channel, track : as for ``open_recording``

    Raises
    ------
    AudioError
        When the recording cannot be read.
    OutputError
        When a file cannot be written.

    """
    rate = open_recording(recording, channel=channel, track=track).header.rate
    opened = open_recording(recording, rate=rate, channel=channel, track=track)
    wanted = sorted(
        (round(start * rate), round(end * rate), path)
        for path, spans in clips.items()
        for start, end in spans
    )
    pieces: dict[Path, list[Array]] = {path: [] for path in clips}
    position = 0
    for block in opened.blocks():
        after = position + block.samples.size
        for start, end, path in wanted:
            if start < after and end > position:
                pieces[path].append(block.samples[max(0, start - position) : end - position])
        wanted = [each for each in wanted if each[1] > after]
        position = after
    for path, found in pieces.items():
        if found:
            write(path, Waveform(np.concatenate(found), rate, path.stem))
