"""UEM: the intervals of a recording to evaluate (un-partitioned evaluation map, NIST).

One line per interval, four fields: ``<recording> <channel> <start> <end>``, in seconds. Blanks in the name of
a recording, which some programs write, are part of it: the last three fields have none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diarize.formats import lines, times
from diarize.intervals import union

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarize.annotation import Annotation, Turn
    from diarize.intervals import Intervals

__all__ = ["dump", "load", "read", "write"]

_SPEAKER = "speech"
_CHANNEL = re.compile(r"[1-9]\d?|[A-Za-z]|<NA>")  # channels in lines with blanks in the name


def load(text: str, source: str = "text.uem") -> dict[str, Intervals]:
    """Intervals by recording, each float64 (n, 2) seconds, sorted and merged over channels.

    Comments (``;;``) and intervals of zero length are skipped. Raises FormatError for anything else.
    """
    return {name: union(each.intervals()) for name, each in read(text, source).items()}


def dump(intervals: Mapping[str, Intervals]) -> str:
    """UEM of (n, 2) seconds by recording; boundaries are rounded to milliseconds."""
    names = lines.make_tokens(list(intervals))
    return "".join(
        f"{names[recording]} 1 {times.seconds(start)} {times.seconds(end)}\n"
        for recording, rows in intervals.items()
        for start, end in ((times.milliseconds(a), times.milliseconds(b)) for a, b in union(rows))
        if end > start
    )


def read(text: str, source: str = "text.uem") -> dict[str, Annotation]:
    """The intervals as turns of one speaker called ``speech`` (UEM has no speakers)."""
    found = lines.number_lines(text, source, comments=(";;",))
    return lines.group_by_recording([_row(line) for line in found if not _is_comment(line)])


def _is_comment(line: lines.Line) -> bool:
    """Whether a line begins like a comment and is not an interval of a recording called ``#1`` or so."""
    *name, channel, start, end = ["", "", "", *line.fields()][-4:]
    interval = _CHANNEL.fullmatch(channel) and None not in (times.decimal(start), times.decimal(end))
    return line.text.lstrip().startswith((";", "#")) and not (interval and name[0] not in ("", ";", "#"))


def _row(line: lines.Line) -> tuple[str, Turn | None]:
    fields = line.fields()
    if len(fields) < 4 or not (len(fields) == 4 or _CHANNEL.fullmatch(fields[-3])):
        raise line.error(f"{len(fields)} fields; UEM has four: recording, channel, start, end")
    start, end = line.parse_number(fields[-2], "the start"), line.parse_number(fields[-1], "the end")
    return " ".join(fields[:-3]), line.turn(start, end, _SPEAKER)


def write(annotations: Sequence[Annotation]) -> str:
    """The intervals with speech, without speakers."""
    return dump({each.recording: union(each.intervals()) for each in annotations})
