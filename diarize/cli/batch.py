"""``diarize batch``: a folder of recordings, by several processes; it can be stopped and resumed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli import describe
from diarize.cli.error_handling import FAILED
from diarize.cli.options import (
    Channels,
    Json,
    KnownOptions,
    Overwrite,
    Quiet,
    SettingsOptions,
    Verbose,
    expand_options,
    parse_format,
    refuse_word_formats,
)
from diarize.cli.printing import (
    escape_controls,
    format_clock,
    format_table,
    print_error,
    print_json,
    print_note,
    print_text,
)
from diarize.cli.settings import (
    is_separate,
    load_known_voices,
    read_speech_intervals,
    resolve_config,
    speech_file,
)
from diarize.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarize.batch import BatchReport, Plan, Task
    from diarize.config import Config

    Listener = Callable[[str, Task, dict[str, Any]], None]

__all__ = ["batch"]

ALL_FAILED = 3
MAX_ROWS = 50  # of the table of recordings; the manifest has them all

_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for results and manifest.jsonl.")
]
_Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Skip finished recordings; repeat those that changed or have other settings."
    ),
]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Options for the worker processes or the cluster."""

    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=256, help="Worker processes (default: one per core)."),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="tcp://HOST:PORT",
            help="Address of a Dask cluster whose workers see the same paths, instead of --jobs (extra "
            "'cluster').",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class BatchOutputOptions:
    """Options for the files of each recording."""

    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="Formats of the turns, as for 'run'; can be repeated (default: rttm).",
        ),
    ] = None
    plot: Annotated[
        bool, typer.Option("--plot", help="Also write a picture of each recording (NAME.png).")
    ] = False
    report: Annotated[
        bool,
        typer.Option("--report", help="Also write the report page of each recording (NAME.report.html)."),
    ] = False


@expand_options
def batch(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of recordings; subfolders are included.")
    ],
    *,
    output: _Output,
    workers: WorkerOptions = WorkerOptions(),
    resume: _Resume = False,
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    channels: Channels = "mix",
    known: KnownOptions = KnownOptions(),  # noqa: B008
    asked: BatchOutputOptions = BatchOutputOptions(),
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Say who spoke when in every recording of a folder; one that fails does not stop the rest.

    Exit codes: 0 all went well, 1 some failed, 3 all failed. After an interruption, --resume continues.
    """
    from diarize import batch as rooms

    _check_options(workers, quiet=quiet, loud=json or verbose)
    config, speech = resolve_config(settings), speech_file(settings)
    if verbose:
        print_note(describe.format_settings(config))
    kinds: dict[str, Any] = {"resume": resume, "overwrite": overwrite}
    kinds["speech"] = read_speech_intervals(speech) if speech else None
    kinds["separate"] = is_separate(channels, config)
    plan = rooms.plan_batch(folder, output, **_output_options(asked), **kinds)
    _print_ignored(plan, quiet=quiet)
    jobs, where, voices = workers.jobs or rooms.available_cores(), workers.scheduler, load_known_voices(known)
    with _report_events(plan, quiet=quiet or json) as listen:
        found = rooms.run_batch(plan, config, jobs=jobs, scheduler=where, known=voices, listen=listen)
    if json:
        print_json(_build_document(plan, config, found))
    elif not quiet:
        print_text(_format_summary(plan, found))
    _exit_with_code(plan, found)


def _output_options(asked: BatchOutputOptions) -> dict[str, Any]:
    formats = tuple(dict.fromkeys(filter(None, map(parse_format, asked.format or ["rttm"]))))
    refuse_word_formats(formats)
    return {"formats": formats, "picture": asked.plot, "page": asked.report}


def _check_options(workers: WorkerOptions, *, quiet: bool, loud: bool) -> None:
    """Raise usage errors: options that contradict each other, and an impossible address."""
    if quiet and loud:
        raise typer.BadParameter("--quiet contradicts --json and --verbose; leave one of them out")
    if workers.jobs and workers.scheduler:
        raise typer.BadParameter("--jobs is for this machine, --scheduler has its own workers; leave one out")
    if workers.scheduler:
        from diarize.batch import check_address

        try:
            check_address(workers.scheduler)
        except ClusterError as error:
            raise typer.BadParameter(str(error)) from None


def _print_ignored(plan: Plan, *, quiet: bool) -> None:
    """Print what was not processed: folders that cannot be read, and files with an unknown suffix."""
    for complaint in plan.unreadable:
        print_error(complaint)
    for other in () if quiet else plan.passed_over:
        print_note(f"note: ignored {other}")


def _exit_with_code(plan: Plan, report: BatchReport) -> None:
    """Exit with 3 if all recordings failed and with 1 if some did."""
    failed = report.count("failed")
    if failed == len(report.entries):
        raise typer.Exit(ALL_FAILED)
    if failed or plan.unreadable:
        raise typer.Exit(FAILED)


@contextmanager
def _report_events(plan: Plan, *, quiet: bool) -> Iterator[Listener]:
    """A listener that prints errors at once and, on a terminal, shows a bar with the current file.

    The bar counts bytes of recordings, an estimate of their length without opening them.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda event, task, entry: _print_failure(entry) if event == "done" else None
        return
    sizes = {task.key: _file_size(task.audio) for task in plan.tasks}
    with typer.progressbar(
        length=sum(sizes.values()), label="batch", file=sys.stderr, item_show_func=_shorten
    ) as bar:

        def listen(event: str, task: Task, entry: dict[str, Any]) -> None:
            if event == "done" and entry["status"] == "failed":
                sys.stderr.write("\r\033[K")
                _print_failure(entry)
            if event == "started":
                bar.current_item = task.key
                bar.render_progress()
            else:
                bar.update(sizes[task.key])

        yield listen


