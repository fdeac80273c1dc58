"""Whatever somebody has for a recording: a path, a file object, bytes, samples and their rate, a Waveform."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import AudioError, InputError
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["recording_of"]


@contextmanager
def recording_of(given: Any) -> Iterator[Path | Waveform]:
    """A path or a Waveform for as long as it is needed; sound in bytes lies in a temporary file meanwhile.

    Raises InputError, which is a TypeError, for anything else, and AudioError for samples that are none.
    """
    if isinstance(given, Waveform):
        yield given
    elif isinstance(given, (str, os.PathLike)):
        yield Path(given)
    elif isinstance(given, tuple) and len(given) == 2:
        yield _waveform(*given)
    elif isinstance(given, (bytes, bytearray, memoryview)):
        with _on_disk(bytes(given), "recording") as path:
            yield path
    elif callable(getattr(given, "read", None)):
        name = getattr(given, "name", None)
        with _on_disk(_read(given), Path(name).name if isinstance(name, str) else "recording") as path:
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
def _on_disk(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name or "recording")
        path.write_bytes(data)
        yield path


def _waveform(samples: Any, rate: Any) -> Waveform:
    """Samples (n,), or (n, channels) or (channels, n), which are averaged; whole numbers of full scale."""
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
    if scaled.ndim == 2:
        scaled = scaled.mean(axis=int(scaled.shape[0] > scaled.shape[1]))
    if scaled.ndim != 1 or not scaled.size:
        raise AudioError(f"samples of shape {np.shape(samples)}; give (n,) or (n, channels), and not none")
    return Waveform(scaled, int(rate))
