"""``diarize label``: add speakers to the words of a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import check_exists, choose_annotation, or_empty, read_annotations, refuse_existing
from diarize.cli.options import (
    KnownOptions,
    Overwrite,
    Quiet,
    SettingsOptions,
    SoundOptions,
    Verbose,
    check_part,
    expand_options,
    parse_choice,
)
from diarize.cli.printing import escape_controls, format_clock, format_percent, format_table, print_text
from diarize.cli.report import is_result, refuse_settings
from diarize.cli.settings import (
    diarize_with_progress,
    load_known_voices,
    name_by_known,
    resolve_config,
    speech_file,
)

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.pipeline import Diarization
    from diarize.transcripts import Transcript
    from diarize.types import Posteriors

    _Asked = tuple[SettingsOptions, SoundOptions, KnownOptions]

__all__ = ["label", "label_with_result"]


@dataclass(frozen=True, slots=True)
class _TimedTurns:
    """Turns and posteriors of a recording; the clock of the posteriors begins at second ``start``."""

    annotation: Annotation
    posteriors: Posteriors | None = None
    start: float = 0.0
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """Options for the file to write."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write (default: NAME.speakers.* beside TRANSCRIPT).",
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="Format to write: srt, webvtt, json, text, csv, textgrid, eaf or ctm (default: by "
            "suffix, or as "
            "TRANSCRIPT).",
        ),
    ] = None


@expand_options
def label(
    transcript: Annotated[
        Path,
        typer.Argument(
            metavar="TRANSCRIPT",
            help="Output of a speech recogniser or service: srt, vtt, json, ctm, TextGrid or eaf.",
        ),
    ],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="AUDIO|RESULT",
            help="A recording, or a result (an npz with posteriors is better than turns).",
        ),
    ],
    *,
    goal: LabelOptions = LabelOptions(),
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    known: KnownOptions = KnownOptions(),  # noqa: B008
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Say who said what: write the words of a transcript with their speakers.

    Every word gets the speaker with the largest posterior; sentences are cut where the speaker changes.
    """
    from diarize.transcripts import assign_speakers, read_transcript, write_transcript

    if is_result(source):
        refuse_settings(source, (settings, sound, known))
    check_part(sound)
    spoken = read_transcript(check_exists(transcript), recording=source.stem)
    path, name = _choose_output(transcript, goal, spoken.dialect)
    refuse_existing(path, overwrite=overwrite)
    heard = _diarize_source(source, (settings, sound, known), quiet=quiet)
    found = assign_speakers(
        spoken, heard.annotation, heard.posteriors, start=heard.start, duration=heard.duration
    )
    write_transcript(path, found, name, overwrite=overwrite, options=_writer_options(source, heard))
    if not quiet:
        print_text(f"{_format_summary(found, transcript.name)}\n  wrote {escape_controls(path)}")


def label_with_result(path: Path, result: Diarization) -> Transcript:
    """The words of a transcript with the speakers of a result. Raises FormatError."""
    from diarize.transcripts import assign_speakers, read_transcript

    return assign_speakers(
        read_transcript(path, recording=result.annotation.recording),
        result.annotation,
        result.posteriors,
        start=result.start,
        duration=result.start + result.duration,
    )


def _choose_output(transcript: Path, asked: LabelOptions, dialect: str) -> tuple[Path, str]:
    """The file to write and its format."""
    from diarize.transcripts import WRITABLE, format_for, suffix_of

    name = parse_choice(asked.format, WRITABLE, "format of transcripts") if asked.format else None
    if asked.output is not None:
        return asked.output, name or format_for(asked.output)
    name = name or format_for("", dialect)
    return transcript.with_name(f"{transcript.stem}.speakers{suffix_of(name)}"), name


def _diarize_source(source: Path, asked: _Asked, *, quiet: bool) -> _TimedTurns:
    if not is_result(source):
        settings, sound, known = asked
        config, voices = resolve_config(settings), load_known_voices(known)
        result = diarize_with_progress(source, config, sound, speech_file(settings), quiet=quiet)
        result = name_by_known(voices, result, source)
        end = result.start + result.duration
        return _TimedTurns(result.annotation, result.posteriors, result.start, end)
    if check_exists(source).suffix.lower() == ".npz":
        return _read_posteriors_file(source)
    return _TimedTurns(choose_annotation(or_empty(read_annotations(source), source), None, source))


def _read_posteriors_file(path: Path) -> _TimedTurns:
    from diarize.formats import read_posteriors
    from diarize.resegmentation.turns import posteriors_to_turns
    from diarize.types import SpeechMask

    recording, posteriors, start = read_posteriors(path)
    mask = SpeechMask(posteriors.values.sum(axis=1) > 0, posteriors.grid)
    span = (start, posteriors.grid.duration)
    return _TimedTurns(
        posteriors_to_turns(posteriors, mask, recording, span), posteriors, start, start + span[1]
    )


def _writer_options(source: Path, heard: _TimedTurns) -> Any:
    from diarize.formats import Options

    return Options(duration=heard.duration, media=None if is_result(source) else source.name)


def _format_summary(found: Transcript, title: str) -> str:
    """A row for each speaker, then the notes."""
    words, sure = found.words, [word.confidence for word in found.words if word.confidence is not None]
    counts: dict[str, int] = {}
    for word in words:
        if word.speaker:
            counts[word.speaker] = counts.get(word.speaker, 0) + 1
    seconds = {
        name: format_clock(sum(end - start for start, end in found.annotation.intervals(name)))
        for name in counts
    }
    rows = [(name, seconds[name], str(n), format_percent(n / len(words))) for name, n in counts.items()]
    mean = f", mean confidence {sum(sure) / len(sure):.2f}" if sure else ""
    head = f"{escape_controls(title)}: {len(words)} words in {len(found.segments)} segments{mean}"
    lines = [head, format_table(("speaker", "time", "words", "share"), rows)] if rows else [head]
    return "\n".join([*lines, *(f"  note: {escape_controls(note)}" for note in found.notes)])
