"""A transcript for reading: ``[0:03] Anna: …``, a new paragraph for each change of speaker; only written."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation, Turn

__all__ = ["write"]


def write(annotations: Sequence[Annotation]) -> str:
    """Consecutive turns of one speaker are one paragraph; without words, only times and names are written."""
    annotation = lines.require_one_annotation(annotations, "text")
    names = lines.make_labels(annotation.speakers)
    rows = times.round_turns(annotation)
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row[2].speaker)]
    return "\n".join(_paragraph(group, names[group[0][2].speaker]) for group in groups)


def _paragraph(rows: Sequence[tuple[int, int, Turn]], name: str) -> str:
    said = " ".join(filter(None, (lines.one_line(turn.text or "") for *_, turn in rows)))
    return f"[{_clock(rows[0][0])}] {name}{f': {said}' if said else ''}\n"


def _clock(ms: int) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on, rounded down."""
    minutes, second = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}" if minutes >= 60 else f"{minutes}:{second:02d}"
