"""Which recordings a folder holds, and where the results of each go."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diarize.audio import AUDIO_SUFFIXES
from diarize.errors import AudioError, OutputError
from diarize.formats import format_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Plan", "Task", "found", "names", "planned"]

# How a name grows while it clashes: its stem, its path without suffix, its whole path.
LEVELS: Final = 3


@dataclass(frozen=True, slots=True)
class Task:
    """One recording: ``key`` is its path within the folder; ``files``: where results go, by format."""

    key: str
    audio: Path
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: ``resume`` skips what is finished, ``overwrite`` replaces anybody's files;
    ``unreadable``: subfolders that could not be looked into, with the reason.
    """

    folder: Path
    output: Path
    tasks: tuple[Task, ...]
    resume: bool = False
    overwrite: bool = False
    unreadable: tuple[str, ...] = ()


def planned(
    folder: Path,
    output: Path,
    *,
    formats: Sequence[str] = ("rttm",),
    resume: bool = False,
    overwrite: bool = False,
) -> Plan:
    """The recordings in a folder and its subfolders, in order of their paths; makes the output folder.

    Raises AudioError when there is no such folder or no recording in it, OutputError when the output folder
    cannot be made.
    """
    keys, unreadable = found(folder)
    if not keys:
        raise AudioError(
            f"{folder}: no recordings in it ({', '.join(AUDIO_SUFFIXES)}); choose another folder"
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output}: cannot be made a folder ({error.strerror}); choose another") from None
    tasks = (Task(key, folder / key, _files(output, name, formats)) for key, name in names(keys).items())
    return Plan(folder, output, tuple(tasks), resume, overwrite, tuple(unreadable))


def _files(output: Path, name: str, formats: Sequence[str]) -> dict[str, Path]:
    return {each: output / (name + format_of("", each).suffix) for each in formats}


def found(folder: Path) -> tuple[list[str], list[str]]:
    """Paths of recordings within a folder, sorted, and complaints about subfolders.

    Whatever is called like a recording counts, broken links too, so that nothing is passed over in silence;
    hidden files and folders do not, and links to folders are not followed.
    """
    if not folder.is_dir():
        hint = "a file, not a folder; 'run' takes files" if folder.exists() else "no such folder"
        raise AudioError(f"{folder}: {hint}; check the path")
    complaints: list[str] = []

    def refused(error: OSError) -> None:
        complaints.append(f"{error.filename}: cannot be looked into ({error.strerror}); check permissions")

    keys = []
    for where, below, files in os.walk(folder, onerror=refused):
        below[:] = sorted(name for name in below if not name.startswith("."))
        paths = (Path(where, name) for name in files if not name.startswith("."))
        keys += [p.relative_to(folder).as_posix() for p in paths if p.suffix.lower() in AUDIO_SUFFIXES]
    return sorted(keys), complaints


def names(keys: Iterable[str]) -> dict[str, str]:
    """What results are called, by path within the folder: the stem or, where stems clash, more of the path.

    Case does not tell names apart, since not every disk keeps it.
    """
    level = dict.fromkeys(keys, 0)
    while True:
        known = {key: _name(key, at) for key, at in level.items()}
        taken = Counter(name.casefold() for name in known.values())
        rising = [
            key for key, name in known.items() if taken[name.casefold()] > 1 and level[key] < LEVELS - 1
        ]
        if not rising:
            return known
        level |= {key: level[key] + 1 for key in rising}


def _name(key: str, level: int) -> str:
    path = Path(key)
    return (path.stem, path.with_suffix("").as_posix(), key)[level]