def _print_failure(entry: dict[str, Any]) -> None:
    if entry["status"] == "failed":
        print_error(entry["error"])


def _shorten(name: str | None) -> str | None:
    """The end of the name of the current file, on one line."""
    text = escape_controls(name or "")
    return text if len(text) <= 30 else f"…{text[-29:]}"


def _file_size(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


def _format_summary(plan: Plan, report: BatchReport) -> str:
    """A row for each recording, up to ``MAX_ROWS``, and totals."""
    rows = [_format_row(entry) for entry in report.entries[:MAX_ROWS]]
    lines = [format_table(("recording", "status", "length", "speakers", "time"), rows)]
    if len(report.entries) > MAX_ROWS:
        lines.append(f"  … and {len(report.entries) - MAX_ROWS} more")
    with_notes = [entry for entry in report.entries[:MAX_ROWS] if entry.get("notes")]
    counts = ", ".join(f"{report.count(status)} {status}" for status in ("ok", "skipped", "failed"))
    seconds = sum(entry.get("duration", 0.0) for entry in report.entries if entry["status"] == "ok")
    lines += [
        f"  note: {escape_controls(entry['audio'])}: {escape_controls(note)}"
        for entry in with_notes
        for note in entry["notes"]
    ]
    lines += [
        f"  note: {escape_controls(path)} is from an earlier batch and was not written now"
        for path in report.stale
    ]
    lines.append(f"{counts}; {format_clock(seconds)} of sound in {format_clock(report.seconds)}")
    return "\n".join([*lines, f"wrote {escape_controls(plan.output / 'manifest.jsonl')}"])


def _format_row(entry: dict[str, Any]) -> tuple[str, ...]:
    if entry["status"] == "failed":
        return entry["audio"], "failed", "", "", ""
    took = sum(entry["timings"].values())
    return (
        entry["audio"],
        entry["status"],
        format_clock(entry["duration"]),
        str(entry["n_speakers"]),
        f"{took:.1f} s",
    )


def _build_document(plan: Plan, config: Config, report: BatchReport) -> dict[str, Any]:
    from diarize.pipeline import provenance

    return {
        "folder": str(plan.folder),
        "output": str(plan.output),
        "manifest": str(plan.output / "manifest.jsonl"),
        **provenance(config).to_dict(),
        "counts": {status: report.count(status) for status in ("ok", "skipped", "failed")},
        "seconds": report.seconds,
        "unreadable": list(plan.unreadable),
        "passed_over": list(plan.passed_over),
        "stale": [str(path) for path in report.stale],
        "recordings": list(report.entries),
    }
