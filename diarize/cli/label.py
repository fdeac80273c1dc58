"""``diarize label``: a transcript in, the same with speakers out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import chosen, existing, or_silence, read_annotations, refuse_existing
from diarize.cli.options import (
    KnownOptions,
    Overwrite,
    Quiet,
    SettingsOptions,
    SoundOptions,
    Verbose,
    checked,
    expanded,
    one_of,
)
from diarize.cli.printing import clock, percent, say, shown, table
from diarize.cli.report import is_result, refuse_settings
from diarize.cli.settings import diarized, known_to, named_by, resolved, speech_of

if TYPE_CHECKING:
    from diarize.annotation import Annotation
    from diarize.pipeline import Diarization
    from diarize.transcripts import Transcript
    from diarize.types import Posteriors

    _Asked = tuple[SettingsOptions, SoundOptions, KnownOptions]

__all__ = ["label", "spoken_in"]


@dataclass(frozen=True, slots=True)
class _Heard:
    """Who spoke when, as far as it is known: turns, posteriors and their clock, seconds of the recording."""

    annotation: Annotation
    posteriors: Posteriors | None = None
    start: float = 0.0
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """Options that say what to write."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write (default: NAME.speakers.* beside TRANSCRIPT).",
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="srt, webvtt, json, text, csv, textgrid, eaf, ctm (default: by suffix, or as TRANSCRIPT).",
        ),
    ] = None


@expanded
def label(
    transcript: Annotated[
        Path,
        typer.Argument(
            metavar="TRANSCRIPT", help="Output of a speech recogniser: srt, vtt, json, ctm, TextGrid or eaf."
        ),
    ],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="AUDIO|RESULT",
            help="The recording, or a result (npz is better than turns: it has posteriors).",
        ),
    ],
    *,
    goal: Goal = Goal(),
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    known: KnownOptions = KnownOptions(),  # noqa: B008
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Say who said what: writes the words of a transcript with their speakers.

    Every word gets the speaker with the largest posterior; sentences are cut where the speaker changes.
    """
    from diarize.transcripts import assign_speakers, read_transcript, write_transcript

    if is_result(source):
        refuse_settings(source, (settings, sound, known))
    checked(sound)
    spoken = read_transcript(existing(transcript), recording=source.stem)
    path, name = _goal(transcript, goal, spoken.dialect)
    refuse_existing(path, overwrite=overwrite)
    heard = _heard(source, (settings, sound, known), quiet=quiet)
    found = assign_speakers(
        spoken, heard.annotation, heard.posteriors, start=heard.start, duration=heard.duration
    )
    write_transcript(path, found, name, overwrite=overwrite, options=_options(source, heard))
    if not quiet:
        say(f"{_summary(found, transcript.name)}\n  wrote {shown(path)}")


def spoken_in(path: Path, result: Diarization) -> Transcript:
    """The words of a transcript with the speakers of a result. Raises FormatError."""
    from diarize.transcripts import assign_speakers, read_transcript

    return assign_speakers(
        read_transcript(path, recording=result.annotation.recording),
        result.annotation,
        result.posteriors,
        start=result.start,
        duration=result.start + result.duration,
    )


def _goal(transcript: Path, asked: Goal, dialect: str) -> tuple[Path, str]:
    """Where to write, and in which format."""
    from diarize.transcripts import WRITABLE, format_for, suffix_of

    name = one_of(asked.format, WRITABLE, "format of transcripts") if asked.format else None
    if asked.output is not None:
        return asked.output, name or format_for(asked.output)
    name = name or format_for("", dialect)
    return transcript.with_name(f"{transcript.stem}.speakers{suffix_of(name)}"), name


def _heard(source: Path, asked: _Asked, *, quiet: bool) -> _Heard:
    if not is_result(source):
        settings, sound, known = asked
        config, voices = resolved(settings), known_to(known)
        result = diarized(source, config, sound, speech_of(settings), quiet=quiet)
        result = named_by(voices, result, source)
        end = result.start + result.duration
        return _Heard(result.annotation, result.posteriors, result.start, end)
    if existing(source).suffix.lower() == ".npz":
        return _of_posteriors(source)
    return _Heard(chosen(or_silence(read_annotations(source), source), None, source))


def _of_posteriors(path: Path) -> _Heard:
    from diarize.formats import read_posteriors
    from diarize.resegmentation.turns import posteriors_to_turns
    from diarize.types import SpeechMask

    recording, posteriors, start = read_posteriors(path)
    mask = SpeechMask(posteriors.values.sum(axis=1) > 0, posteriors.grid)
    span = (start, posteriors.grid.duration)
    return _Heard(posteriors_to_turns(posteriors, mask, recording, span), posteriors, start, start + span[1])


def _options(source: Path, heard: _Heard) -> Any:
    from diarize.formats import Options

    return Options(duration=heard.duration, media=None if is_result(source) else source.name)


def _summary(found: Transcript, title: str) -> str:
    """A row a speaker, then what was odd."""
    words, sure = found.words, [word.confidence for word in found.words if word.confidence is not None]
    counts: dict[str, int] = {}
    for word in words:
        if word.speaker:
            counts[word.speaker] = counts.get(word.speaker, 0) + 1
    seconds = {
        name: clock(sum(end - start for start, end in found.annotation.intervals(name))) for name in counts
    }
    rows = [(name, seconds[name], str(n), percent(n / len(words))) for name, n in counts.items()]
    mean = f", mean confidence {sum(sure) / len(sure):.2f}" if sure else ""
    head = f"{shown(title)}: {len(words)} words in {len(found.segments)} segments{mean}"
    lines = [head, table(("speaker", "time", "words", "share"), rows)] if rows else [head]
    return "\n".join([*lines, *(f"  note: {shown(note)}" for note in found.notes)])
