"""Exceptions. Each message says what was given, what is allowed, and what to try."""

from __future__ import annotations

__all__ = [
    "AudioError",
    "ClusterError",
    "ConfigError",
    "DiarizeError",
    "FormatError",
    "InputError",
    "ModelError",
    "OutputError",
    "PartError",
    "SpeakerCountError",
]


class DiarizeError(Exception):
    """Base of every error that a user can cause; its text is one line to show to the user."""


class AudioError(DiarizeError):
    """A recording that cannot be read or has nothing in it to work on."""


class InputError(AudioError, TypeError):
    """The argument is not a recording."""


class ClusterError(DiarizeError):
    """A cluster that cannot be reached or cannot do the work."""


class ConfigError(DiarizeError, ValueError):
    """A setting that is unknown, of the wrong type or out of range."""


class FormatError(DiarizeError, ValueError):
    """An annotation file that does not follow its format."""


class ModelError(DiarizeError):
    """Data or parameters from which a model cannot be fitted or loaded."""


class SpeakerCountError(DiarizeError, ValueError):
    """More speakers requested than the speech allows; ``possible``: the largest possible number."""

    def __init__(self, text: str, possible: int) -> None:
        super().__init__(text)
        self.possible = possible


class OutputError(DiarizeError):
    """A result that cannot be written where it was asked for."""


class PartError(DiarizeError):
    """A part, such as an embedding in an ONNX file, that cannot be fetched, read or used."""
