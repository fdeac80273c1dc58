"""Every way a command can end: one line on stderr and an exit code, never a traceback nobody asked for."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from diarize.cli.printing import complain
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["FAILED", "INTERRUPTED", "Guarded", "Talk", "leave_interrupted", "terminated"]

FAILED = 1
INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141


class Talk:
    """How much the command that is running was asked to say."""

    quiet = False
    verbose = False


class Guarded(TyperGroup):
    """A group of commands whose errors become one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the words of ``ctx`` name."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except DiarizeError as error:
            complain(str(error))
            _show_trace_if_verbose()
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            complain("interrupted; what was not finished was not written", head="stopped")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_output()
            raise typer.Exit(BROKEN_PIPE) from None
        except Exception as error:
            if type(error).__module__.split(".")[0] in ("typer", "click"):
                raise  # usage errors and exits belong to them
            raise typer.Exit(_unexpected(error)) from None
        return result


def _unexpected(error: BaseException) -> int:
    """The exit code, after one line on what ought not to happen."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "" if Talk.verbose else "; run again with --verbose and report what it prints"
    complain(f"something unforeseen happened ({text}){hint}")
    _show_trace_if_verbose()
    return FAILED


def _show_trace_if_verbose() -> None:
    if Talk.verbose:
        import traceback

        sys.stderr.write(traceback.format_exc())


def _close_output() -> None:
    """Send what is left to nowhere, so that Python does not complain on its way out."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def leave_interrupted() -> NoReturn:
    """End with 130 after Ctrl-C.

    Where the interrupt has passed through ``exec`` of a text, as in an import that makes functions, CPython
    under ``-m`` would otherwise kill itself by the signal, whatever exit code was asked for.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave as Ctrl-C does, so that half-written files are taken away."""
    raise SystemExit(TERMINATED)
