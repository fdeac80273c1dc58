"""``diarize score``: score turns against a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diarize.cli.files import check_exists, or_empty, read_annotations
from diarize.cli.options import Json, Verbose
from diarize.cli.printing import (
    escape_controls,
    format_percent,
    format_table,
    print_json,
    print_note,
    print_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarize.scoring import FileScore, PooledScore
    from diarize.types import Score

__all__ = ["score"]

HEAD = ("recording", "DER", "miss", "false alarm", "confusion", "total", "JER", "speakers", "found")


_Uem = Annotated[
    Path | None,
    typer.Option(
        "--uem",
        metavar="FILE",
        help="UEM file, or folder of them: the intervals to score (default: all).",
    ),
]
_Collar = Annotated[
    float,
    typer.Option(
        "--collar",
        min=0,
        metavar="SECONDS",
        help="Time on EACH side of every reference boundary that is not scored.",
    ),
]
_Detail = Annotated[
    bool,
    typer.Option("--detail", help="Also print scores of each speaker, purity, coverage and speaker changes."),
]
_Anyway = Annotated[
    bool, typer.Option("--anyway", help="Score two files even if they name different recordings.")
]


def score(
    reference: Annotated[
        Path, typer.Argument(metavar="REF", help="The reference: a file, or a folder of files.")
    ],
    hypothesis: Annotated[
        Path, typer.Argument(metavar="HYP", help="The hypothesis to score: a file, or a folder of files.")
    ],
    *,
    uem: _Uem = None,
    collar: _Collar = 0.0,
    skip_overlap: Annotated[
        bool,
        typer.Option(
            "--skip-overlap", help="Do not score intervals in which two or more reference speakers talk."
        ),
    ] = False,
    detail: _Detail = False,
    anyway: _Anyway = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Print the diarization error rate (DER) and its parts, per recording and pooled.

    Files can be in any readable format, also of other programs. Recordings are matched by name.
    """
    from diarize.scoring import score_files

    truth = or_empty(read_annotations(reference), reference)
    answers, maps = read_annotations(hypothesis), _read_uems(uem) if uem else None
    if len(truth) == 1:
        others = {hypothesis: answers, **({uem: maps} if uem and maps else {})}
        _check_others(next(iter(truth)), others, anyway=anyway or not _names_recordings(reference))
        answers = or_empty(answers, hypothesis)
    result = score_files(truth, answers, uems=maps, collar=collar, skip_overlap=skip_overlap)
    if json:
        print_json(_build_document(result))
    else:
        print_text(_format_summary(result) + (f"\n\n{_format_detail(result)}" if detail else ""))


def _check_others(recording: str, given: Mapping[Path, Mapping[str, Any]], *, anyway: bool) -> None:
    """Refuse a file about one other recording or, with --anyway, use it with a note."""
    from diarize.annotation.names import find_name
    from diarize.errors import FormatError

    for path, found in given.items():
        if len(found) == 1 and find_name(recording, found) is None:
            name = next(iter(found))
            if not anyway and _names_recordings(path):
                raise FormatError(
                    f"{path}: about {name!r}, and the reference is about {recording!r}; --anyway scores them"
                )
            print_note(f"note: {path} is about {name!r}; used for {recording!r}")


def _names_recordings(path: Path) -> bool:
    """Whether the names of recordings are in the file itself, not taken from the name of the file."""
    from diarize.formats import FORMATS

    named = {each.suffix for each in FORMATS.values() if each.several}
    return path.is_dir() or (path.suffix.lower() in named and path.stat().st_size > 0)


def _read_uems(path: Path) -> dict[str, Any]:
    """The intervals to evaluate, by recording, from a UEM file or the UEM files of a folder."""
    from diarize.formats import read_uem

    files = sorted(path.glob("*.uem")) if check_exists(path).is_dir() else [path]
    return {name: spans for each in files for name, spans in read_uem(each).items()}


def _score_fields(score: Score) -> dict[str, float]:
    return {
        "total": round(score.total, 6),
        "missed": round(score.missed, 6),
        "false_alarm": round(score.false_alarm, 6),
        "confusion": round(score.confusion, 6),
    }


