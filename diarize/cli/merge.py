"""``diarize merge``: merge several speakers into one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from diarize.cli.editing import EditOptions, edit, print_edits
from diarize.cli.options import Overwrite, Quiet, Verbose, expand_options

__all__ = ["merge"]


@expand_options
def merge(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Turns in any readable format.")],
    speakers: Annotated[
        list[str],
        typer.Argument(metavar="SPEAKER", help="Two or more speakers to merge; the first name stays."),
    ],
    *,
    place: EditOptions = EditOptions(),  # noqa: B008 - a frozen value
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Merge speakers: their turns get the first name.

    FILE itself is replaced unless --output names another.
    """
    from diarize.results import merge_speakers

    if len(set(speakers)) < 2:
        raise typer.BadParameter("name two different speakers at least; the first name stays")
    change, names = partial(merge_speakers, speakers=speakers), dict.fromkeys(speakers, speakers[0])
    print_edits(edit(file, place, change, names, overwrite=overwrite), quiet=quiet)
