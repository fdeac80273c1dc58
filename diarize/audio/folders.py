"""Folders of single-speaker recordings: the files of each speaker."""

from __future__ import annotations

import os
from pathlib import Path

from diarize.audio.opening import ALLOWED, BACKENDS, path_text
from diarize.errors import AudioError

__all__ = ["AUDIO_SUFFIXES", "find_voices"]

AUDIO_SUFFIXES = tuple(dict.fromkeys(suffix for backend in BACKENDS for suffix in backend.suffixes))
"""What recordings are called, by the readers."""


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _below(folder: Path) -> list[Path]:
    """All audio files in a folder and its subfolders, sorted; links to folders are not followed."""
    found = [Path(where, name) for where, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if _is_audio(path))


def find_voices(folder: str | os.PathLike[str]) -> dict[str, list[Path]]:
    """Find single-speaker recordings by speaker: a subfolder is a speaker, and so is a file.

    Parameters
    ----------
    folder : the folder

    Returns
    -------
    Files by speaker, both sorted by name. A file is named by its stem.

    Raises
    ------
    AudioError
        When there is no such folder or no audio in it.

    """
    folder = Path(folder)
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise AudioError(
            f"{path_text(folder)}: no folder of voices ({error.strerror}); check the path"
        ) from error
    found: dict[str, list[Path]] = {}
    for entry in entries:
        files = _below(entry) if entry.is_dir() else [entry] * _is_audio(entry)
        if files:
            found.setdefault(entry.name if entry.is_dir() else entry.stem, []).extend(files)
    if not found:
        raise AudioError(
            f"{path_text(folder)}: no recordings in it ({ALLOWED}); "
            "give one file or subfolder for each speaker"
        )
    return dict(sorted(found.items()))
