"""``diarize run``: recordings in, who spoke when out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli import describe
from diarize.cli.guard import FAILED
from diarize.cli.options import Known, Overwrite, Settings, Sound, Verbose, checked, expanded, format_name
from diarize.cli.printing import complain, remark, say, say_json, shown
from diarize.cli.report import sound_of
from diarize.cli.settings import diarized, known_to, named_by, resolved, speech_of
from diarize.errors import DiarizeError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize import identity
    from diarize.config import Config
    from diarize.outputs import Target
    from diarize.pipeline import Diarization

__all__ = ["run"]

_FORMAT_HELP = (
    "How to write the turns down, several times for several: rttm (the default), uem, lab, audacity, "
    "textgrid, eaf, webvtt, srt, csv, json, kaldi, npz (posteriors of every frame)."
)

_Report = Annotated[
    bool, typer.Option("--report", help="Write the page NAME.report.html, too (docs/report.md).")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document (docs/cli.md) instead.")]


@dataclass(frozen=True, slots=True)
class _Job:
    """What is the same for all recordings of a run."""

    config: Config
    sound: Sound
    speech: Path | None
    known: identity.Known | None
    quiet: bool
    alone: bool


@expanded
def run(
    audio: Annotated[list[Path], typer.Argument(metavar="AUDIO", help="Recordings of any usual kind.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the results (default: beside AUDIO)."),
    ] = None,
    settings: Settings = Settings(),  # noqa: B008 - a frozen value
    sound: Sound = Sound(),  # noqa: B008
    known: Known = Known(),  # noqa: B008
    format: Annotated[list[str] | None, typer.Option("--format", "-f", help=_FORMAT_HELP)] = None,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Write no picture.")] = False,
    report: _Report = False,
    json: _Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Say who spoke when: writes NAME.rttm and NAME.png for each recording and prints a short table.

    Own unchanged results of an earlier run are replaced, other files only with --overwrite.
    """
    if quiet and (json or verbose):
        raise typer.BadParameter("--quiet contradicts --json and --verbose; leave one of them out")
    formats = tuple(dict.fromkeys(filter(None, map(format_name, format or ["rttm"]))))
    speech, voices = speech_of(settings), known_to(known)
    job = _Job(resolved(settings), checked(sound), speech, voices, quiet or json, len(audio) == 1)
    if verbose:
        remark(describe.settings_line(job.config))
    kinds = {"picture": not no_plot, "page": report, "overwrite": overwrite}
    targets = _targets(audio, output, formats, kinds)
    entries = [
        _entry(job, path, target, silent=quiet or json) for path, target in zip(audio, targets, strict=True)
    ]
    if json:
        say_json(describe.document(job.config, entries))
    if any(entry["status"] == "failed" for entry in entries):
        raise typer.Exit(FAILED)


def _targets(
    audio: Sequence[Path], output: Path | None, formats: Sequence[str], kinds: dict[str, bool]
) -> list[Target | DiarizeError]:
    """Where each recording's results go, or why they cannot, before any long work."""
    from diarize import outputs

    found: list[Target | DiarizeError] = []
    for path in audio:
        try:
            found.append(outputs.target(path, output, formats, **kinds))
        except OutputError as error:
            found.append(error)
    if twice := outputs.clashes([each for each in found if isinstance(each, outputs.Target)]):
        raise OutputError(
            f"{twice[0]}: two recordings would be written there; rename one or run them into two folders"
        )
    return found


def _entry(job: _Job, path: Path, target: Target | DiarizeError, *, silent: bool) -> dict[str, Any]:
    """The part of the JSON document about one recording, which is done and told of; errors are in it."""
    try:
        if isinstance(target, DiarizeError):
            raise target
        result = diarized(path, job.config, job.sound, job.speech, quiet=job.quiet, alone=job.alone)
        result = named_by(job.known, result, path)
        return _finished(result, target, path, _page(job, result, path, target), silent=silent)
    except DiarizeError as error:
        complain(str(error))
        return {"recording": path.stem, "audio": str(path), "status": "failed", "error": str(error)}


def _page(job: _Job, result: Diarization, path: Path, target: Target) -> str:
    """The page about a recording, where one is planned; its sound is read again, nothing is computed."""
    if target.page is None:
        return ""
    from diarize.report import Report, rendered

    heard = sound_of(path, job.sound, target.page, channel=job.config.audio.channel, quiet=job.quiet)
    return rendered(Report.of_result(result, sound=heard))


def _finished(result: Diarization, target: Target, path: Path, page: str, *, silent: bool) -> dict[str, Any]:
    """Write and print one result."""
    from diarize import outputs

    paths = outputs.written(result, target, path, page)
    if not silent:
        say(describe.summary(result, path.name))
        say(
            "\n".join([f"  note: {target.note}"] * bool(target.note) + [f"  wrote {shown(p)}" for p in paths])
        )
    files = {name: str(each) for name, each in target.annotations.items()}
    files |= {name: str(each) for name, each in (("picture", target.picture), ("page", target.page)) if each}
    return describe.entry(result, path, files, [*result.notes, *([target.note] if target.note else [])])
