"""``diarize convert``: the same turns in another format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli.files import annotation_files, choose_annotation, join_files, or_empty, read_annotations
from diarize.cli.options import Overwrite, Quiet, Verbose, parse_format
from diarize.cli.printing import escape_controls, print_note, print_text
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation
    from diarize.formats import Options
    from diarize.results import Document

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

    document, found = _read_source(source, from_format)
    turns = [choose_annotation(found, recording, source)] if recording else list(found.values())
    more = _read_more(source, document, turns)
    write_file(goal, turns, to_format, overwrite=overwrite, options=more)
    _note_lost_words(turns, goal, to_format)
    if not quiet:
        _print_written(turns, goal)
        _note_silent_recordings(turns, goal, to_format)


def _read_source(source: Path, name: str | None) -> tuple[Document | None, dict[str, Annotation]]:
    """All results of JSON, None for another format or where there is output of a speech recogniser, and the
    turns by recording.
    """
    try:
        document = _read_document(source, name)
    except FormatError:  # which comes again below, if no recogniser wrote that
        document = None
    return document, document.annotations if document else or_empty(read_annotations(source, name), source)


def _read_document(source: Path, name: str | None) -> Document | None:
    """All results of a JSON file, or of the JSON files of a folder; None where the format is another."""
    from diarize.files import read_text
    from diarize.formats import format_of
    from diarize.results import join_documents, parse_document

    files = annotation_files(source)
    if format_of(files[0], name, reading=True).name != "json":
        return None
    documents = {each: _or_silent(parse_document(read_text(each), each.name), each) for each in files}
    join_files({path: each.by_recording for path, each in documents.items()})
    return join_documents(list(documents.values()))


def _or_silent(document: Document, path: Path) -> Document:
    """The document or, if it has no results, with a recording without turns, named after the file."""
    from diarize.annotation import Annotation
    from diarize.results import Result

    silent = () if document.results else (Result(Annotation(path.stem)),)
    return replace(document, entries=(*document.entries, *silent))


def _read_more(source: Path, document: Document | None, turns: Sequence[Annotation]) -> Options:
    """What there is besides turns: all results of JSON, tiers of words, confidences."""
    from diarize.formats import Options, read_words

    confident = any(turn.confidence is not None for each in turns for turn in each.turns)
    options = Options(confidence=confident)
    if document:
        return _with_results(options, document, turns)
    return options if source.is_dir() else replace(options, words=read_words(source))


def _with_results(options: Options, document: Document, turns: Sequence[Annotation]) -> Options:
    """The other results of these recordings; of one recording also its length and its words."""
    from diarize.transcripts import extract_words

    known = document.by_recording
    chosen = [known[each.recording] for each in turns]
    failed = [each for each in document.entries if not each.succeeded and len(chosen) == len(known)]
    options = replace(options, document=replace(document, entries=(*chosen, *failed)))
    if len(chosen) > 1:
        return options
    (result,) = chosen
    words = extract_words(result).spoken
    end = result.start + result.duration if result.duration else None
    return replace(options, words=words if words.turns else None, duration=end)


def _print_written(annotations: Sequence[Annotation], goal: Path) -> None:
    n_turns = sum(len(each.turns) for each in annotations)
    print_text(f"wrote {escape_controls(goal)} (turns: {n_turns}, recordings: {len(annotations)})")


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
