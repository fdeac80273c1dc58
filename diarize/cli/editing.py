"""What ``rename``, ``merge`` and ``recount`` have in common: a file of results in, the changed one out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import existing, or_silence, read_annotations, refuse_existing
from diarize.cli.printing import clock, percent, say, shown, table
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diarize.annotation import Annotation

    Entry = dict[str, Any]

__all__ = ["Edited", "Place", "edit_json", "edit_turns", "entries_of", "is_json", "tell"]


@dataclass(frozen=True, slots=True)
class Place:
    """Options that say which recording is changed and where the outcome goes."""

    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="NAME", help="Only this one of several in FILE (default: all)."),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="The file to write (default: FILE itself)."),
    ] = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What was written where: ``turns`` of each recording that was changed."""

    path: Path
    turns: tuple[Annotation, ...]


def is_json(path: Path) -> bool:
    """Whether a file is JSON, by its suffix."""
    return existing(path).is_file() and path.suffix.lower() == ".json"


def entries_of(value: Any) -> list[Entry] | None:
    """Entries about recordings with turns; None in JSON of another kind."""
    entries = value.get("recordings") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return None
    return [each for each in entries if isinstance(each, dict) and isinstance(each.get("turns"), list)]


def edit_turns(
    path: Path,
    place: Place,
    change: Callable[[Annotation], Annotation],
    names: Mapping[str, str],
    *,
    overwrite: bool,
) -> Edited:
    """Change the turns of a file in any readable format.

    ``names``: what speakers are called afterwards, for the words of editors' tiers, which are kept.
    """
    from diarize.formats import Options, read_words, write_file

    _check(place, overwrite=overwrite)
    found = or_silence(read_annotations(path), path)
    _check_recording(place.recording, list(found), path)
    touched = [name for name in found if place.recording in (None, name)]
    after = {name: change(each) if name in touched else each for name, each in found.items()}
    sure = any(turn.confidence is not None for each in after.values() for turn in each.turns)
    words, goal = read_words(path), place.output or path
    options = Options(confidence=sure, words=words.renamed(names) if words else None)
    write_file(goal, list(after.values()), overwrite=overwrite or goal == path, options=options)
    return Edited(goal, tuple(after[name] for name in touched))


def edit_json(path: Path, place: Place, change: Callable[[Entry, str], Entry], *, overwrite: bool) -> Edited:
    """Change the entries of a JSON result; OUT in another format has the turns."""
    from diarize.files import read_text, write_text
    from diarize.formats import format_of, write_file
    from diarize.pipeline.editing import annotation_of

    _check(place, overwrite=overwrite)
    value = json.loads(read_text(path))
    entries = entries_of(value)
    if entries is None:
        raise FormatError(f"{path}: JSON without turns of recordings; give what diarize wrote or printed")
    names = [str(each.get("recording")) for each in entries]
    _check_recording(place.recording, names, path)
    after = {
        name: change(each, path.name) if place.recording in (None, name) else each
        for name, each in zip(names, entries, strict=True)
    }
    goal = place.output or path
    turns = {name: annotation_of(each, path.name) for name, each in after.items()}
    if goal.suffix.lower() == ".json":
        rows = [after.get(str(each.get("recording")), each) for each in value["recordings"]]
        text = json.dumps(value | {"recordings": rows}, indent=2, ensure_ascii=False, allow_nan=False)
        write_text(goal, text + "\n", overwrite=overwrite or goal == path)
    else:
        format_of(goal)
        write_file(goal, list(turns.values()), overwrite=overwrite)
    return Edited(goal, tuple(each for name, each in turns.items() if place.recording in (None, name)))


def _check(place: Place, *, overwrite: bool) -> None:
    if place.output:
        refuse_existing(place.output, overwrite=overwrite)


def _check_recording(name: str | None, names: Sequence[str], path: Path) -> None:
    if name is not None and name not in names:
        raise FormatError(f"{path}: about {', '.join(names)}, not about {name!r}; choose one of them")


def tell(edited: Edited, *, quiet: bool) -> None:
    """Who speaks how long now, and where it was written."""
    from diarize.annotation.statistics import shares

    if quiet:
        return
    for each in edited.turns:
        rows = [
            (row["speaker"], clock(row["seconds"]), percent(row["share"]), str(row["turns"]))
            for row in shares(each)
        ]
        head = shown(each.recording)
        say("\n".join([head, table(("speaker", "time", "share", "turns"), rows)] if rows else [head]))
    say(f"  wrote {shown(edited.path)}")
