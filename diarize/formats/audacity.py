"""Audacity label tracks: one ``start<TAB>end<TAB>label`` per line, in seconds with six decimals.

Source: the Audacity manual, *Importing and Exporting Labels*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation, Turn

__all__ = ["read", "write"]


def read(text: str, source: str = "text.txt") -> dict[str, Annotation]:
    """The annotation, under the name of the file.

    Point labels and the lines of a spectral selection (they start with ``\\\\``) are skipped. Raises
    FormatError for anything else.
    """
    recording = lines.recording_name(source)
    marks: dict[str, int] = {}
    rows = [_turn(line, marks) for line in lines.number_lines(text, source, comments=("\\",))]
    return lines.group_by_recording([(recording, None), *((recording, row) for row in rows)])


def _turn(line: lines.Line, marks: dict[str, int]) -> Turn | None:
    fields = line.text.split("\t", 2)
    if len(fields) < 3:
        raise line.error(f"{len(fields)} fields; a label has three, separated by tabs: start, end, label")
    start, end = lines.restore_decimal_points(line, [field.strip() for field in fields[:2]], marks)
    return line.turn(
        line.parse_number(start, "the start"), line.parse_number(end, "the end"), fields[2].strip()
    )


def write(annotations: Sequence[Annotation]) -> str:
    """Boundaries on the millisecond; tabs and line ends in names become spaces."""
    annotation = lines.require_one_annotation(annotations, "Audacity")
    names = lines.make_labels(annotation.speakers)
    return "".join(
        f"{times.seconds(start)}000\t{times.seconds(end)}000\t{names[turn.speaker]}\n"
        for start, end, turn in times.round_turns(annotation)
    )
