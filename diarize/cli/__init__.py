"""The front door: ``diarize COMMAND``. Only arguments, printing and exit codes; nothing imports it."""

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
