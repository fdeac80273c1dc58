"""Times in whole milliseconds, as in all files."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarize.annotation import Annotation, Turn

__all__ = ["milliseconds", "round_annotation", "round_turns"]


def milliseconds(value: float) -> int:
    """The nearest whole millisecond to a time in seconds, halves up."""
    return math.floor(value * 1000 + 0.5)


def round_turns(annotation: Annotation) -> list[tuple[int, int, Turn]]:
    """Every turn with its boundaries in whole milliseconds; turns that vanish in the rounding are left out.

    Boundaries are rounded, never durations, so turns that touch still touch.
    """
    rows = [(milliseconds(turn.start), milliseconds(turn.end), turn) for turn in annotation.turns]
    return [row for row in rows if row[1] > row[0]]


def round_annotation(annotation: Annotation) -> Annotation:
    """The turns with rounded boundaries and confidences of four decimals, as a file has them."""
    turns = tuple(
        replace(
            turn,
            start=start / 1000,
            end=end / 1000,
            confidence=None if turn.confidence is None else round(turn.confidence, 4),
        )
        for start, end, turn in round_turns(annotation)
    )
    return replace(annotation, turns=turns)
