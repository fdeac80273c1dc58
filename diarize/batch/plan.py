"""The recordings in a folder, and the output files of each."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from diarize.annotation.names import find_name, name_key
from diarize.audio import AUDIO_SUFFIXES, guess_kind
from diarize.errors import AudioError
from diarize.files import make_folder
from diarize.formats import format_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Intervals = Mapping[str, NDArray[Any]]

__all__ = ["PAGE", "PICTURE", "Plan", "Task", "find_recordings", "plan_batch", "recording_names"]

PICTURE: Final = "picture"  # beside the names of formats
PAGE: Final = "page"
# Levels of a name until it is unique: stem, path without suffix, whole path, and path with a checksum where
# paths differ only in case or blanks.
PATH: Final = 1
WHOLE_PATH: Final = 2
CHECKSUM: Final = 3


@dataclass(frozen=True, slots=True)
class Task:
    """One recording.

    ``key``: its path within the folder; ``files``: output files by format; ``name``: its name in results;
    ``speech``: given intervals of speech, (start, end) in seconds; ``problem``: why it cannot be processed.
    """

    key: str
    audio: Path
    files: dict[str, Path]
    name: str = ""
    speech: tuple[tuple[float, float], ...] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned batch.

    ``resume``: skip finished recordings; ``overwrite``: replace any files; ``separate``: diarize each channel
    separately; ``unreadable``: subfolders that cannot be read, with the reason; ``passed_over``: files that
    look like sound but have no known suffix, with their kind.
    """

    folder: Path
    output: Path
    tasks: tuple[Task, ...]
    resume: bool = False
    overwrite: bool = False
    unreadable: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    separate: bool = False


def plan_batch(
    folder: Path,
    output: Path,
    *,
    formats: Sequence[str] = ("rttm",),
    picture: bool = False,
    page: bool = False,
    speech: Intervals | None = None,
    resume: bool = False,
    overwrite: bool = False,
    separate: bool = False,
) -> Plan:
    """Find the recordings in a folder and its subfolders, and make the output folder.

    Parameters
    ----------
    folder : where the recordings are
    output : where the results go
    formats : names of the formats to write
    picture : write a picture of each recording
    page : write the report page of each recording
    speech : (n, 2), intervals of speech in seconds, by recording
    resume : continue with the manifest in ``output``
    overwrite : replace files that exist
    separate : diarize each channel separately

    Returns
    -------
    One task for each recording, sorted by path.

    Raises
    ------
    AudioError
        When the folder does not exist or has no recordings.
    OutputError
        When the output folder cannot be made.

    """
    keys, unreadable = find_recordings(folder)
    if not keys:
        also = "; ".join(_find_unknown_suffixes(folder, keys)[:3])
        raise AudioError(
            f"{folder}: no recordings in it, by suffix{f' ({also})' * bool(also)}; choose another folder"
        )
    make_folder(output)
    tasks, where = [], result_places(keys)
    for key, name in recording_names(keys).items():
        files = {each: output / (where[key] + format_of("", each).suffix) for each in formats}
        files |= {PICTURE: output / f"{where[key]}.png"} if picture else {}
        files |= {PAGE: output / f"{where[key]}.report.html"} if page else {}
        tasks.append(Task(key, folder / key, files, name, *_given_speech(folder / key, name, speech)))
    others = tuple(_find_unknown_suffixes(folder, keys))
    return Plan(folder, output, tuple(tasks), resume, overwrite, tuple(unreadable), others, separate)


def _given_speech(
    audio: Path, name: str, speech: Intervals | None
) -> tuple[tuple[tuple[float, float], ...] | None, str]:
    """The given intervals of speech of a recording, or why they are missing."""
    if speech is None:
        return None, ""
    known = find_name(name, speech)
    if known is not None:
        return tuple((float(a), float(b)) for a, b in speech[known]), ""
    near = get_close_matches(name, speech, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "add it, or leave --speech out"
    return None, f"{audio}: --speech does not name {name!r}; {hint}"


def find_recordings(folder: Path) -> tuple[list[str], list[str]]:
    """Paths of recordings within a folder, sorted, and problems with subfolders.

    Every file with a known suffix counts, also a broken link, so that nothing is skipped silently. Hidden
    files and folders are ignored, and links to folders are not followed.
    """
    if not folder.is_dir():
        hint = "a file, not a folder; 'run' takes files" if folder.exists() else "no such folder"
        raise AudioError(f"{folder}: {hint}; check the path")
    complaints: list[str] = []

    def refused(error: OSError) -> None:
        complaints.append(f"{error.filename}: cannot be read ({error.strerror}); check permissions")

    keys = []
    for where, below, files in os.walk(folder, onerror=refused):
        below[:] = sorted(name for name in below if not name.startswith("."))
        paths = (Path(where, name) for name in files if not name.startswith("."))
        keys += [p.relative_to(folder).as_posix() for p in paths if p.suffix.lower() in AUDIO_SUFFIXES]
    return sorted(keys), complaints


def _find_unknown_suffixes(folder: Path, keys: Sequence[str]) -> list[str]:
    """Files without a known suffix that look like sound."""
    known, others = set(keys), []
    for where, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for path in (Path(where, name) for name in sorted(files) if not name.startswith(".")):
            key = path.relative_to(folder).as_posix()
            if key not in known and (kind := guess_kind(path)):
                others.append(f"{key}: {kind} by its content, but with another suffix")
    return others


def recording_names(keys: Iterable[str]) -> dict[str, str]:
    """Names of recordings in results, by path within the folder: the stem, or more of the path where stems
    clash. Names that differ only in case or blanks clash: some file systems ignore case, and RTTM has no
    blanks.
    """
    return _make_distinct(keys, 0)


def result_places(keys: Iterable[str]) -> dict[str, str]:
    """Output paths within the output folder, without suffix, in the same subfolders as the recordings."""
    return _make_distinct(keys, PATH)


def _make_distinct(keys: Iterable[str], least: int) -> dict[str, str]:
    level = dict.fromkeys(keys, least)
    for highest in (WHOLE_PATH, CHECKSUM):
        while rising := [key for key in _find_clashing(level) if level[key] < highest]:
            level |= {key: level[key] + 1 for key in rising}
    return {key: _name(key, at) for key, at in level.items()}


def _find_clashing(level: Mapping[str, int]) -> list[str]:
    blurred = {key: _comparison_key(_name(key, at)) for key, at in level.items()}
    taken = Counter(blurred.values())
    return [key for key, name in blurred.items() if taken[name] > 1]


def _name(key: str, level: int) -> str:
    path = Path(key)
    marked = f"{key}.{sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    return (path.stem, path.with_suffix("").as_posix(), key, marked)[level]


def _comparison_key(name: str) -> str:
    return name_key(name).casefold()
