"""``diarize changes``: when the speaker changes."""

from __future__ import annotations

import csv
import io
import json as json_text
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import check_exists, match_annotation, or_empty, read_annotations, refuse_existing
from diarize.cli.options import (
    Json,
    Overwrite,
    SettingsOptions,
    SoundOptions,
    Verbose,
    check_part,
    expand_options,
    parse_choice,
)
from diarize.cli.printing import (
    escape_controls,
    format_clock,
    format_percent,
    format_table,
    print_json,
    print_note,
    print_text,
)
from diarize.cli.settings import diarize_with_progress, resolve_config, speech_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.config import Config
    from diarize.resegmentation.changes import Change
    from diarize.scoring import ChangeScore

__all__ = ["changes"]

METHODS = ("posteriors", "bic")
FORMATS = ("table", "csv", "json", "audacity")
SUFFIXES = {".csv": "csv", ".json": "json", ".txt": "audacity"}
COLUMNS = ("time", "probability", "delta_bic", "before", "after")

_Format = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", metavar="NAME", help="Output format: table, csv, json or audacity (default: table)."
    ),
]


def _method(word: str) -> str:
    return parse_choice(word, METHODS, "method")


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """Options for finding changes."""

    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="posteriors|bic",
            callback=_method,
            help="posteriors: diarize first; bic: compare the sound before and after, without speakers.",
        ),
    ] = "posteriors"
    min_probability: Annotated[
        float | None,
        typer.Option(
            "--min-probability",
            min=0,
            max=1,
            metavar="P",
            help="Only changes more probable than this (default: 0.5).",
        ),
    ] = None
    penalty: Annotated[
        float | None,
        typer.Option(
            "--penalty",
            min=0,
            metavar="L",
            help="Weight λ of the penalty of bic; a larger one finds fewer changes (default: 2).",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ReferenceOptions:
    """Options for scoring the changes."""

    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference", metavar="FILE", help="Reference turns, with which the changes are scored."
        ),
    ] = None
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            min=0,
            metavar="SECONDS",
            help="Largest distance of a change from its match in --reference (default: 0.5).",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class _FoundChanges:
    """Changes of a recording, the method and its settings, notes, and a score if there is a reference."""

    recording: str
    changes: tuple[Change, ...]
    method: dict[str, Any]
    duration: float
    speech_seconds: float
    notes: tuple[str, ...]
    graded: ChangeScore | None = None
    tolerance: float = 0.0


@expand_options
def changes(
    audio: Annotated[
        Path, typer.Argument(metavar="AUDIO", help="A recording (WAV, FLAC, MP3, M4A and others).")
    ],
    *,
    method_options: MethodOptions = MethodOptions(),
    reference_options: ReferenceOptions = ReferenceOptions(),
    settings: SettingsOptions = SettingsOptions(),  # noqa: B008 - a frozen value
    sound: SoundOptions = SoundOptions(),  # noqa: B008
    format: _Format = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .csv, .json or .txt for Audacity (default: print).",
        ),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    overwrite: Overwrite = False,
) -> None:
    """Print the speaker changes: time, probability, and the speakers before and after."""
    kind = _output_format(format, output, json=json)
    _check_method(method_options, settings)
    _check_reference(reference_options)
    config, part = resolve_config(settings), check_part(sound)
    if output:
        refuse_existing(output, overwrite=overwrite)
    if method_options.method == "bic":
        found = _find_by_bic(check_exists(audio), config, part, method_options.penalty)
    else:
        found = _find_by_posteriors(
            audio, config, part, speech_file(settings), method_options.min_probability, quiet=kind != "table"
        )
    found = _score_found(found, reference_options, part, quiet=kind != "table")
    _print_or_write(found, audio, config, kind, output, overwrite=overwrite)


