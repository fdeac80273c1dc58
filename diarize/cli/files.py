"""Paths and annotation files of the command line."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from diarize.cli.printing import print_note
from diarize.errors import FormatError, OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.annotation import Annotation

T = TypeVar("T")

RECOGNISED = (
    ".json",
    ".jsonl",
    ".ctm",
)  # suffixes of output of speech recognisers that no format of turns has

__all__ = [
    "annotation_files",
    "check_exists",
    "choose_annotation",
    "join_files",
    "match_annotation",
    "or_empty",
    "read_annotations",
    "refuse_existing",
]


def check_exists(path: Path) -> Path:
    """The path, if it exists. Raises FormatError with the nearest name otherwise."""
    try:
        if path.exists():
            return path
        names = [other.name for other in path.parent.iterdir()]
    except (OSError, ValueError):
        raise FormatError(f"{path}: no such file, and no such folder; check the path") from None
    near = difflib.get_close_matches(path.name, names, n=1)
    raise FormatError(f"{path}: no such file; {f'did you mean {near[0]}?' if near else 'check the path'}")


def read_annotations(path: Path, format: str | None = None, *, marks: bool = False) -> dict[str, Annotation]:
    """Annotations by recording, from a file or from the ``annotation_files`` of a folder.

    A file of a folder without turns is a recording without speech. Output of a speech recogniser that named
    speakers has the turns of its segments. Raises FormatError if there is no such file, and if two files are
    about one recording.
    """
    files = annotation_files(path, marks=marks)
    if files == [path]:
        return _read_turns(path, format)
    return join_files({each: or_empty(_read_turns(each, format), each) for each in files})


def _read_turns(path: Path, format: str | None) -> dict[str, Annotation]:
    from diarize.formats import read_file

    try:
        return read_file(path, format)
    except FormatError:
        if (found := _read_recognised(path)) is None:
            raise
    if found.turns:
        return {found.recording: found}
    raise FormatError(f"{path}: a transcript without turns; 'diarize label {path} AUDIO' gives it speakers")


def _read_recognised(path: Path) -> Annotation | None:
    """The turns of output of a speech recogniser; None for other files."""
    from diarize.transcripts import read_transcript

    if path.suffix.lower() not in RECOGNISED:
        return None
    try:
        return read_transcript(path).annotation
    except FormatError:
        return None


def join_files(found: Mapping[Path, Mapping[str, T]]) -> dict[str, T]:
    """What files say, by recording. Raises FormatError if two files are about one recording."""
    joined: dict[str, T] = {}
    source: dict[str, Path] = {}
    for path, recordings in found.items():
        for name, value in recordings.items():
            if name in joined:
                raise FormatError(f"{path}: about {name!r}, and so is {source[name].name}; keep one of them")
            joined[name], source[name] = value, path
    return joined


def annotation_files(path: Path, *, marks: bool = False) -> list[Path]:
    """The file, or the files of a folder: RTTM or, if there are none, those of the first format of the table
    that it has, UEM only with ``marks`` (of speech). Raises FormatError if there is none.
    """
    from diarize.formats import FORMATS

    if not check_exists(path).is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.is_file())
    readable = [each for name, each in FORMATS.items() if each.read and name != "uem"]
    for known in [*readable, *([FORMATS["uem"]] if marks else [])]:
        if same := [each for each in files if each.suffix.lower() == known.suffix.lower()]:
            return same
    raise FormatError(f"{path}: a folder without annotation files such as .rttm; check the path")


def or_empty(annotations: dict[str, Annotation], path: Path) -> dict[str, Annotation]:
    """The annotations or, if there are none, one without turns, named after the file."""
    from diarize.annotation import Annotation

    return annotations or {path.stem: Annotation(path.stem)}


def match_annotation(
    annotations: dict[str, Annotation], recording: str, path: Path, *, quiet: bool
) -> Annotation:
    """The annotation of that recording, or the only one, with a note where its name differs."""
    from diarize.annotation.names import find_name

    if len(annotations) == 1 and find_name(recording, annotations) is None:
        name = next(iter(annotations))
        if not quiet:
            print_note(f"note: {path} is about {name!r}; used for {recording!r}")
        return annotations[name]
    return choose_annotation(annotations, recording, path)


def choose_annotation(annotations: dict[str, Annotation], name: str | None, path: Path) -> Annotation:
    """The annotation of that recording in any spelling or, without a name, the only one.

    Raises FormatError if there is none or if it is ambiguous.
    """
    from diarize.annotation.names import find_name

    known = None if name is None else find_name(name, annotations)
    if known is not None:
        return annotations[known]
    if name is None and len(annotations) == 1:
        return next(iter(annotations.values()))
    near = difflib.get_close_matches(name or "", annotations, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "name one with --recording"
    raise FormatError(f"{path}: about {', '.join(annotations)}; {hint}")


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise OutputError before any work if a file must not be written."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first or choose another")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists already; --overwrite replaces it, or choose another name")
