"""lab: ``start end label`` a line, in seconds, one recording a file (pyannote.database; WaveSurfer).

HTK's files of the same suffix count in units of 100 ns and are another format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.types import Annotation, Turn

__all__ = ["read", "write"]


def read(text: str, source: str = "text.lab") -> dict[str, Annotation]:
    """The annotation, under the name of the file; a label is the rest of its line.

    Comments (``;``, ``#``) and turns of no length are skipped. Raises FormatError for anything else.
    """
    recording = lines.stem(source)
    rows = [_turn(line) for line in lines.numbered(text, source, comments=(";", "#"))]
    return lines.collected([(recording, None), *((recording, row) for row in rows)])


def _turn(line: lines.Line) -> Turn | None:
    fields = line.fields()
    if len(fields) < 3:
        raise line.error(f"{len(fields)} fields; a lab line has three: start, end, label")
    start, end = line.number_in(fields[0], "the start"), line.number_in(fields[1], "the end")
    return line.turn(start, end, " ".join(fields[2:]))


def write(annotations: Sequence[Annotation]) -> str:
    """Seconds with three decimals; blanks and control characters in names become ``_``, as in RTTM."""
    annotation = lines.only(annotations, "lab")
    names = lines.tokens(annotation.speakers)
    return "".join(
        f"{times.seconds(start)} {times.seconds(end)} {names[turn.speaker]}\n"
        for start, end, turn in times.rounded(annotation)
    )