def _file_fields(each: FileScore) -> dict[str, Any]:
    return {
        "recording": each.recording,
        "der": each.der,
        "jer": each.jer,
        **_score_fields(each.score),
        "scored": round(each.scored, 6),
        "reference_speakers": each.reference_speakers,
        "hypothesis_speakers": each.hypothesis_speakers,
        "mapping": each.mapping,
        **_more_fields(each),
        "speakers": [
            {
                "speaker": row.speaker,
                "matched": row.matched,
                "seconds": round(row.seconds, 6),
                "found": round(row.found, 6),
                "false": round(row.false, 6),
                "jer": row.jer,
            }
            for row in each.speakers
        ],
    }


def _more_fields(each: FileScore | PooledScore) -> dict[str, Any]:
    return {
        "purity": each.purity.purity,
        "coverage": each.purity.coverage,
        "change_precision": each.changes.precision,
        "change_recall": each.changes.recall,
        "change_f1": each.changes.f1,
    }


def _build_document(result: PooledScore) -> dict[str, Any]:
    return {
        "protocol": str(result.protocol),
        "collar": result.protocol.collar,
        "skip_overlap": result.protocol.skip_overlap,
        "der": result.der,
        "jer": result.jer,
        **_score_fields(result.score),
        "speaker_count_error": result.speaker_count_error,
        **_more_fields(result),
        "files": [_file_fields(each) for each in result.files],
        "unanswered": list(result.unanswered),
        "ungraded": list(result.ungraded),
    }


def _format_summary(result: PooledScore) -> str:
    """The table with its protocol, and what was not scored."""
    rows = [
        (each.recording, *_format_rates(each), str(each.reference_speakers), str(each.hypothesis_speakers))
        for each in result.files
    ]
    if len(rows) > 1:
        rows.append(("all", *_format_rates(result), "", f"{result.speaker_count_right}/{len(rows)} right"))
    parts = "miss, false alarm and confusion in seconds and % of the total speaker time"
    protocol_line = f"protocol: {result.protocol}; {parts}"
    lines = [format_table(HEAD, rows, indent=""), protocol_line]
    if result.der is None:
        lines.append("note: no reference speech is scored, so there is no rate")
    lines += [
        f"note: {escape_controls(name)} has no hypothesis and counts as missed" for name in result.unanswered
    ]
    lines += [
        f"note: {escape_controls(name)} is not scored (not in the reference, or not in the UEM)"
        for name in result.ungraded
    ]
    return "\n".join(lines)


def _format_rates(graded: FileScore | PooledScore) -> tuple[str, ...]:
    score = graded.score
    parts = (score.missed, score.false_alarm, score.confusion)
    shown_parts = (f"{part:.2f} ({_format_share(part, score.total)})" for part in parts)
    return (format_percent(graded.der), *shown_parts, f"{score.total:.2f}", format_percent(graded.jer))


def _format_share(part: float, total: float) -> str:
    return format_percent(part / total) if total else "-"


def _format_detail(result: PooledScore) -> str:
    """Each reference speaker with the matched speaker, then purity, coverage and speaker changes."""
    rows = [
        (
            f"{each.recording}: {row.speaker}",
            row.matched or "nobody",
            f"{row.seconds:.2f}",
            f"{row.found:.2f}",
            f"{row.false:.2f}",
            format_percent(row.jer),
        )
        for each in result.files
        for row in each.speakers
    ]
    more, changes = _more_fields(result), result.changes
    return "\n".join(
        [
            *(
                [
                    format_table(
                        ("speaker", "matched with", "seconds", "found", "false alarm", "JER"), rows, indent=""
                    )
                ]
                * bool(rows)
            ),
            f"purity {format_percent(more['purity'])}, coverage {format_percent(more['coverage'])}",
            f"speaker changes within ±0.5 s: {changes.matched} of {changes.true} true ones among "
            f"{changes.found} found; precision {format_percent(changes.precision)}, "
            f"recall {format_percent(changes.recall)}",
        ]
    )
