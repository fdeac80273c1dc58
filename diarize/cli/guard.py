"""Every way a command can end: one line on stderr and an exit code, never a traceback nobody asked for."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from diarize.cli.printing import complain
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["FAILED", "INTERRUPTED", "Guarded", "Talk", "catch_signals", "check_signals", "leave_interrupted"]

FAILED = 1
INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141


class Talk:
    """Between the user and the command that is running."""

    verbose = False
    ending = 0  # the signal that asked it to end
    told = False  # that it was interrupted


class Guarded(TyperGroup):
    """A group of commands whose errors become one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the words of ``ctx`` name."""
        try:
            return super().invoke(ctx)
        except DiarizeError as error:
            complain(str(error))
            _show_trace_if_verbose()
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            _tell_interrupted()
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_output()
            raise typer.Exit(BROKEN_PIPE) from None
        except Exception as error:
            if type(error).__module__.split(".")[0] in ("typer", "click"):
                raise  # usage errors and exits belong to them
            raise typer.Exit(_unexpected(error)) from None


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


def _tell_interrupted() -> None:
    if not Talk.told:
        Talk.told = True
        complain("interrupted; what was not finished was not written", head="stopped")


def leave_interrupted() -> NoReturn:
    """End with one line and 130 after Ctrl-C.

    Where the interrupt has passed through ``exec`` of a text, as in an import that makes functions, CPython
    under ``-m`` would otherwise kill itself by the signal, whatever exit code was asked for.
    """
    with suppress(OSError, ValueError):
        _tell_interrupted()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def catch_signals() -> None:
    """Let Ctrl-C and SIGTERM end the program by an exception, so that half-written files are taken away."""
    with suppress(ValueError):  # in a thread there are no signals to catch
        signal.signal(signal.SIGTERM, _asked)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
            signal.signal(signal.SIGINT, _asked)
    sys.unraisablehook = _tell_unraisable


def _asked(number: int, _frame: FrameType | None) -> NoReturn:
    Talk.ending = number
    _end()


def _end() -> NoReturn:
    if Talk.ending == signal.SIGTERM:
        raise SystemExit(TERMINATED)
    raise KeyboardInterrupt


def check_signals() -> None:
    """Raise once more what a callback of some library has swallowed."""
    if Talk.ending:
        _end()


def _tell_unraisable(lost: sys.UnraisableHookArgs) -> None:
    if not issubclass(lost.exc_type, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(lost)
