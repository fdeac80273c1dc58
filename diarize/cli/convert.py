"""``diarize convert``: the same turns in another format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli.files import choose_annotation, or_empty, read_annotations
from diarize.cli.options import Overwrite, Quiet, Verbose, parse_format
from diarize.cli.printing import escape_controls, print_note, print_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation
    from diarize.formats import Options

__all__ = ["convert"]

UNSAID = ("rttm", "uem", "csv", "kaldi")  # formats that do not list recordings without turns
_READ = "rttm, uem, lab, audacity, textgrid, eaf, webvtt, srt, csv, json"


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of turns, or a folder of them.")],
    goal: Annotated[Path, typer.Argument(metavar="OUT", help="File to write (kaldi: a folder).")],
    *,
    from_format: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", callback=parse_format, help=f"Format of IN by name: {_READ}."),
    ] = None,
    to_format: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="NAME",
            callback=parse_format,
            help=f"Format of OUT by name: {_READ}, text, ctm (of words), kaldi.",
        ),
    ] = None,
    recording: Annotated[
        str | None,
        typer.Option(
            "--recording",
            metavar="NAME",
            help="Name of the recording, if IN has several (default: all).",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Write turns in another format; both formats are known by suffix unless they are named.

    Words, and other results in JSON, are kept if the other format can hold them.
    """
    from diarize.formats import write_file

    found = or_empty(_read_turns(source, from_format), source)
    turns = [choose_annotation(found, recording, source)] if recording else list(found.values())
    options = _read_more(source, from_format, turns)
    write_file(goal, turns, to_format, overwrite=overwrite, options=options)
    _note_lost_words(turns, goal, to_format)
    if not quiet:
        n_turns = sum(len(each.turns) for each in turns)
        print_text(f"wrote {escape_controls(goal)} (turns: {n_turns}, recordings: {len(turns)})")
        _note_silent_recordings(turns, goal, to_format)


def _read_turns(source: Path, name: str | None) -> dict[str, Annotation]:
    """Turns by recording; the error for output of a speech recogniser names the command for it."""
    from diarize.errors import FormatError

    try:
        return read_annotations(source, name)
    except FormatError:
        if not _is_recognised(source):
            raise
        hint = f"'diarize label {source} AUDIO' gives it speakers"
        raise FormatError(f"{source}: a transcript without turns; {hint}") from None


def _read_more(source: Path, name: str | None, turns: Sequence[Annotation]) -> Options:
    """What a file has besides turns: all results of JSON, tiers of words, confidences."""
    from diarize.formats import Options, format_of, read_words

    confident = any(turn.confidence is not None for each in turns for turn in each.turns)
    options = Options(confidence=confident)
    if source.is_dir():
        return options
    if format_of(source, name, reading=True).name == "json":
        return _read_results(source, turns, options)
    return replace(options, words=read_words(source))


def _read_results(source: Path, turns: Sequence[Annotation], options: Options) -> Options:
    """The results of these recordings in a JSON file; of one recording also its length and its words."""
    from diarize.files import read_text
    from diarize.results import parse_document
    from diarize.transcripts import extract_words

    document = parse_document(read_text(source), str(source))
    known = document.by_recording
    chosen = [known[each.recording] for each in turns if each.recording in known]
    if len(chosen) < len(turns):  # nobody speaks: called like the file
        return options
    failed = [each for each in document.entries if not each.succeeded and len(chosen) == len(known)]
    options = replace(options, document=replace(document, entries=(*chosen, *failed)))
    if len(chosen) > 1:
        return options
    (result,) = chosen
    words = extract_words(result).spoken
    end = result.start + result.duration if result.duration else None
    return replace(options, words=words if words.turns else None, duration=end)


def _is_recognised(source: Path) -> bool:
    """Whether a file is output of a speech recogniser, without turns."""
    from diarize.errors import FormatError
    from diarize.transcripts import read_transcript

    if source.suffix.lower() not in (".json", ".jsonl", ".ctm"):
        return False
    try:
        return bool(read_transcript(source).segments)
    except FormatError:
        return False


def _note_silent_recordings(annotations: Sequence[Annotation], goal: Path, name: str | None) -> None:
    """Print a note about recordings without turns, which are missing in the file."""
    from diarize.formats import format_of

    silent = [each.recording for each in annotations if not each.turns]
    if silent and len(annotations) > 1 and format_of(goal, name).name in UNSAID:
        print_note(f"note: no turns in {', '.join(silent)}; this format does not list such recordings")


def _note_lost_words(annotations: Sequence[Annotation], goal: Path, name: str | None) -> None:
    """Print a note about words that the format cannot store."""
    from diarize.formats import FORMATS, format_of

    known = format_of(goal, name)
    lost = sum(bool(turn.text) for each in annotations for turn in each.turns)
    if lost and not known.words:
        others = ", ".join(each.name for each in FORMATS.values() if each.words)
        print_note(
            f"note: {known.name} cannot store words; those of {lost} turns are left out ({others} can)"
        )
