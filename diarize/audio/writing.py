"""Write sound to files, atomically."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.errors import OutputError
from diarize.types import Waveform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["write", "write_wav"]

FORMATS = {".wav": "WAV", ".flac": "FLAC"}


@contextmanager
def _replace_when_done(path: Path) -> Iterator[Path]:
    """A temporary file that replaces ``path`` on success and is removed otherwise."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink()


def _to_int16(samples: Array, channels: int) -> Array:
    """Samples (n, channels) rounded to 16 bits and clipped to full scale."""
    steps = np.clip(np.round(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    return np.repeat(steps[:, np.newaxis], channels, axis=1)


def _write_blocks(path: Path, blocks: Iterator[Waveform], channels: int, container: str) -> None:
    import soundfile

    first = next(blocks, None)
    if first is None:
        raise OutputError(f"{path.name}: no sound to write; give at least one block")
    with soundfile.SoundFile(
        path, "w", samplerate=first.rate, channels=channels, subtype="PCM_16", format=container
    ) as sound:
        sound.write(_to_int16(first.samples, channels))
        for block in blocks:
            sound.write(_to_int16(block.samples, channels))


def write(
    path: str | os.PathLike[str],
    sound: Waveform | Iterable[Waveform],
    *,
    channels: int = 1,
    container: str | None = None,
) -> None:
    """Write 16-bit WAV or FLAC. The file appears only when it is complete.

    Parameters
    ----------
    path : the file to write
    sound : one waveform, or consecutive blocks
    channels : number of equal channels
    container : "WAV" or "FLAC"; by the suffix of the path unless given

    Raises
    ------
    OutputError
        When it cannot be written, or when the suffix is neither .wav nor .flac.

    """
    path = Path(path)
    container = container or FORMATS.get(path.suffix.lower())
    if container is None:
        raise OutputError(f"{path.name}: sound is written as .wav or .flac; choose one of them")
    blocks = iter((sound,) if isinstance(sound, Waveform) else sound)
    try:
        with _replace_when_done(path) as beside:
            _write_blocks(beside, blocks, channels, container)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "error_string", None) or error
        raise OutputError(f"{path}: cannot be written ({reason}); choose another place") from error


def write_wav(path: str | os.PathLike[str], sound: Waveform | Iterable[Waveform]) -> None:
    """Write a 16-bit WAV file, whatever the suffix.

    Parameters
    ----------
    path, sound : as for ``write``

    Raises
    ------
    OutputError
        When it cannot be written.

    """
    write(path, sound, container="WAV")
