"""``diarize run``: who spoke when in recordings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diarize.cli import describe
from diarize.cli.error_handling import FAILED
from diarize.cli.files import check_exists
from diarize.cli.label import label_with_result
from diarize.cli.options import (
    Json,
    KnownOptions,
    Overwrite,
    Quiet,
    SettingsOptions,
    SoundOptions,
    Verbose,
    check_part,
    expand_options,
    parse_choice,
    parse_format,
    refuse_word_formats,
)
from diarize.cli.printing import escape_controls, print_error, print_json, print_note, print_text
from diarize.cli.report import load_page_sound
from diarize.cli.settings import (
    diarize_with_progress,
    load_known_voices,
    name_by_known,
    resolve_config,
    speech_file,
)
from diarize.errors import DiarizeError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize import identity
    from diarize.config import Config
    from diarize.pipeline import Diarization
    from diarize.pipeline.result_files import ResultFiles
    from diarize.results import Failure, Result
    from diarize.transcripts import Transcript

__all__ = ["run"]


CLIPS = ("speaker", "turn")


def _parse_clips(word: str) -> str:
    return parse_choice(word, CLIPS, "kind of clips")


@dataclass(frozen=True, slots=True)
class RunOutputOptions:
    """Options for the files to write."""

    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the results (default: beside AUDIO)."),
    ] = None
    transcript: Annotated[
        Path | None,
        typer.Option(
            "--transcript",
            metavar="FILE",
            help="Output of a speech recogniser, whose words get speakers; without --format, a text "
            "(NAME.transcript.txt) is also written.",
        ),
    ] = None
    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="Formats of the turns, can be repeated (default: rttm): rttm, uem, lab, "
            "audacity, textgrid, eaf, webvtt, srt, csv, text, json, kaldi, npz (posteriors of every frame), "
            "ctm (words of --transcript).",
        ),
    ] = None
    max_turn: Annotated[
        float | None,
        typer.Option(
            "--max-turn",
            min=0.5,
            metavar="SECONDS",
            help="Longest turn; longer ones are cut into equal parts (default: no limit).",
        ),
    ] = None
    clips: Annotated[
        Path | None,
        typer.Option(
            "--clips",
            metavar="DIR",
            help="Folder for WAV files with the sound of each speaker (NAME.SPEAKER.wav) or turn.",
        ),
    ] = None
    clips_of: Annotated[
        str,
        typer.Option(
            "--clips-of",
            metavar="speaker|turn",
            callback=_parse_clips,
            help="What each file of --clips contains.",
        ),
    ] = "speaker"
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Write no picture.")] = False
    report: Annotated[
        bool, typer.Option("--report", help="Also write the report page NAME.report.html (docs/report.md).")
    ] = False


@dataclass(frozen=True, slots=True)
class _Job:
    """The options that are the same for all recordings of a run."""

    config: Config
    sound: SoundOptions
    speech: Path | None
    known: identity.KnownVoices | None
    quiet: bool
    alone: bool
    asked: RunOutputOptions
    overwrite: bool


@expand_options
def run(
    audio: Annotated[
        list[Path], typer.Argument(metavar="AUDIO", help="Recordings (WAV, FLAC, MP3, M4A and others).")
    ],
    *,
    asked: RunOutputOptions = RunOutputOptions(),
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    known: KnownOptions = KnownOptions(),  # noqa: B008
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Say who spoke when: write NAME.rttm and NAME.png for each recording, and print a short table.

    A recording whose files exist already is refused before any work, unless --overwrite is given.
    """
    if quiet and (json or verbose):
        raise typer.BadParameter("--quiet contradicts --json and --verbose; leave one of them out")
    _check_transcript(asked.transcript, audio)
    _check_clips(audio, asked, overwrite=overwrite)
    speech, voices, alone = speech_file(settings), load_known_voices(known), len(audio) == 1
    job = _Job(
        resolve_config(settings), check_part(sound), speech, voices, quiet or json, alone, asked, overwrite
    )
    if verbose:
        print_note(describe.format_settings(job.config))
    targets = _plan_outputs(audio, asked, overwrite=overwrite)
    entries = [
        _diarize_entry(job, path, target, silent=quiet or json)
        for path, target in zip(audio, targets, strict=True)
    ]
    if json:
        from diarize.pipeline import provenance
        from diarize.results import Document

        print_json(Document(tuple(entries), provenance(job.config)).to_dict())
    if any(not entry.succeeded for entry in entries):
        raise typer.Exit(FAILED)


def _check_transcript(transcript: Path | None, audio: Sequence[Path]) -> None:
    """Check before any long work that there is one recording, and that the transcript can be read."""
    if transcript is None:
        return
    if len(audio) > 1:
        raise typer.BadParameter(
            f"--transcript is about one recording, got {len(audio)}; run them one by one"
        )
    from diarize.transcripts import read_transcript

    read_transcript(check_exists(transcript), recording=audio[0].stem)


