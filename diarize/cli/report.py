"""``diarize report``: one page about a recording."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

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
)
from diarize.cli.printing import escape_controls, print_text
from diarize.cli.progress import show_progress
from diarize.cli.settings import (
    diarize_with_progress,
    load_known_voices,
    name_by_known,
    resolve_config,
    speech_file,
)
from diarize.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.config import AudioConfig
    from diarize.report import PageSound as Heard
    from diarize.report import Report
    from diarize.transcripts import Transcript

    _Asked = tuple[SettingsOptions, SoundOptions, KnownOptions]

__all__ = ["is_result", "load_page_sound", "refuse_settings", "report"]

STAGES: Final = {"sound": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Options for the sound and the words of a page."""

    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="The recording of a RESULT, to play it on the page."),
    ] = None
    link: Annotated[
        bool,
        typer.Option(
            "--link", help="Leave the sound in its file, which the page plays; the page stays small."
        ),
    ] = False
    transcript: Annotated[
        Path | None,
        typer.Option(
            "--transcript",
            metavar="FILE",
            help="Output of a speech recogniser, whose words are shown with speakers.",
        ),
    ] = None
    no_audio: Annotated[bool, typer.Option("--no-audio", help="Write a page without sound.")] = False


@expand_options
def report(
    source: Annotated[
        Path,
        typer.Argument(metavar="AUDIO|RESULT", help="A recording, or turns in any readable format."),
    ],
    *,
    page_options: PageOptions = PageOptions(),
    recording: Annotated[
        str | None,
        typer.Option("--recording", metavar="NAME", help="Name of the recording, if RESULT has several."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.html", help="Page to write (default: NAME.report.html)."
        ),
    ] = None,
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    known: KnownOptions = KnownOptions(),  # noqa: B008
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Write an HTML page for listening and correcting, with the confidence of every turn.

    It works from disk, without a network. A RESULT (RTTM, or JSON of run) is not computed again.
    """
    from diarize.files import write_text
    from diarize.pipeline.result_files import PAGE
    from diarize.report import render_page

    _check_options(source, page_options, recording, (settings, sound, known))
    path = output or source.with_name(source.stem + PAGE)
    refuse_existing(path, overwrite=overwrite)
    found = _make_report(source, recording, page_options, path, (settings, sound, known), quiet=quiet)
    write_text(path, render_page(found), overwrite=overwrite)
    if not quiet:
        print_text(f"wrote {escape_controls(path)} ({_format_size(path)})")


def _make_report(
    source: Path, recording: str | None, page_options: PageOptions, page: Path, asked: _Asked, *, quiet: bool
) -> Report:
    """The content of the page."""
    if page_options.transcript:
        _read_transcript(page_options.transcript, source.stem)  # readable before any long work
    if is_result(source):
        found = _report_of_turns(source, recording, page_options, page, asked[0], quiet=quiet)
    else:
        found = _report_of_audio(source, asked, page_options, page, quiet=quiet)
    return _with_words(found, page_options.transcript)


def _read_transcript(path: Path, recording: str) -> Transcript:
    from diarize.transcripts import read_transcript

    return read_transcript(check_exists(path), recording=recording)


def _with_words(found: Report, path: Path | None) -> Report:
    """The report with what was said: the words of a transcript, or else those of the turns."""
    from diarize.transcripts import assign_speakers, extract_words

    result = found.result
    if path is None:
        has_words = any(turn.text for turn in found.annotation.turns)
        return replace(found, transcript=extract_words(result)) if has_words else found
    spoken = assign_speakers(
        _read_transcript(path, found.annotation.recording),
        found.annotation,
        found.posteriors,
        start=result.start,
        duration=result.start + result.duration if result.duration else None,
    )
    notes = (*(result.notes or ()), *(f"transcript: {note}" for note in spoken.notes))
    return replace(found, transcript=spoken, result=replace(result, notes=notes))


def is_result(path: Path) -> bool:
    """Whether a path has the suffix of a format of results, not of a recording."""
    from diarize.formats import FORMATS

    return path.suffix.lower() in {each.suffix.lower() for each in FORMATS.values() if each.suffix}


def _check_options(source: Path, page_options: PageOptions, recording: str | None, asked: _Asked) -> None:
    """Raise a usage error for options that would be ignored."""
    if page_options.no_audio and (page_options.link or page_options.audio):
        raise typer.BadParameter("--no-audio contradicts --link and --audio; leave one of them out")
    if not is_result(source):
        for name, given in (("--audio", page_options.audio), ("--recording", recording)):
            if given:
                raise typer.BadParameter(
                    f"{name} is for a RESULT such as an RTTM; {source} is a recording; leave {name} out"
                )
        check_part(asked[1])
        return
    if page_options.link and not page_options.audio:
        raise typer.BadParameter(f"--link needs --audio FILE: {source} holds turns and no sound")
    refuse_settings(source, asked, but=("channel", "track") if page_options.audio else ())


def refuse_settings(source: Path, asked: _Asked, but: Sequence[str] = ()) -> None:
    """Raise a usage error for an option that does not apply to a result, except for those in ``but``."""
    for group in asked:
        for each in fields(group):
            if each.name not in but and getattr(group, each.name) != each.default:
                option = each.name.replace("_", "-")
                raise typer.BadParameter(
                    f"--{option} is for AUDIO; {source} is a result, which is not computed again; "
                    "leave it out"
                )


def _report_of_audio(
    path: Path, asked: _Asked, page_options: PageOptions, page: Path, *, quiet: bool
) -> Report:
    """The report of a recording, which is diarized and whose speakers are named by known voices."""
    from diarize.report import Report

    settings, sound, known = asked
    config, voices = resolve_config(settings), load_known_voices(known)
    result = diarize_with_progress(path, config, sound, speech_file(settings), quiet=quiet)
    result = name_by_known(voices, result, path)
    heard = (
        None
        if page_options.no_audio
        else load_page_sound(path, sound, page, link=page_options.link, heard_as=config.audio, quiet=quiet)
    )
    return Report.from_result(result, sound=heard, media=path.name)


def _report_of_turns(
    path: Path,
    recording: str | None,
    page_options: PageOptions,
    page: Path,
    settings: SettingsOptions,
    *,
    quiet: bool,
) -> Report:
    """The report of turns, or of the document that ``run --json`` printed."""
    found = _read_report(path, recording)
    if page_options.audio is None:
        return found
    audio = check_exists(page_options.audio)
    from diarize.config import AudioConfig

    heard_as = AudioConfig(channel=settings.channel or 0, track=settings.track or 1)
    heard = load_page_sound(
        audio, SoundOptions(), page, link=page_options.link, heard_as=heard_as, quiet=quiet
    )
    return replace(found, sound=heard, media=audio.name)


def _read_report(path: Path, recording: str | None) -> Report:
    from diarize.files import read_text
    from diarize.report import Report
    from diarize.results import Result, parse_document

    if not (check_exists(path).is_file() and path.suffix.lower() == ".json"):
        return Report(Result(choose_annotation(or_empty(read_annotations(path), path), recording, path)))
    document = parse_document(read_text(path), path.name)
    known = document.by_recording
    if document.entries and not known:
        raise FormatError(f"{path.name}: all of its recordings failed; run them again and read the errors")
    turns = {name: each.annotation for name, each in known.items()}
    name = choose_annotation(or_empty(turns, path), recording, path).recording
    return Report(known.get(name) or Result(or_empty({}, path)[name]), document.provenance)


def load_page_sound(
    path: Path, sound: SoundOptions, page: Path, *, link: bool = False, heard_as: AudioConfig, quiet: bool
) -> Heard:
    """The sound of a part of a recording: compressed, or a link that is relative to the page."""
    from diarize.audio import open_recording
    from diarize.report import RATE, embed_sound, link_sound, media_url

    channel, track = heard_as.channel or None, heard_as.track
    if link and track > 1:
        raise typer.BadParameter(f"--link plays the first track of a file; leave it out with --track {track}")
    opened = open_recording(path, rate=RATE, channel=channel, track=track, start=sound.start, end=sound.end)
    with show_progress(f"{escape_controls(path.name)}: sound", quiet=quiet, stages=STAGES) as progress:
        return link_sound(opened, media_url(path, page), progress) if link else embed_sound(opened, progress)


def _format_size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
