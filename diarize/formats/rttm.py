"""RTTM (Rich Transcription Time Marked) of NIST.

One line per turn, ten fields separated by single spaces::

    SPEAKER <recording> <channel> <onset> <duration> <NA> <NA> <speaker> <confidence> <NA>

Onset and duration are seconds with three decimals. A recording without speech has no line. NIST has a type
NON-SPEECH for it, but some readers take every line, even a comment, for a speaker. Source: NIST, *The 2009
(RT-09) Rich Transcription Meeting Recognition Evaluation Plan*.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from diarize.annotation import Annotation, Turn

__all__ = ["read", "write"]

_LETTERS = "ABCDEFGH"
_OTHER_TYPES = re.compile(
    "A/P|ADJUST|CB|EDIT|FILLER|IP|LEXEME|NO_RT_METADATA|NON-LEX|NON-SPEECH|NOSCORE|SEGMENT|SPKR-INFO|SU"
)


def read(text: str, source: str = "text.rttm") -> dict[str, Annotation]:
    """Annotations by recording, in order of appearance.

    Lines of nine fields (before 2009) or more are read. A confidence that is not a probability is dropped.
    Turns keep their channel (A and B are 1 and 2) if the recording has another channel than 1. Names with
    blanks, which RTTM forbids, are recognised by the fields around them. Comments (``;;``) and turns of zero
    length are skipped. Other record types than SPEAKER only name their recording. Raises FormatError, with
    ``source`` and line number, for anything else.
    """
    rows = [_row(line) for line in lines.number_lines(text, source, comments=(";", "#"))]
    found = lines.group_by_recording([row for row in rows if row])
    return {name: _without_default_channels(each) for name, each in found.items()}


def _without_default_channels(annotation: Annotation) -> Annotation:
    """Drop the channels if all turns are in channel 1, which most programs write without knowing it."""
    if any(turn.channel not in (None, 1) for turn in annotation.turns):
        return annotation
    return replace(annotation, turns=tuple(replace(turn, channel=None) for turn in annotation.turns))


def _row(line: lines.Line) -> tuple[str, Turn | None] | None:
    fields = _split(line)
    if _OTHER_TYPES.fullmatch(fields[0].upper()):
        return _recording_only(line, fields)
    if fields[0].upper() != "SPEAKER":
        raise line.error(f"starts with {fields[0][:40]!r}; an RTTM line starts with SPEAKER, is this RTTM?")
    if len(fields) < 9:
        raise line.error(
            f"{len(fields)} fields; RTTM has ten (or nine), and none may be empty or contain a space"
        )
    pair = _find_unused_pair(line, fields)
    recording = " ".join(fields[1 : pair - 3])
    if fields[pair - 1] == "<NA>":
        return recording, None
    turn = _turn(line, fields[pair - 2 : pair], *_speaker(line, fields[pair + 2 :]))
    return recording, turn and replace(turn, channel=_channel(fields[pair - 3]))


def _channel(text: str) -> int | None:
    """The number of a channel, which old files write as a letter; None for anything else."""
    if text.upper() in _LETTERS:
        return _LETTERS.index(text.upper()) + 1
    return int(text) if re.fullmatch("[1-9][0-9]{0,2}", text) else None


def _split(line: lines.Line) -> list[str]:
    """The fields of a line; if tabs alone give nine fields or more, blanks belong to names."""
    by_tab = [field.strip(" ") for field in line.text.strip(" \t").split("\t")]
    return by_tab if len(by_tab) >= 9 and all(by_tab) else line.fields()


def _find_unused_pair(line: lines.Line, fields: list[str]) -> int:
    """Index of the two unused fields after onset and duration.

    Blanks in the name of the recording move them. Other lines with more than ten fields are ambiguous.
    """
    for i in range(5, len(fields) - 1):
        if fields[i] == fields[i + 1] == "<NA>" and _is_onset(fields[i - 2], fields[i - 1]):
            return i
    if len(fields) > 10 or not _is_onset(fields[3], fields[4]):
        _times(line, fields[3:5])
        raise line.error(f"{len(fields)} fields; RTTM has ten, write names without spaces, as in my_call")
    return 5


def _is_onset(onset: str, duration: str) -> bool:
    return times.decimal(onset) is not None and (duration == "<NA>" or times.decimal(duration) is not None)


def _speaker(line: lines.Line, fields: list[str]) -> tuple[str, float | None]:
    """Name and confidence from the fields after the pair: name, confidence and, since 2009, one more.

    The last two are ``<NA>`` or numbers, so everything before them is the name.
    """
    end = next((i for i, field in enumerate(fields) if i and field == "<NA>"), len(fields))
    filled = fields[end:].count("<NA>")
    if filled == 0 and end > 2 and _is_number(fields[end - 2]):
        end -= 1  # both are numbers
    if filled < 2 and end > 1 and _is_number(fields[end - 1]):
        return " ".join(fields[: end - 1]), _confidence(fields[end - 1])
    if filled == 0:
        raise line.error(
            f"{' '.join(fields)[:60]!r} must be a speaker and a confidence, which is a number or <NA>"
        )
    return " ".join(fields[:end]), None


def _is_number(text: str) -> bool:
    return times.decimal(text) is not None


def _recording_only(line: lines.Line, fields: list[str]) -> tuple[str, None] | None:
    """The recording of a line of another type; blanks in its name give more than ten fields."""
    extra = max(0, len(fields) - 10)
    if len(fields) < 2:
        return None
    if extra and not _is_start(fields[3 + extra], fields[4 + extra]):
        raise line.error(f"{len(fields)} fields; RTTM has ten, write names without spaces, as in my_call")
    return " ".join(fields[1 : 2 + extra]), None


def _is_start(onset: str, duration: str) -> bool:
    return onset == "<NA>" or _is_onset(onset, duration)


def _times(line: lines.Line, fields: list[str]) -> tuple[Decimal, Decimal]:
    return line.parse_number(fields[0], "the onset"), line.parse_number(fields[1], "the duration")


def _turn(line: lines.Line, fields: list[str], speaker: str, sure: float | None) -> Turn | None:
    start, duration = _times(line, fields)
    if duration < 0:
        raise line.error(f"a duration of {duration} s; it must be positive, correct the line")
    return line.turn(start, start + duration, speaker, sure)


def _confidence(text: str) -> float | None:
    value = times.decimal(text)
    return float(value) if value is not None and 0 <= value <= 1 else None


def write(
    annotations: Sequence[Annotation],
    *,
    confidence: bool = False,
    channel: str = "1",
) -> str:
    """Ten-field RTTM of one or several recordings.

    Boundaries are rounded to milliseconds and durations are derived from them, so touching turns still touch.
    A turn that vanishes in the rounding is left out. Blanks and control characters in names become ``_``
    (names that become equal get ``_2``, ``_3`` …). The ninth field is ``<NA>`` unless ``confidence``.
    ``channel``: of turns without a channel.
    """
    recordings = lines.make_tokens(list(dict.fromkeys(each.recording for each in annotations)))
    return "".join(
        _lines(each, recordings[each.recording], channel, confidence=confidence) for each in annotations
    )


def _lines(annotation: Annotation, recording: str, channel: str, *, confidence: bool) -> str:
    names = lines.make_tokens(annotation.speakers)
    return "".join(
        f"SPEAKER {recording} {turn.channel or channel} {times.seconds(start)} {times.seconds(end - start)} "
        f"<NA> <NA> {names[turn.speaker]} {_confidence_field(turn, confidence=confidence)} <NA>\n"
        for start, end, turn in times.round_turns(annotation)
    )


def _confidence_field(turn: Turn, *, confidence: bool) -> str:
    return f"{turn.confidence:.3f}" if confidence and turn.confidence is not None else "<NA>"
