"""The program ``diarize`` with all its commands."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated

import typer

from diarize.cli import (
    background,
    batch,
    changes,
    config,
    convert,
    enroll,
    label,
    link,
    merge,
    parts,
    plot,
    recount,
    rename,
    report,
    run,
    score,
    select,
    synth,
)
from diarize.cli.error_handling import ErrorHandlingGroup
from diarize.cli.help import PlainHelpCommand
from diarize.cli.signals import INTERRUPTED, exit_interrupted

__all__ = ["app", "program"]

app = typer.Typer(
    name="diarize",
    cls=ErrorHandlingGroup,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: no boxes in pipes, and nothing to import
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"diarize {version('diarize-gmm')}")
        except PackageNotFoundError:
            typer.echo("diarize (not installed)")
        raise typer.Exit


@app.callback()
def _diarize(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Who spoke when: speaker diarization with Gaussian mixtures, offline, on a laptop CPU.

    Exit codes: 0 all went well, 1 something failed (batch: 3 when all did), 2 the command line is wrong,
    130 Ctrl-C.
    """


app.command("run", cls=PlainHelpCommand)(run.run)
app.command("label", cls=PlainHelpCommand)(label.label)
app.command("rename", cls=PlainHelpCommand)(rename.rename)
app.command("merge", cls=PlainHelpCommand)(merge.merge)
app.command("recount", cls=PlainHelpCommand)(recount.recount)
app.command("score", cls=PlainHelpCommand)(score.score)
app.command("plot", cls=PlainHelpCommand)(plot.plot)
app.command("report", cls=PlainHelpCommand)(report.report)
app.command("select", cls=PlainHelpCommand)(select.select)
app.command("batch", cls=PlainHelpCommand)(batch.batch)
app.command("changes", cls=PlainHelpCommand)(changes.changes)
app.command("enroll", cls=PlainHelpCommand)(enroll.enroll)
app.command("link", cls=PlainHelpCommand)(link.link)
app.command("convert", cls=PlainHelpCommand)(convert.convert)
app.command("synth", cls=PlainHelpCommand)(synth.synth)
app.add_typer(background.app, name="background")
app.add_typer(config.app, name="config")
app.add_typer(parts.app, name="parts")


def program() -> None:
    """Run the command of the command line."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            # a name that the terminal cannot show must not stop the run; files and pipes get UTF-8
            coding = {} if stream.isatty() else {"encoding": "utf-8"}
            stream.reconfigure(errors="backslashreplace", **coding)  # type: ignore[union-attr]
    try:
        app(prog_name="diarize")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            exit_interrupted()
        raise
