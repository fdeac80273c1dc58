"""``diarize changes``: when somebody else begins to speak."""

from __future__ import annotations

import csv
import io
import json as json_text
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import existing, refuse_existing
from diarize.cli.options import Json, Overwrite, Settings, Sound, Verbose, checked, expanded, one_of
from diarize.cli.printing import clock, say, say_json, shown, table
from diarize.cli.settings import diarized, resolved, speech_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.config import Config
    from diarize.segmentation import Change

__all__ = ["changes"]

METHODS = ("posteriors", "bic")
FORMATS = ("table", "csv", "json", "audacity")
SUFFIXES = {".csv": "csv", ".json": "json", ".txt": "audacity"}
COLUMNS = ("time", "probability", "delta_bic", "before", "after")

_Format = Annotated[
    str | None, typer.Option("--format", "-f", help="table (the default), csv, json or audacity.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document (as --format json).")]


@dataclass(frozen=True, slots=True)
class _Found:
    """Changes of a recording, how they were found, and what was odd about it."""

    recording: str
    changes: tuple[Change, ...]
    method: dict[str, Any]
    duration: float
    speech_seconds: float
    notes: tuple[str, ...]


@expanded
def changes(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="A recording of any usual kind.")],
    *,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="posteriors|bic",
            help="posteriors: who speaks, first; bic: the sound alone, without speaker models.",
        ),
    ] = "posteriors",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="Only changes more probable than this (0.5)."),
    ] = None,
    penalty: Annotated[
        float | None, typer.Option("--penalty", min=0, help="With bic: larger finds fewer changes (2).")
    ] = None,
    settings: Settings = Settings(),  # noqa: B008 - a frozen value
    sound: Sound = Sound(),  # noqa: B008
    format: _Format = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write there: .csv, .json or .txt (Audacity)."),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Print when somebody else begins to speak, how probable that is, and who spoke before and after."""
    kind = _kind(format, output, json=json)
    _check_method(one_of(method, METHODS, "method"), threshold, penalty, settings)
    config, part = resolved(settings), checked(sound)
    if output:
        refuse_existing(output, overwrite=overwrite)
    if method.lower() == "bic":
        found = _by_bic(existing(audio), config, part, penalty)
    else:
        found = _by_posteriors(audio, config, part, speech_of(settings), threshold, quiet=kind != "table")
    _told(found, audio, config, kind, output, overwrite=overwrite)


def _kind(format: str | None, output: Path | None, *, json: bool) -> str:
    """What is printed or written; a usage error where options contradict each other."""
    named = one_of(format, FORMATS, "format") if format else None
    if json and named not in (None, "json"):
        raise typer.BadParameter(f"--json contradicts --format {named}; leave one of them out")
    if named or json or output is None:
        return named or ("json" if json else "table")
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise typer.BadParameter(f"{output}: the suffix {suffix!r} is not one of {known}; name the --format")
    return SUFFIXES[suffix]


def _check_method(method: str, threshold: float | None, penalty: float | None, asked: Settings) -> None:
    """No option is silently ignored."""
    if method == "posteriors":
        if penalty is not None:
            raise typer.BadParameter("--penalty is for --method bic; posteriors have a --threshold")
        return
    if threshold is not None:
        raise typer.BadParameter("--threshold is of probabilities, which bic has not; give it a --penalty")
    for name in ("speakers", "min_speakers", "max_speakers", "space", "seed"):
        if getattr(asked, name) is not None:
            option = name.replace("_", "-")
            raise typer.BadParameter(f"--{option} is for --method posteriors; bic knows no speakers")
    if speech_of(asked):
        raise typer.BadParameter("--speech FILE is for --method posteriors; bic takes hmm, energy or silero")


def _by_posteriors(
    audio: Path, config: Config, part: Sound, speech: Path | None, threshold: float | None, *, quiet: bool
) -> _Found:
    from diarize.segmentation import by_posteriors

    least = 0.5 if threshold is None else threshold
    result = diarized(audio, config, part, speech, quiet=quiet)
    return _Found(
        result.annotation.recording,
        _later(by_posteriors(result.posteriors, threshold=least), part.start),
        {"method": "posteriors", "threshold": least},
        result.duration,
        result.speech.seconds,
        result.notes,
    )


