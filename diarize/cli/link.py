"""``diarize link``: the same label for the same voice in many recordings."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.error_handling import FAILED
from diarize.cli.files import check_exists
from diarize.cli.options import (
    FrontEndOptions,
    Json,
    KnownOptions,
    Overwrite,
    Quiet,
    Verbose,
    expand_options,
)
from diarize.cli.printing import (
    escape_controls,
    format_clock,
    format_table,
    print_error,
    print_json,
    print_text,
)
from diarize.cli.settings import load_voices, log_odds_threshold, resolve_front_end
from diarize.cli.signals import check_signals
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.config import Config
    from diarize.identity import LinkedVoice, RecordingVoices, Voice
    from diarize.identity.results import LinkInput

__all__ = ["link"]


@expand_options
def link(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS", help="Files of turns, or folders of them, such as the output of 'batch'."
        ),
    ],
    *,
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="DIR", help="Folder of the recordings (default: beside RESULTS)."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results with new labels.")
    ],
    known: KnownOptions = KnownOptions(),  # noqa: B008 - a frozen value
    front_end: FrontEndOptions = FrontEndOptions(),  # noqa: B008
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Give the same voice the same label in all recordings, and write the results again with these labels.

    JSON of 'run' has the voices; other formats need the recordings. Speakers of one recording are never
    linked.
    """
    if quiet and (json or verbose):
        raise typer.BadParameter("--quiet contradicts --json and --verbose; leave one of them out")
    asked = _LinkRequest(
        [check_exists(path) for path in results], audio, output, resolve_front_end(front_end), overwrite
    )
    document, text, failed = _link_results(
        asked, load_voices(known), log_odds_threshold(known), quiet=quiet or json
    )
    if json:
        print_json(document)
    elif not quiet:
        print_text(text)
    if failed:
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class _LinkRequest:
    """The options of ``link``."""

    results: Sequence[Path]
    audio: Path | None
    output: Path
    config: Config
    overwrite: bool


def _link_results(
    asked: _LinkRequest, known: Sequence[Voice], threshold: float, *, quiet: bool
) -> tuple[dict[str, Any], str, int]:
    """The linked voices as JSON and as text, and the number of recordings that could not be read."""
    from diarize.identity import link_voices
    from diarize.identity.results import find_results, write_linked

    found = find_results(asked.results, asked.audio)
    recordings, failed = _load_voices(found, asked.config, quiet=quiet)
    groups = link_voices(recordings, threshold, known)
    paths = write_linked(found, recordings, groups, asked.output, overwrite=asked.overwrite)
    seconds = _speaking_seconds(found, recordings)
    document = {"threshold": threshold, "voices": [_build_entry(group, seconds) for group in groups]}
    return document, _format_summary(groups, seconds, paths), failed


def _load_voices(
    found: Sequence[LinkInput], config: Config, *, quiet: bool
) -> tuple[list[RecordingVoices], int]:
    """The voices of every result, and the number of those without readable recording, whose speakers are not
    linked.
    """
    from diarize.identity.results import voices_of_input, without_voices

    recordings, failed = [], 0
    hidden = quiet or not sys.stderr.isatty()
    with typer.progressbar(found, label="reading", file=sys.stderr, hidden=hidden) as bar:
        for result in bar:
            check_signals()
            try:
                recordings.append(voices_of_input(result, config))
            except DiarizeError as error:
                print_error(str(error))
                recordings.append(without_voices(result))
                failed += 1
    return recordings, failed


def _speaking_seconds(
    found: Sequence[LinkInput], recordings: Sequence[RecordingVoices]
) -> dict[tuple[str, str], float]:
    """Speaking time in seconds by recording and speaker."""
    spoken: dict[tuple[str, str], float] = {}
    for result, each in zip(found, recordings, strict=True):
        for turn in result.annotation.turns:
            key = (each.recording, turn.speaker)
            spoken[key] = spoken.get(key, 0.0) + turn.duration
    return spoken


def _build_entry(group: LinkedVoice, seconds: dict[tuple[str, str], float]) -> dict[str, Any]:
    members = [
        {"recording": recording, "speaker": speaker, "seconds": round(seconds[recording, speaker], 3)}
        for recording, speaker in group.members
    ]
    weakest = None if group.weakest is None else round(group.weakest, 2)
    return {"label": group.label, "weakest": weakest, "members": members}


def _format_summary(
    groups: Sequence[LinkedVoice], seconds: dict[tuple[str, str], float], paths: Sequence[Path]
) -> str:
    """A row for each voice with its speakers, and the files."""
    rows = [
        (
            group.label,
            format_clock(sum(seconds[key] for key in group.members)),
            str(len(group.members)),
            "" if group.weakest is None else f"{group.weakest:.1f}",
            ", ".join(escape_controls(f"{recording}: {speaker}") for recording, speaker in group.members),
        )
        for group in groups
    ]
    head = f"{len(groups)} voices in {len(paths)} results"
    lines = (
        [format_table(("voice", "time", "recordings", "least log odds", "speakers"), rows)] if rows else []
    )
    return "\n".join([head, *lines, *(f"  wrote {escape_controls(path)}" for path in paths)])
