"""``diarize enroll``: save voices by which later runs name speakers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from diarize.cli.files import check_exists, match_annotation, read_annotations
from diarize.cli.options import FrontEndOptions, Overwrite, Quiet, Verbose, expand_options
from diarize.cli.printing import escape_controls, format_clock, print_text
from diarize.cli.settings import resolve_front_end
from diarize.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.config import Config
    from diarize.identity import Voice
    from diarize.results import Result

__all__ = ["enroll"]

LITTLE: Final = 10.0  # seconds of speech; with less, most voices are not recognised


@dataclass(frozen=True, slots=True)
class PartOptions:
    """Options for the part of the recordings that has the voice."""

    turns: Annotated[
        Path | None,
        typer.Option(
            "--turns",
            metavar="FILE",
            help="File with the turns of AUDIO, if it has several speakers; needs --speaker.",
        ),
    ] = None
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", metavar="LABEL", help="The speaker in --turns to enroll."),
    ] = None
    whole: Annotated[
        bool,
        typer.Option("--whole", help="Use all speech for this voice, even if it sounds like several people."),
    ] = False


@expand_options
def enroll(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the person.")],
    audio: Annotated[list[Path], typer.Argument(metavar="AUDIO", help="Recordings of that person alone.")],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of voices, which is made if needed.")
    ] = Path("voices"),
    part: PartOptions = PartOptions(),
    front_end: FrontEndOptions = FrontEndOptions(),  # noqa: B008
    add: Annotated[
        bool, typer.Option("--add", help="Add the recordings to an existing voice of that name.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Save a voice under a name, for 'run --known'.

    Half a minute of speech is enough; several recordings are better.

    AUDIO has one person only or, with --turns and --speaker, a conversation.
    """
    from diarize.identity import load, save, voice_path
    from diarize.identity.store import check_name
    from diarize.identity.voice import pool_voices

    _check_options(part, audio)
    path = voice_path(output, name)
    if path.exists() and not (add or overwrite):
        raise OutputError(f"{path}: exists already; --add adds to it, --overwrite replaces it")
    known = [_check_stored_voice(load(path), check_name(name), path)] if add and path.exists() else []
    voice = _learn_voice(check_name(name), audio, part, resolve_front_end(front_end), quiet=quiet)
    whole = pool_voices(voice.name, [*known, voice])
    save(whole, output, overwrite=add or overwrite)
    if not quiet:
        print_text(_format_summary(whole, path))


def _check_options(part: PartOptions, audio: Sequence[Path]) -> None:
    if (part.turns is None) != (part.speaker is None):
        raise typer.BadParameter("--turns FILE and --speaker LABEL need each other; give both")
    if part.turns and part.whole:
        raise typer.BadParameter("--whole contradicts --speaker; leave one of them out")
    for path in audio:
        check_exists(path)


def _check_stored_voice(known: Voice, name: str, path: Path) -> Voice:
    """The voice, if it has that name: some file systems take two spellings for one file."""
    if known.name != name:
        raise OutputError(f"{path}: holds the voice of {known.name!r}, not of {name!r}; choose another name")
    return known


def _learn_voice(
    name: str, audio: Sequence[Path], part: PartOptions, config: Config, *, quiet: bool
) -> Voice:
    from diarize.identity import enroll_voice
    from diarize.identity.enrollment import enroll_speaker
    from diarize.identity.voice import pool_voices

    if part.turns is None or part.speaker is None:
        return enroll_voice(name, audio, config, whole=part.whole)
    known = _read_known(part.turns)
    turns = {recording: each.annotation for recording, each in known.items()}
    found = []
    for path in audio:
        recording = match_annotation(turns, path.stem, part.turns, quiet=quiet).recording
        found.append(enroll_speaker(name, path, known[recording], part.speaker, config))
    return pool_voices(name, found)


def _read_known(path: Path) -> dict[str, Result]:
    """Results by recording, from a file or from the files of a folder."""
    from diarize.formats import read_results
    from diarize.results import Result

    if check_exists(path).is_file():
        return read_results(path)
    return {name: Result(each) for name, each in read_annotations(path).items()}


def _format_summary(voice: Voice, path: Path) -> str:
    known = f"{format_clock(voice.seconds)} of speech (recordings: {voice.n_recordings})"
    little = "  note: little speech; voices are recognised better with half a minute or more\n" * (
        voice.seconds < LITTLE
    )
    return f"{escape_controls(voice.name)}: {known}\n{little}  wrote {escape_controls(path)}"
