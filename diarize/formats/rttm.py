"""RTTM: who spoke when, as NIST writes it.

One line a turn, ten fields separated by single spaces::

    SPEAKER <recording> <channel> <onset> <duration> <NA> <NA> <speaker> <confidence> <NA>

Onset and duration are seconds with three decimals. A recording in which nobody speaks has one line of type
NON-SPEECH, so that its name is known. Source: NIST, *The 2009 (RT-09) Rich Transcription Meeting
Recognition Evaluation Plan*.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarize.types import Annotation, Turn

__all__ = ["read", "write"]

_OTHER_TYPES = re.compile(
    "A/P|ADJUST|CB|EDIT|FILLER|IP|LEXEME|NO_RT_METADATA|NON-LEX|NON-SPEECH|NOSCORE|SEGMENT|SPKR-INFO|SU"
)


def read(text: str, source: str = "text.rttm") -> dict[str, Annotation]:
    """Annotations by recording, in order of appearance.

    Lines of nine fields (before 2009) and more are read, channels are put together, and a confidence that is
    not a probability is dropped. Skipped: comments (``;;``), and turns of no length; other record types than
    SPEAKER only name their recording. Raises FormatError, with ``source`` and line number, for anything else.
    """
    rows = [_row(line) for line in lines.numbered(text, source, comments=(";", "#"))]
    return lines.collected([row for row in rows if row])


def _row(line: lines.Line) -> tuple[str, Turn | None] | None:
    fields = line.fields()
    if _OTHER_TYPES.fullmatch(fields[0].upper()):
        return (fields[1], None) if len(fields) > 1 else None
    if fields[0].upper() != "SPEAKER":
        raise line.error(f"starts with {fields[0][:40]!r}; an RTTM line starts with SPEAKER, is this RTTM?")
    if len(fields) < 9:
        raise line.error(f"{len(fields)} fields; RTTM has ten (or nine), none empty or holding a space")
    if fields[4] == "<NA>":
        return fields[1], None
    return fields[1], _turn(line, fields)


def _turn(line: lines.Line, fields: list[str]) -> Turn | None:
    start = line.number_in(fields[3], "the onset")
    duration = line.number_in(fields[4], "the duration")
    if duration < 0:
        raise line.error(f"a duration of {duration} s; it must be positive, correct the line")
    return line.turn(start, start + duration, fields[7], _confidence(fields[8]))


def _confidence(text: str) -> float | None:
    value = times.decimal(text)
    return float(value) if value is not None and 0 <= value <= 1 else None


def write(
    annotations: Sequence[Annotation],
    *,
    confidence: bool = False,
    channel: str = "1",
    duration: float | None = None,
) -> str:
    """Ten-field RTTM of one or several recordings.

    Boundaries are rounded to milliseconds and durations derived from them, so touching turns still touch; a
    turn that vanishes in the rounding is left out. Blanks and control characters in names become ``_`` (names
    that would become the same get ``_2``, ``_3`` …). The ninth field is ``<NA>`` unless ``confidence``.
    ``duration`` in seconds is that of a recording in which nobody speaks; ``channel``: that of turns that
    have none of their own.
    """
    recordings = lines.tokens(list(dict.fromkeys(each.recording for each in annotations)))
    length = "<NA>" if duration is None else times.seconds(times.milliseconds(duration))
    return "".join(
        _lines(each, recordings[each.recording], channel, confidence=confidence)
        or f"NON-SPEECH {recordings[each.recording]} {channel} 0.000 {length} <NA> other <NA> <NA> <NA>\n"
        for each in annotations
    )


def _lines(annotation: Annotation, recording: str, channel: str, *, confidence: bool) -> str:
    names = lines.tokens(annotation.speakers)
    return "".join(
        f"SPEAKER {recording} {turn.channel or channel} {times.seconds(start)} {times.seconds(end - start)} "
        f"<NA> <NA> {names[turn.speaker]} {_sure(turn, confidence=confidence)} <NA>\n"
        for start, end, turn in times.rounded(annotation)
    )


def _sure(turn: Turn, *, confidence: bool) -> str:
    return f"{turn.confidence:.3f}" if confidence and turn.confidence is not None else "<NA>"
