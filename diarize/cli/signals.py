"""Ctrl-C and SIGTERM: one line or none, an exit code, nothing half-written. Needs Python alone."""

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
    "ignore_signals",
    "leave_interrupted",
    "signal_exit_code",
    "tell_interrupted",
]

INTERRUPTED = 130
TERMINATED = 143


class _State:
    """What this process was asked, and what it has said."""

    ending = 0  # the signal that asked it to end
    told = False  # that it was interrupted


def tell_interrupted() -> None:
    """Say so on stderr."""
    _State.told = True
    sys.stderr.write("stopped: interrupted; what was not finished was not written\n")


def leave_interrupted() -> NoReturn:
    """End with one line and 130 after Ctrl-C.

    Where the interrupt has passed through ``exec`` of a text, as in an import that makes functions, CPython
    under ``-m`` would otherwise kill itself by the signal, whatever exit code was asked for.
    """
    with suppress(OSError, ValueError):
        if not _State.told:
            tell_interrupted()
        ignore_signals()
        _release_semaphores()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def _release_semaphores() -> None:
    """Semaphores of worker processes go back to the system, or its tracker would speak of them."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        with suppress(Exception):
            util._run_finalizers()


def catch_signals() -> None:
    """Let Ctrl-C and SIGTERM end the program by an exception, so that half-written files are taken away."""
    with suppress(ValueError):  # in a thread there are no signals to catch
        signal.signal(signal.SIGTERM, _on_signal)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored
            signal.signal(signal.SIGINT, _on_signal)
    sys.unraisablehook = _tell_unraisable


def ignore_signals() -> None:
    """All is done and said: a signal that comes while Python tidies up changes nothing any more.

    CPython puts the system's handlers back first, which would end the process as if it had been killed.
    """
    with suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    _State.ending = number
    _end()


def _end() -> NoReturn:
    if _State.ending == signal.SIGTERM:
        raise SystemExit(TERMINATED)
    raise KeyboardInterrupt


def signal_exit_code() -> int:
    """The exit code of the signal that asked this process to end; 0 when none did."""
    return {0: 0, signal.SIGTERM: TERMINATED}.get(_State.ending, INTERRUPTED)


def check_signals() -> None:
    """Raise once more what a callback of some library has swallowed."""
    if _State.ending:
        _end()


def _tell_unraisable(lost: sys.UnraisableHookArgs) -> None:
    if not issubclass(lost.exc_type, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(lost)
