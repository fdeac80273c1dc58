"""Options of several commands."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from diarize.cli.error_handling import Verbosity
from diarize.config import choices_of, preset_names
from diarize.config.settings import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "SENSITIVITY",
    "SEPARATE",
    "Channel",
    "Channels",
    "FrontEndOptions",
    "Json",
    "KnownOptions",
    "Overwrite",
    "Quiet",
    "SettingsOptions",
    "SoundOptions",
    "Track",
    "Verbose",
    "check_part",
    "expand_options",
    "parse_choice",
    "parse_format",
    "parse_time",
    "refuse_word_formats",
]


def parse_choice(word: str, known: Sequence[str], what: str) -> str:
    """The word, if it is one of ``known``; a usage error with the nearest one otherwise."""
    if word.lower() not in known:
        raise typer.BadParameter(
            f"no {what} {word!r}; allowed are {', '.join(known)}{suggest(word.lower(), known)}"
        )
    return word.lower()


def parse_time(text: str | float) -> float:
    """Seconds from ``90``, ``1:30`` or ``0:01:30.5``."""
    if isinstance(text, float):
        return text
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d*)?", text):
        raise typer.BadParameter(f"{text!r} is not a time; write seconds (90 or 90.5), m:ss or h:mm:ss")
    *larger, last = text.split(":")
    parts = [*map(int, larger), float(last)]
    if any(part >= 60 for part in parts[1:]):
        raise typer.BadParameter(f"{text!r} is not a time; minutes and seconds after a colon stay under 60")
    return float(sum(part * 60**power for power, part in enumerate(reversed(parts))))


def parse_format(name: str | None) -> str | None:
    """The name of an annotation format; a usage error for another name."""
    if name is None:
        return None
    from diarize.formats import FORMATS

    return parse_choice(name, tuple(FORMATS), "format")


def refuse_word_formats(formats: Sequence[str]) -> None:
    """A usage error for a format of words, where there is no transcript."""
    if "ctm" in formats:
        raise typer.BadParameter("--format ctm needs words; use 'run --transcript FILE' or 'diarize label'")


def _preset(name: str | None) -> str | None:
    return name and parse_choice(name, preset_names(), "preset")


def _space(name: str | None) -> str | None:
    return name and parse_choice(name, choices_of("space.kind"), "space")


def _verbose(wanted: bool) -> bool:
    Verbosity.verbose = wanted
    return wanted


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", callback=_verbose, help="Print settings, versions and tracebacks on stderr."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text (docs/cli.md).")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]

_Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="File of settings (.toml), or JSON of an earlier run with its settings (.json).",
    ),
]
_Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        callback=_preset,
        help="Settings for a kind of recording; 'diarize config presets' lists them.",
    ),
]
Channel = Annotated[
    int | None,
    typer.Option("--channel", min=1, help="Channel to use, counted from 1 (default: the mean of all)."),
]
Track = Annotated[
    int | None,
    typer.Option("--track", min=1, help="Audio track to use, counted from 1 (default: 1)."),
]
_Background = Annotated[
    Path | None,
    typer.Option(
        "--background",
        metavar="FILE.npz",
        exists=True,
        dir_okay=False,
        help="Background model (default: the included one).",
    ),
]

_Embedding = Annotated[
    str | None,
    typer.Option(
        "--embedding",
        metavar="FILE|NAME",
        help="Speaker embedding: an ONNX file, or a name of 'diarize parts list' (default: the "
        "included one).",
    ),
]
_Segmentation = Annotated[
    str | None,
    typer.Option(
        "--segmentation",
        metavar="FILE|NAME",
        help="Segmentation network: an ONNX file, or a name of 'diarize parts list' (default: the included "
        "one).",
    ),
]

_SPACE_HELP = (
    "Points that are clustered (default: embedding). 'embedding': windows of speech in the space of a "
    "speaker embedding. 'mfcc': single frames, for teaching; it mostly finds phones, not people."
)


SENSITIVITY = {"less": -2.0, "usual": 0.0, "more": 2.0}
"""The value of ``speech.bias``, log odds in nats, by word."""


def _sensitivity(word: str | None) -> str | None:
    return word and parse_choice(word, tuple(SENSITIVITY), "sensitivity")


_Sensitivity = Annotated[
    str | None,
    typer.Option(
        "--sensitivity",
        metavar="less|usual|more",
        callback=_sensitivity,
        help="How much sound is detected as speech: more finds quiet speech, less ignores noise "
        "(default: usual).",
    ),
]


@dataclass(frozen=True, slots=True)
class SettingsOptions:
    """Options that change settings; None keeps the value of presets and files."""

    speakers: Annotated[
        int | None,
        typer.Option("--speakers", min=1, max=100, help="Number of speakers, if you know it."),
    ] = None
    min_speakers: Annotated[
        int | None,
        typer.Option("--min-speakers", min=1, max=100, help="Smallest number of speakers (default: 1)."),
    ] = None
    max_speakers: Annotated[
        int | None,
        typer.Option("--max-speakers", min=1, max=100, help="Largest number of speakers (default: 20)."),
    ] = None
    config: _Config = None
    preset: _Preset = None
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of all random numbers (default: 0).")
    ] = None
    channel: Channel = None
    track: Track = None
    space: Annotated[
        str | None, typer.Option("--space", metavar="embedding|mfcc", callback=_space, help=_SPACE_HELP)
    ] = None
    speech: Annotated[
        str | None,
        typer.Option(
            "--speech",
            metavar="network|hmm|energy|silero|FILE",
            help="Speech detector, or a file with the intervals of speech: UEM, RTTM or lab (default: "
            "network).",
        ),
    ] = None
    background: _Background = None
    sensitivity: _Sensitivity = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any setting of 'diarize config show', such as speech.bias=2; can be repeated.",
        ),
    ] = None
    embedding: _Embedding = None
    segmentation: _Segmentation = None


SEPARATE = "separate"
Channels = Annotated[
    str,
    typer.Option(
        "--channels",
        metavar="mix|separate",
        callback=lambda word: parse_choice(word, ("mix", SEPARATE), "value of --channels"),
        help="mix: the mean of all channels; separate: each channel alone, for calls with one side per "
        "channel.",
    ),
]


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """Options that select a part of a recording."""

    start: Annotated[
        float,
        typer.Option(
            "--start",
            parser=parse_time,
            metavar="TIME",
            show_default=False,
            help="Start of the part to use: seconds, m:ss or h:mm:ss (default: the start of the recording).",
        ),
    ] = 0.0
    end: Annotated[
        float | None,
        typer.Option(
            "--end",
            parser=parse_time,
            metavar="TIME",
            help="End of the part to use: seconds, m:ss or h:mm:ss (default: the end of the recording).",
        ),
    ] = None
    channels: Channels = "mix"


@dataclass(frozen=True, slots=True)
class KnownOptions:
    """Options about voices that are known by name."""

    known: Annotated[
        Path | None,
        typer.Option(
            "--known",
            metavar="DIR",
            help="Folder of voices that 'diarize enroll' saved; speakers with such a voice get its name.",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="NATS",
            help="Least log odds, in nats, at which two voices are taken for one person; 4.6 suits if one "
            "speaker in 100 is expected to be that person (default: 4.6).",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class FrontEndOptions:
    """Options of the front end, for commands that do not cluster."""

    config: _Config = None
    preset: _Preset = None
    channel: Channel = None
    track: Track = None
    embedding: _Embedding = None
    segmentation: _Segmentation = None
    background: _Background = None


def check_part(sound: SoundOptions) -> SoundOptions:
    """The options, if the part ends after its start; a usage error otherwise."""
    if sound.end is not None and sound.end <= sound.start:
        raise typer.BadParameter(f"--end {sound.end:g} s is not after --start {sound.start:g} s")
    return sound


def expand_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with the fields of each dataclass of options as parameters."""
    hints = get_type_hints(command, include_extras=True)
    parameters, groups = [], {}
    for name, each in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _options_of(hints[name])
        else:
            parameters.append(each.replace(annotation=hints[name], kind=each.KEYWORD_ONLY))

    @wraps(command)
    def called(**values: Any) -> None:
        for name, kind in groups.items():
            values[name] = kind(**{f.name: values.pop(f.name) for f in fields(kind)})
        command(**values)

    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _options_of(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(kind)
    ]
