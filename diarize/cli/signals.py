"""Ctrl-C and SIGTERM: at most one line, an exit code, and no half-written files. Imports only Python."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "INTERRUPTED",
    "catch_signals",
    "check_signals",
    "exit_interrupted",
    "ignore_signals",
    "report_interrupt",
    "signal_exit_code",
]

INTERRUPTED = 130
TERMINATED = 143


class _State:
    """State of the process: the signal that it received, and whether it has reported it."""

    ending = 0  # the signal that asked it to end
    told = False  # that it was interrupted


def report_interrupt() -> None:
    """Print on stderr that the program was interrupted."""
    _State.told = True
    sys.stderr.write("stopped by Ctrl-C; unfinished files were not written\n")


def exit_interrupted() -> NoReturn:
    """End with one line and 130 after Ctrl-C.

    If the interrupt passes through ``exec`` of a string, as in an import that makes functions, CPython under
    ``-m`` would otherwise end by the signal and not with this exit code.
    """
    with suppress(OSError, ValueError):
        if not _State.told:
            report_interrupt()
        ignore_signals()
        _release_semaphores()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def _release_semaphores() -> None:
    """Release the semaphores of worker processes; otherwise the resource tracker prints a warning."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        with suppress(Exception):
            util._run_finalizers()


def catch_signals() -> None:
    """Let Ctrl-C and SIGTERM end the program by an exception, so that half-written files are removed."""
    with suppress(ValueError):  # in a thread there are no signals to catch
        signal.signal(signal.SIGTERM, _on_signal)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
            signal.signal(signal.SIGINT, _on_signal)
    sys.unraisablehook = _report_unraisable


def ignore_signals() -> None:
    """Ignore signals during interpreter shutdown, when all work is done.

    CPython restores the system's handlers first, so a signal would end the process as if it had been killed.
    """
    with suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    _State.ending = number
    _raise_exit()


def _raise_exit() -> NoReturn:
    if _State.ending == signal.SIGTERM:
        raise SystemExit(TERMINATED)
    raise KeyboardInterrupt


def signal_exit_code() -> int:
    """The exit code of the signal that asked this process to end; 0 when none did."""
    return {0: 0, signal.SIGTERM: TERMINATED}.get(_State.ending, INTERRUPTED)


def check_signals() -> None:
    """Raise again an exception that a callback of a library has swallowed."""
    if _State.ending:
        _raise_exit()


def _report_unraisable(lost: sys.UnraisableHookArgs) -> None:
    if not issubclass(lost.exc_type, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(lost)