def _output_format(format: str | None, output: Path | None, *, json: bool) -> str:
    """The output format; a usage error where options contradict each other."""
    named = parse_choice(format, FORMATS, "format") if format else None
    if json and named not in (None, "json"):
        raise typer.BadParameter(f"--json contradicts --format {named}; leave one of them out")
    if named or json or output is None:
        return named or ("json" if json else "table")
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise typer.BadParameter(f"{output}: the suffix {suffix!r} is not one of {known}; name the --format")
    return SUFFIXES[suffix]


def _check_reference(reference_options: ReferenceOptions) -> None:
    """Check before any long work that the reference can be read."""
    if reference_options.reference:
        read_annotations(reference_options.reference)
    elif reference_options.tolerance is not None:
        raise typer.BadParameter("--tolerance is for --reference FILE; give both, or leave --tolerance out")


def _check_method(method_options: MethodOptions, asked: SettingsOptions) -> None:
    """Raise a usage error for options that the method does not use."""
    if method_options.method == "posteriors":
        if method_options.penalty is not None:
            raise typer.BadParameter("--penalty is for --method bic; use --min-probability")
        return
    if method_options.min_probability is not None:
        raise typer.BadParameter("--min-probability is for --method posteriors; use --penalty")
    for name in ("speakers", "min_speakers", "max_speakers", "space", "seed"):
        if getattr(asked, name) is not None:
            option = name.replace("_", "-")
            raise typer.BadParameter(
                f"--{option} is for --method posteriors; bic does not use speakers; leave it out"
            )
    if speech_file(asked):
        raise typer.BadParameter("--speech FILE is for --method posteriors; bic takes hmm, energy or silero")


def _find_by_posteriors(
    audio: Path,
    config: Config,
    part: SoundOptions,
    speech: Path | None,
    min_probability: float | None,
    *,
    quiet: bool,
) -> _FoundChanges:
    from diarize.resegmentation.changes import changes_by_posteriors

    least = 0.5 if min_probability is None else min_probability
    result = diarize_with_progress(audio, config, part, speech, quiet=quiet)
    return _FoundChanges(
        result.annotation.recording,
        _shift_to_file_clock(changes_by_posteriors(result.posteriors, min_probability=least), part.start),
        {"method": "posteriors", "min_probability": least},
        result.duration,
        result.speech.seconds,
        result.notes,
    )


def _score_found(
    found: _FoundChanges, reference_options: ReferenceOptions, part: SoundOptions, *, quiet: bool
) -> _FoundChanges:
    """The changes with their score, if there is a reference."""
    if reference_options.reference is None:
        return found
    from diarize.scoring import CHANGE_TOLERANCE, score_changes

    known = or_empty(read_annotations(reference_options.reference), reference_options.reference)
    reference = match_annotation(known, found.recording, reference_options.reference, quiet=quiet)
    whole = reference.crop(part.start, part.start + found.duration)
    times = [change.time for change in found.changes]
    tolerance = CHANGE_TOLERANCE if reference_options.tolerance is None else reference_options.tolerance
    return replace(found, graded=score_changes(whole, times, tolerance=tolerance), tolerance=tolerance)


def _shift_to_file_clock(found: Sequence[Change], start: float) -> tuple[Change, ...]:
    """Changes of a part of a recording, in seconds of the file."""
    return tuple(replace(change, time=change.time + start) for change in found)


def _find_by_bic(audio: Path, config: Config, part: SoundOptions, penalty: float | None) -> _FoundChanges:
    from diarize.pipeline import speech_features
    from diarize.resegmentation.changes import BicSettings, bic_features, changes_by_bic

    settings = BicSettings() if penalty is None else BicSettings(penalty=penalty)
    front, mask = speech_features(audio, config, start=part.start, end=part.end)
    features = bic_features(front.features, front.band, front.acoustics)
    found = _shift_to_file_clock(changes_by_bic(features, mask, settings), part.start)
    method = {"method": "bic", "penalty": settings.penalty}
    notes = front.sound.notes()
    return _FoundChanges(front.sound.name, found, method, features.grid.duration, mask.seconds, notes)