def _plan_outputs(
    audio: Sequence[Path], asked: RunOutputOptions, *, overwrite: bool
) -> list[ResultFiles | DiarizeError]:
    """The output files of each recording, or the error why they cannot be written; before any long work."""
    from diarize.pipeline import result_files

    usual = ["rttm", "text"] if asked.transcript else ["rttm"]
    formats = tuple(dict.fromkeys(filter(None, map(parse_format, asked.format or usual))))
    if asked.transcript is None:
        refuse_word_formats(formats)
    kinds = {"picture": not asked.no_plot, "page": asked.report, "overwrite": overwrite}
    found: list[ResultFiles | DiarizeError] = []
    for path in audio:
        try:
            found.append(result_files.plan_result_files(path, asked.output, formats, **kinds))
        except OutputError as error:
            found.append(error)
    if twice := result_files.find_clashes(
        [each for each in found if isinstance(each, result_files.ResultFiles)]
    ):
        raise OutputError(
            f"{twice[0]}: two recordings would be written there; rename one or run them into two folders"
        )
    return found


def _diarize_entry(
    job: _Job, path: Path, target: ResultFiles | DiarizeError, *, silent: bool
) -> Result | Failure:
    """Diarize a recording, write and print the result; returns its entry in the JSON document."""
    from diarize.results import Failure

    try:
        if isinstance(target, DiarizeError):
            raise target
        result = diarize_with_progress(
            path, job.config, job.sound, job.speech, quiet=job.quiet, alone=job.alone
        )
        result = name_by_known(job.known, result, path)
        spoken = label_with_result(job.asked.transcript, result) if job.asked.transcript else None
        if job.asked.max_turn:
            from diarize.resegmentation.turns import split_long_turns

            result = replace(result, annotation=split_long_turns(result.annotation, job.asked.max_turn))
        clips = _write_clips(job, result, path)
        if clips and not silent:
            print_text(f"wrote {len(clips)} clips to {escape_controls(job.asked.clips or '')}")
        return _write_and_print(
            result, target, path, _render_page(job, result, path, target, spoken), spoken, silent=silent
        )
    except DiarizeError as error:
        print_error(str(error))
        return Failure(path.stem, str(path), str(error))


def _write_clips(job: _Job, result: Diarization, path: Path) -> tuple[Path, ...]:
    """Write the sound of each speaker or turn to a file, if there is --clips; returns the paths."""
    from diarize.audio import write_clips
    from diarize.files import make_folder
    from diarize.formats.lines import make_tokens

    if job.asked.clips is None:
        return ()
    folder, annotation = make_folder(job.asked.clips), result.annotation
    names = {name: token.replace("/", "_") for name, token in make_tokens(annotation.speakers).items()}
    spans: dict[Path, list[tuple[float, float]]] = {}
    for i, turn in enumerate(annotation.turns, 1):
        number = f"{i:04d}." if job.asked.clips_of == "turn" else ""
        clip = folder / f"{path.stem}.{number}{names[turn.speaker]}.wav"
        spans.setdefault(clip, []).append((turn.start, turn.end))
    sound = job.config.audio
    write_clips(path, spans, channel=sound.channel or None, track=sound.track)
    return tuple(spans)


def _check_clips(audio: Sequence[Path], asked: RunOutputOptions, *, overwrite: bool) -> None:
    """Raise OutputError before any work if clips of an earlier run exist."""
    for path in audio if asked.clips and not overwrite else ():
        for there in sorted(asked.clips.glob(f"{escape(path.stem)}.*.wav")) if asked.clips else ():
            raise OutputError(f"{there}: exists already; --overwrite replaces it, or choose another folder")


def _render_page(
    job: _Job, result: Diarization, path: Path, target: ResultFiles, spoken: Transcript | None = None
) -> str:
    """The report page of a recording, if it is planned, otherwise an empty text."""
    if target.page is None:
        return ""
    from diarize.report import Report, render_page

    heard = load_page_sound(path, job.sound, target.page, heard_as=job.config.audio, quiet=job.quiet)
    return render_page(Report.from_result(result, sound=heard, transcript=spoken, media=path.name))


def _write_and_print(
    result: Diarization,
    target: ResultFiles,
    path: Path,
    page: str,
    spoken: Transcript | None = None,
    *,
    silent: bool,
) -> Result:
    """Write and print one result."""
    from diarize.pipeline import result_files

    if spoken:
        result = replace(result, notes=(*result.notes, *(f"transcript: {note}" for note in spoken.notes)))
    paths = result_files.write_results(result, target, path, page, spoken)
    if not silent:
        print_text(describe.format_result(result, path.name, next(iter(target.annotations.values()), None)))
        print_text("\n".join(f"  wrote {escape_controls(path)}" for path in paths))
    files = {name: str(each) for name, each in target.annotations.items()}
    files |= {name: str(each) for name, each in (("picture", target.picture), ("page", target.page)) if each}
    return result.to_result(str(path), files)
