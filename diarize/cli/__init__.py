"""The command line: ``diarize COMMAND``.

In come arguments; out go printed text, files and exit codes. Every other room may be used here, when a
command runs; nothing imports it.
"""

from diarize.cli.signals import catch_signals, ignore_signals, leave_interrupted

__all__ = ["main"]


def main() -> None:
    """The program ``diarize``; Ctrl-C ends it in one line from here on."""
    try:
        catch_signals()
        from diarize.cli.app import program

        program()
    except KeyboardInterrupt:
        leave_interrupted()
    finally:
        ignore_signals()
