"""``diarize rename``: rename speakers."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from diarize.cli.editing import EditOptions, edit, is_json, print_edits
from diarize.cli.files import refuse_existing
from diarize.cli.options import Overwrite, Quiet, Verbose, expand_options
from diarize.cli.printing import escape_controls, print_text
from diarize.errors import FormatError

__all__ = ["rename"]


@expand_options
def rename(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Turns or a transcript, in any readable format.")
    ],
    names: Annotated[
        list[str], typer.Argument(metavar="OLD=NEW", help="Old and new name, such as SPEAKER_00=Anna.")
    ],
    *,
    place: EditOptions = EditOptions(),  # noqa: B008 - a frozen value
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Rename speakers; nothing else in the file changes.

    FILE itself is replaced unless --output names another.
    """
    from diarize.results import rename_speakers

    wanted = _parse_names(names)
    if is_json(file) and (value := _read_transcript(file)) is not None:
        _rename_transcript(file, value, wanted, place, overwrite=overwrite, quiet=quiet)
        return
    change = partial(rename_speakers, names=wanted)
    print_edits(edit(file, place, change, wanted, overwrite=overwrite), quiet=quiet)


def _parse_names(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for word, (old, sign, new) in zip(words, pairs, strict=True):
        if not (old and sign and new.strip()):
            raise typer.BadParameter(f"{word!r} is not OLD=NEW; write it as SPEAKER_00=Anna")
    return {old: new.strip() for old, _, new in pairs}


def _read_transcript(file: Path) -> Any:
    """JSON of a speech recogniser with speakers; None for results of diarize."""
    from diarize.files import read_text
    from diarize.results import is_document

    try:
        value = json.loads(read_text(file))
    except ValueError as error:
        raise FormatError(f"{file}: not JSON ({error}); check the file") from None
    return None if is_document(value) else value


def _rename_transcript(
    file: Path, value: Any, names: dict[str, str], place: EditOptions, *, overwrite: bool, quiet: bool
) -> None:
    from diarize.files import write_text
    from diarize.results import rename_json

    for old in names:
        if rename_json(value, {old: f"{old} renamed"}) == value:
            raise FormatError(f"{file}: no speaker is called {old!r}; check the name")
    goal = place.output or file
    if place.output:
        refuse_existing(goal, overwrite=overwrite)
    renamed = json.dumps(rename_json(value, names), indent=2, ensure_ascii=False)
    write_text(goal, renamed + "\n", overwrite=overwrite or goal == file)
    if not quiet:
        print_text(f"  wrote {escape_controls(goal)}")