def _print_or_write(
    found: _FoundChanges, audio: Path, config: Config, kind: str, output: Path | None, *, overwrite: bool
) -> None:
    """Print the changes, or write them to a file."""
    if output is None and kind == "json":
        print_json(_build_document(found, audio, config))
        return
    if found.graded and kind in ("csv", "audacity"):
        print_note(_format_score(found.graded, found.tolerance).strip())
    text = _format_output(found, audio, config, kind)
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    from diarize.files import write_text

    write_text(output, text if text.endswith("\n") else text + "\n", overwrite=overwrite)
    print_text(f"wrote {escape_controls(output)} (changes: {len(found.changes)})")


def _format_output(found: _FoundChanges, audio: Path, config: Config, kind: str) -> str:
    if kind == "csv":
        return _format_csv(found.changes)
    if kind == "audacity":
        return "".join(f"{c.time:.6f}\t{c.time:.6f}\t{_format_label(c)}\n" for c in found.changes)
    if kind == "json":
        return json_text.dumps(_build_document(found, audio, config), indent=2, ensure_ascii=False)
    return _format_changes(found, audio.name)


def _format_cells(change: Change) -> tuple[str, ...]:
    """The columns of a change as text, empty if the method does not give them."""
    sure = "" if change.probability is None else f"{change.probability:.4f}"
    gain = "" if change.delta_bic is None else f"{change.delta_bic:.2f}"
    return f"{change.time:.3f}", sure, gain, change.before or "", change.after or ""


def _format_csv(found: Sequence[Change]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(map(_format_cells, found))
    return text.getvalue()


def _format_label(change: Change) -> str:
    """A label of an Audacity track, on one line and without tabs."""
    if change.probability is None:
        return f"change ({change.delta_bic:.0f})"
    return escape_controls(f"{change.before} > {change.after} ({change.probability:.2f})")


def _format_changes(found: _FoundChanges, title: str) -> str:
    method = ", ".join(f"{key.replace('_', '-')} {value}" for key, value in found.method.items())
    n, shown = len(found.changes), escape_controls(title)
    head = f"{shown}: {format_clock(found.duration)} long, {n} speaker change{'s' * (n != 1)} ({method})"
    rows = [(format_clock(c.time), *_format_cells(c)) for c in found.changes]
    used = [0, 1, *(i for i in range(2, 6) if any(row[i] for row in rows))]
    names = ("at", *COLUMNS)
    lines = [format_table([names[i] for i in used], [[row[i] for i in used] for row in rows])] if rows else []
    lines += [_format_score(found.graded, found.tolerance)] if found.graded else []
    return "\n".join([head, *lines, *(f"  note: {escape_controls(note)}" for note in found.notes)])


def _format_score(graded: ChangeScore, tolerance: float) -> str:
    return (
        f"  within ±{tolerance:g} s: {graded.matched} of {graded.true} true changes among {graded.found} "
        f"found; precision {format_percent(graded.precision)}, recall {format_percent(graded.recall)}, "
        f"F1 {format_percent(graded.f1)}, purity {format_percent(graded.purity)}, coverage "
        f"{format_percent(graded.coverage)}"
    )


def _score_fields(graded: ChangeScore, tolerance: float) -> dict[str, Any]:
    return {
        "tolerance": tolerance,
        "true": graded.true,
        "found": graded.found,
        "matched": graded.matched,
        "precision": graded.precision,
        "recall": graded.recall,
        "f1": graded.f1,
        "purity": graded.purity,
        "coverage": graded.coverage,
    }


def _build_document(found: _FoundChanges, audio: Path, config: Config) -> dict[str, Any]:
    from diarize.pipeline import provenance

    return {
        "recording": found.recording,
        "audio": str(audio),
        **found.method,
        "duration": round(found.duration, 3),
        "speech_seconds": round(found.speech_seconds, 3),
        "changes": [_round_values(asdict(change)) for change in found.changes],
        **({"score": _score_fields(found.graded, found.tolerance)} if found.graded else {}),
        "notes": list(found.notes),
        **provenance(config).to_dict(),
    }


def _round_values(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in fields.items()}
