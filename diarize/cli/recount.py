"""``diarize recount``: another number of speakers, without the recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli.editing import EditOptions, edit, is_json, print_edits
from diarize.cli.options import Overwrite, Quiet, Verbose, expand_options
from diarize.errors import FormatError

if TYPE_CHECKING:
    from diarize.results import Result

__all__ = ["recount"]


@expand_options
def recount(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="JSON of 'run --format json' or of 'run --json'.")
    ],
    *,
    speakers: Annotated[int, typer.Option("--speakers", min=1, max=100, help="Number of speakers.")],
    place: EditOptions = EditOptions(),  # noqa: B008 - a frozen value
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Write the turns for another number of speakers; the recording is not needed.

    RESULT itself is replaced unless --output names another file, of any format. Speakers keep the names of
    those with whom they share most time. RESULT keeps all numbers, so you can go back. Words, if there are
    any, are given to the new speakers.
    """
    if not is_json(result):
        raise FormatError(
            f"{result}: has no turns for other numbers of speakers; write it with "
            f"'diarize run --format json', or run the recording with --speakers {speakers}"
        )
    source = result.name
    edited = edit(result, place, lambda each: _recount(each, speakers, source), overwrite=overwrite)
    print_edits(edited, quiet=quiet)


def _recount(result: Result, speakers: int, source: str) -> Result:
    from diarize.results import recount_speakers
    from diarize.transcripts import relabel_words

    return relabel_words(result, recount_speakers(result, speakers, source))
