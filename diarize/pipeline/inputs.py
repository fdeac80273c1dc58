"""Recordings as input: a path, a file object, bytes, samples with their rate, or a Waveform; and their
samples in blocks at the working rate.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.audio.resampling import resample
from diarize.errors import AudioError, InputError
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from numpy.typing import NDArray

    from diarize.config import Config

    Array = NDArray[Any]

__all__ = ["SampleSource", "as_recording"]


@contextmanager
def as_recording(given: Any) -> Iterator[Path | Waveform]:
    """A path or a Waveform within the context; bytes are written to a temporary file.

    Raises InputError, a TypeError, for anything else, and AudioError for invalid samples.
    """
    if isinstance(given, Waveform):
        yield given
    elif isinstance(given, (str, os.PathLike)):
        yield Path(given)
    elif isinstance(given, tuple) and len(given) == 2:
        yield _waveform(*given)
    elif isinstance(given, (bytes, bytearray, memoryview)):
        with _write_temporarily(bytes(given), "recording") as path:
            yield path
    elif callable(getattr(given, "read", None)):
        name = getattr(given, "name", None)
        with _write_temporarily(
            _read(given), Path(name).name if isinstance(name, str) else "recording"
        ) as path:
            yield path
    else:
        raise InputError(
            f"a recording given as {type(given).__name__}; give a path, a file object, bytes, "
            "(samples, rate) or a Waveform"
        )


def _read(file: Any) -> bytes:
    data = file.read()
    if not isinstance(data, (bytes, bytearray)):
        raise InputError("a file object that reads text; open the recording in binary mode ('rb')")
    return bytes(data)


@contextmanager
def _write_temporarily(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name or "recording")
        path.write_bytes(data)
        yield path


def _waveform(samples: Any, rate: Any) -> Waveform:
    """A Waveform from samples (n,), or (n, channels) or (channels, n), which are averaged; integers are
    scaled.
    """
    if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)):
        raise InputError(f"a sample rate given as {type(rate).__name__}; (samples, rate) needs whole Hz")
    try:
        values = np.asarray(samples)
        whole = np.issubdtype(values.dtype, np.signedinteger)
        scaled = values / -float(np.iinfo(values.dtype).min) if whole else values.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"samples given as {type(samples).__name__}; (samples, rate) needs an array of numbers"
        ) from None
    if scaled.ndim == 2 and scaled.size:
        scaled = scaled.mean(axis=int(scaled.shape[0] > scaled.shape[1]))
    if scaled.ndim != 1 or not scaled.size:
        raise AudioError(
            f"samples of shape {np.shape(samples)}; give (n,) or (n, channels), with at least one sample"
        )
    return Waveform(scaled, int(rate))


@dataclass(frozen=True, slots=True)
class SampleSource:
    """A source of samples: blocks (n,) at one rate, a name, the second at which they start, and notes."""

    name: str
    rate: int
    start: float
    duration: float | None
    blocks: Callable[[], Iterator[Array]]
    notes: Callable[[], tuple[str, ...]]

    def amplify(self, gain: float) -> SampleSource:
        """The same with every sample times ``gain``."""
        factor = np.float32(gain)
        return replace(self, blocks=lambda: (factor * block for block in self.blocks()))

    def with_notes(self, notes: tuple[str, ...]) -> SampleSource:
        """The same with further notes."""
        before = self.notes
        return replace(self, notes=lambda: (*before(), *notes))

    @classmethod
    def open(
        cls, recording: str | PathLike[str] | Waveform, config: Config, span: tuple[float, float | None]
    ) -> SampleSource:
        """Open a file, or samples in memory, between two seconds."""
        if isinstance(recording, Waveform):
            return _waveform_sound(recording, config.audio.rate, span)
        from diarize.audio import open_recording

        audio = config.audio
        opened = open_recording(
            recording,
            rate=audio.rate,
            channel=audio.channel or None,
            track=audio.track,
            start=span[0],
            end=span[1],
        )

        def blocks() -> Iterator[Array]:
            return (block.samples for block in opened.blocks())

        return cls(opened.id, audio.rate, span[0], opened.duration, blocks, lambda: opened.notes)


def _waveform_sound(waveform: Waveform, rate: int, span: tuple[float, float | None]) -> SampleSource:
    """A part of a Waveform, resampled if necessary."""
    start, end = span[0], waveform.duration if span[1] is None else min(span[1], waveform.duration)
    if not 0 <= start < end:  # false for NaN
        raise AudioError(
            f"{waveform.recording}: nothing between {start} s and {end} s of {waveform.duration:g} s; "
            "0 ≤ start < end is needed, choose another part"
        )
    samples = waveform.samples[round(start * waveform.rate) : round(end * waveform.rate)]
    if not samples.size:
        raise AudioError(
            f"{waveform.recording}: nothing between {start:g} s and {end:g} s; choose another part"
        )
    if waveform.rate != rate:
        samples = resample(samples, waveform.rate, rate)
    return SampleSource(
        waveform.recording, rate, span[0], samples.size / rate, lambda: iter([samples]), lambda: ()
    )
