"""lab: one ``start end label`` per line, in seconds, one recording per file (pyannote.database; WaveSurfer).

HTK's files with the same suffix count in units of 100 ns. They are recognised when all times are whole
numbers and one of them is a million or more (eleven days in seconds). Source: *The HTK Book*, label files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.annotation import Annotation, Turn

__all__ = ["read", "write"]

_PAUSES = frozenset({"sil", "sp", "pau"})  # labels of HTK in which nobody speaks


def read(text: str, source: str = "text.lab") -> dict[str, Annotation]:
    """The annotation, under the name of the file; a label is the rest of its line.

    Comments (``;``, ``#``) and turns of no length are skipped. Raises FormatError for anything else.
    """
    recording = lines.recording_name(source)
    found = list(lines.number_lines(text, source, comments=(";", "#")))
    marks: dict[str, int] = {}
    turns = [_htk_turn(line) for line in found] if _is_htk(found) else [_turn(line, marks) for line in found]
    return lines.group_by_recording([(recording, None), *((recording, turn) for turn in turns)])


def _turn(line: lines.Line, marks: dict[str, int]) -> Turn | None:
    fields = line.fields()
    if len(fields) < 3:
        raise line.error(f"{len(fields)} fields; a lab line has three: start, end, label")
    start, end = lines.restore_decimal_points(line, fields[:2], marks)
    return line.turn(
        line.parse_number(start, "the start"), line.parse_number(end, "the end"), " ".join(fields[2:])
    )


def _is_htk(found: Sequence[lines.Line]) -> bool:
    numbers = [field for line in found for field in line.fields()[:2]]
    whole = all(field.isascii() and field.isdigit() for field in numbers)
    return whole and any(len(field.lstrip("0")) > 6 for field in numbers)


def _htk_turn(line: lines.Line) -> Turn | None:
    """A turn from a line with times in units of 100 ns, a label, and perhaps a score."""
    fields = line.fields()
    if len(fields) < 3:
        raise line.error(f"{len(fields)} fields; a label line of HTK has three: start, end, label")
    start, end = (line.parse_number(_seconds(field), "a time of HTK") for field in fields[:2])
    return None if fields[2].lower() in _PAUSES else line.turn(start, end, fields[2])


def _seconds(field: str) -> str:
    return f"{field.zfill(8)[:-7]}.{field.zfill(8)[-7:]}"


def write(annotations: Sequence[Annotation]) -> str:
    """Seconds with three decimals; blanks and control characters in names become ``_``, as in RTTM."""
    annotation = lines.require_one_annotation(annotations, "lab")
    names = lines.make_tokens(annotation.speakers)
    return "".join(
        f"{times.seconds(start)} {times.seconds(end)} {names[turn.speaker]}\n"
        for start, end, turn in times.round_turns(annotation)
    )
