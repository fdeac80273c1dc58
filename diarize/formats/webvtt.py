"""WebVTT: one cue a turn, the speaker in a voice span.

Source: W3C, *WebVTT: The Web Video Text Tracks Format*.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from diarize.types import Annotation, Turn

__all__ = ["read", "write"]

_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_BLOCKS = re.compile(r"(NOTE|STYLE|REGION)([ \t].*)?")


def read(text: str, source: str = "text.vtt") -> dict[str, Annotation]:
    """The annotation, under the name of the file: a turn for each voice span of each cue.

    Cues without a voice (music, captions) are skipped unless all are. Raises FormatError for what is not
    WebVTT and for a file that names no speaker.
    """
    blocks = _blocks(text, source)
    if not blocks or not re.match(r"WEBVTT(\s|$)", blocks[0][0].text):
        raise FormatError(f"{source}:1: does not start with WEBVTT; is this a .vtt file?")
    cues = [block for block in blocks[1:] if not _BLOCKS.fullmatch(block[0].text)]
    turns = [turn for block in cues for turn in _cue(block)]
    if cues and not turns:
        raise FormatError(
            f"{source}: no cue has a voice span such as <v Ann>; a file that names speakers is needed"
        )
    recording = lines.stem(source)
    return lines.collected([(recording, None), *((recording, turn) for turn in turns)])


def _blocks(text: str, source: str) -> list[list[lines.Line]]:
    blocks: list[list[lines.Line]] = []
    last = -1
    for line in lines.numbered(text, source):
        if line.number != last + 1:
            blocks.append([])
        blocks[-1].append(line)
        last = line.number
    return blocks


def _cue(block: Sequence[lines.Line]) -> list[Turn | None]:
    timing = next((i for i, line in enumerate(block[:2]) if "-->" in line.text), None)
    if timing is None:
        raise block[0].error("a block without times; a cue has a line such as 00:01.000 --> 00:02.000")
    start, end = _times(block[timing])
    names = _VOICE.findall("\n".join(line.text for line in block[timing + 1 :]))
    return [block[timing].turn(start, end, html.unescape(name).strip()) for name in names]


def _times(line: lines.Line) -> tuple[Decimal, Decimal]:
    before, _, after = line.text.partition("-->")
    read = [times.from_clock(part) for part in (before.strip(), (after.split() or [""])[0])]
    if read[0] is None or read[1] is None:
        raise line.error(f"{line.text[:60]!r} are not times; write them as 00:01:02.345 --> 00:01:03.000")
    return line.number_in(times.seconds(read[0]), "the start"), line.number_in(
        times.seconds(read[1]), "the end"
    )


def write(annotations: Sequence[Annotation]) -> str:
    """A cue a turn; ``&``, ``<`` and ``>`` in names are escaped, line ends become spaces."""
    annotation = lines.only(annotations, "WebVTT")
    names = {raw: html.escape(name, quote=False) for raw, name in lines.labels(annotation.speakers).items()}
    cues = [
        f"\n{times.clock(start)} --> {times.clock(end)}\n<v {names[turn.speaker]}>{names[turn.speaker]}</v>\n"
        for start, end, turn in times.rounded(annotation)
    ]
    return "WEBVTT\n" + "".join(cues)
