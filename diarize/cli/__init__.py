"""The command line: ``diarize COMMAND``.

Input: arguments. Output: printed text, files and exit codes. A command may use every other room; nothing
imports this one.
"""

from diarize.cli.signals import catch_signals, exit_interrupted, ignore_signals

__all__ = ["main"]


def main() -> None:
    """Run the program ``diarize``; from here on, Ctrl-C ends it with one line."""
    try:
        catch_signals()
        from diarize.cli.app import program

        program()
    except KeyboardInterrupt:
        exit_interrupted()
    finally:
        ignore_signals()
