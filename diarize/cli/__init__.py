"""The front door: ``diarize COMMAND``. Only arguments, printing and exit codes; nothing imports it."""

from diarize.cli.app import app, main

__all__ = ["app", "main"]