def _later(found: Sequence[Change], start: float) -> tuple[Change, ...]:
    """Changes of a stretch on the clock of the file."""
    return tuple(replace(change, time=change.time + start) for change in found)


def _by_bic(audio: Path, config: Config, part: Sound, penalty: float | None) -> _Found:
    from diarize.audio import open_recording
    from diarize.pipeline import speech_mask
    from diarize.segmentation import BicSettings, bic_features, by_bic

    settings = BicSettings() if penalty is None else BicSettings(penalty=penalty)
    heard = config.audio
    opened = open_recording(
        audio,
        rate=heard.rate,
        channel=heard.channel or None,
        track=heard.track,
        start=part.start,
        end=part.end,
    )
    features = bic_features((block.samples for block in opened.blocks()), config)
    mask = speech_mask(audio, config, start=part.start, end=part.end)
    found = _later(by_bic(features, mask, settings), part.start)
    method = {"method": "bic", "penalty": settings.penalty}
    return _Found(opened.id, found, method, features.grid.duration, mask.seconds, tuple(opened.notes))


def _told(
    found: _Found, audio: Path, config: Config, kind: str, output: Path | None, *, overwrite: bool
) -> None:
    """Print the changes, or write them and say so."""
    if output is None and kind == "json":
        say_json(_document(found, audio, config))
        return
    text = _text(found, audio, config, kind)
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    from diarize.formats import write_text

    write_text(output, text if text.endswith("\n") else text + "\n", overwrite=overwrite)
    say(f"wrote {shown(output)} (changes: {len(found.changes)})")


def _text(found: _Found, audio: Path, config: Config, kind: str) -> str:
    if kind == "csv":
        return _csv(found.changes)
    if kind == "audacity":
        return "".join(f"{c.time:.6f}\t{c.time:.6f}\t{_label(c)}\n" for c in found.changes)
    if kind == "json":
        return json_text.dumps(_document(found, audio, config), indent=2, ensure_ascii=False)
    return _table(found, audio.name)


def _cells(change: Change) -> tuple[str, ...]:
    """The columns of a change as text; empty where the method does not tell."""
    sure = "" if change.probability is None else f"{change.probability:.4f}"
    gain = "" if change.delta_bic is None else f"{change.delta_bic:.2f}"
    return f"{change.time:.3f}", sure, gain, change.before or "", change.after or ""


def _csv(found: Sequence[Change]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(map(_cells, found))
    return text.getvalue()


def _label(change: Change) -> str:
    """A label of an Audacity track, on one line and without tabs."""
    if change.probability is None:
        return f"change ({change.delta_bic:.0f})"
    return shown(f"{change.before} > {change.after} ({change.probability:.2f})")


def _table(found: _Found, title: str) -> str:
    method = ", ".join(f"{key} {value}" for key, value in found.method.items())
    head = f"{shown(title)}: {clock(found.duration)} long, {len(found.changes)} changes of speaker ({method})"
    rows = [(clock(c.time), *_cells(c)) for c in found.changes]
    used = [0, 1, *(i for i in range(2, 6) if any(row[i] for row in rows))]
    names = ("at", "seconds", "probability", "nats", "before", "after")
    lines = [table([names[i] for i in used], [[row[i] for i in used] for row in rows])] if rows else []
    return "\n".join([head, *lines, *(f"  note: {shown(note)}" for note in found.notes)])


def _document(found: _Found, audio: Path, config: Config) -> dict[str, Any]:
    from diarize.pipeline import versions

    return {
        "recording": found.recording,
        "audio": str(audio),
        **found.method,
        "duration": round(found.duration, 3),
        "speech_seconds": round(found.speech_seconds, 3),
        "changes": [_rounded(asdict(change)) for change in found.changes],
        "notes": list(found.notes),
        "versions": versions(),
        "config": asdict(config),
        "config_digest": config.digest,
    }


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in fields.items()}
