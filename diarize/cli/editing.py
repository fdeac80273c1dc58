"""The common part of ``rename``, ``merge`` and ``recount``: read a file of results, change and write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli.files import check_exists, or_empty, read_annotations, refuse_existing
from diarize.cli.printing import escape_controls, format_clock, format_percent, format_table, print_text
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diarize.annotation import Annotation
    from diarize.results import Document, Result

__all__ = ["EditOptions", "EditedFile", "edit", "is_json", "print_edits"]


@dataclass(frozen=True, slots=True)
class EditOptions:
    """Options for the recording that is changed, and for the file to write."""

    recording: Annotated[
        str | None,
        typer.Option(
            "--recording", metavar="NAME", help="Name of the recording, if FILE has several (default: all)."
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="File to write (default: FILE itself)."),
    ] = None


@dataclass(frozen=True, slots=True)
class EditedFile:
    """The file that was written, and the ``turns`` of each recording that was changed."""

    path: Path
    turns: tuple[Annotation, ...]


def is_json(path: Path) -> bool:
    """Whether a file is JSON, by its suffix."""
    return check_exists(path).is_file() and path.suffix.lower() == ".json"


def edit(
    path: Path,
    place: EditOptions,
    change: Callable[[Result], Result],
    names: Mapping[str, str] | None = None,
    *,
    overwrite: bool,
) -> EditedFile:
    """Change the results in a file of any readable format; OUT in another format has the turns.

    ``names``: what speakers are called afterwards, for the words of editors' tiers, which are kept.
    """
    from diarize.formats import Options, read_words, write_file

    if place.output:
        refuse_existing(place.output, overwrite=overwrite)
    document, goal = _read(path), place.output or path
    known = document.by_recording
    _check_recording(place.recording, list(known), path)
    touched = [name for name in known if place.recording in (None, name)]
    changed = document.with_results({name: change(known[name]) for name in touched})
    turns = [each.annotation for each in changed.results]
    words = None if is_json(path) else read_words(path)
    options = Options(
        confidence=any(turn.confidence is not None for each in turns for turn in each.turns),
        words=words.rename(names or {}) if words else None,
        document=changed,
    )
    write_file(goal, turns, overwrite=overwrite or goal == path, options=options)
    return EditedFile(goal, tuple(each for each in turns if each.recording in touched))


def _read(path: Path) -> Document:
    """The document of a JSON file, or one of turns alone from any other."""
    from diarize.files import read_text
    from diarize.results import Document, Result, parse_document

    if is_json(path):
        return parse_document(read_text(path), str(path))
    return Document(tuple(map(Result, or_empty(read_annotations(path), path).values())))


def _check_recording(name: str | None, names: Sequence[str], path: Path) -> None:
    if name is not None and name not in names:
        raise FormatError(f"{path}: about {', '.join(names)}, not about {name!r}; choose one of them")


def print_edits(edited: EditedFile, *, quiet: bool) -> None:
    """Print speaking times after the change, and the file."""
    from diarize.annotation.statistics import speaking_shares

    if quiet:
        return
    for each in edited.turns:
        rows = [
            (row["speaker"], format_clock(row["seconds"]), format_percent(row["share"]), str(row["turns"]))
            for row in speaking_shares(each)
        ]
        head = escape_controls(each.recording)
        print_text(
            "\n".join([head, format_table(("speaker", "time", "share", "turns"), rows)] if rows else [head])
        )
    print_text(f"  wrote {escape_controls(edited.path)}")
