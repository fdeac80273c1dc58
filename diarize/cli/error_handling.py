"""How commands end: one line on stderr and an exit code, and a traceback only with --verbose."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import ENOSPC
from typing import Any

import typer
from typer.core import TyperGroup

from diarize.cli.printing import print_error
from diarize.cli.signals import INTERRUPTED, report_interrupt, signal_exit_code
from diarize.errors import DiarizeError

__all__ = ["FAILED", "ErrorHandlingGroup", "Verbosity"]

FAILED = 1
BROKEN_PIPE = 141


class Verbosity:
    """Whether the running command prints settings, versions and tracebacks."""

    verbose = False


class ErrorHandlingGroup(TyperGroup):
    """A group of commands; an error is printed as one line and sets the exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except DiarizeError as error:
            print_error(str(error))
            _show_trace_if_verbose()
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            report_interrupt()
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_output()
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            if error.errno != ENOSPC:
                raise typer.Exit(_print_unexpected(error)) from None
            print_error("the output cannot be written (the disk is full); free some space")
            _close_output()
            raise typer.Exit(FAILED) from None
        except Exception as error:
            if type(error).__module__.split(".")[0] in ("typer", "click"):
                raise  # usage errors and exits, which typer handles
            if code := signal_exit_code():  # an import that is interrupted may fail in its own way
                raise typer.Exit(code) from None
            raise typer.Exit(_print_unexpected(error)) from None


def _print_unexpected(error: BaseException) -> int:
    """Print one line for an unexpected error and return the exit code."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "" if Verbosity.verbose else "; run again with --verbose and report what it prints"
    print_error(f"unexpected error ({text}){hint}")
    _show_trace_if_verbose()
    return FAILED


def _show_trace_if_verbose() -> None:
    if Verbosity.verbose:
        import traceback

        sys.stderr.write(traceback.format_exc())


def _close_output() -> None:
    """Discard remaining output, so that Python does not report a closed pipe at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
