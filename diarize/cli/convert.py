"""``diarize convert``: the same turns in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diarize.cli.files import chosen, or_silence, read_annotations
from diarize.cli.options import Overwrite, Verbose, format_name
from diarize.cli.printing import remark, say, shown

__all__ = ["convert"]

UNSAID = ("rttm", "uem", "csv", "kaldi")  # formats of turns alone: no turn, no name of the recording
_READ = "rttm, uem, lab, audacity, textgrid, eaf, webvtt, csv, json"


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of turns, or a folder of them.")],
    goal: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write (kaldi: a folder).")],
    *,
    from_format: Annotated[
        str | None, typer.Option("--from", callback=format_name, help=f"Format of IN by name: {_READ}.")
    ] = None,
    to_format: Annotated[
        str | None,
        typer.Option("--to", callback=format_name, help=f"Format of OUT by name: {_READ}, srt, kaldi."),
    ] = None,
    recording: Annotated[
        str | None, typer.Option("--recording", metavar="NAME", help="Only this one of several.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Write turns in another format; both formats are known by suffix unless they are named."""
    from diarize.formats import format_of, write_file

    found = or_silence(read_annotations(source, from_format), source)
    turns = [chosen(found, recording, source)] if recording else list(found.values())
    write_file(goal, turns, to_format, overwrite=overwrite)
    if not quiet:
        n_turns = sum(len(each.turns) for each in turns)
        say(f"wrote {shown(goal)} (turns: {n_turns}, recordings: {len(turns)})")
        silent = [each.recording for each in turns if not each.turns]
        if silent and len(turns) > 1 and format_of(goal, to_format).name in UNSAID:
            remark(f"note: nobody speaks in {', '.join(silent)}; files of this format do not say so")
