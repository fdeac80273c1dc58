"""Cues of SRT and WebVTT subtitles: times, text, and the speaker if the text names one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from diarize.annotation import Turn

__all__ = [
    "UNKNOWN",
    "Cue",
    "attribute_speakers",
    "cues_below",
    "cues_to_turns",
    "parse_cue",
    "plain_text",
    "split_blocks",
    "split_cues",
]

UNKNOWN = "UNKNOWN"
"""Who speaks where others are named and nobody is; the word that whisperX has for it."""

_NAME = re.compile(
    r"\s*(?:(?:-|>{2,}|(?:&gt;){2,})\s*)?"  # what marks a change of speaker
    r"(?:\[([^\]\n]{1,60})\]\s*:?|\(([^)\n]{1,60})\)\s*:|([^:\n]{1,60}?)\s*:)(?:\s+|$)"
)
_SOUND = re.compile(r"\s*([\[(♪*].*[\])♪*]|♪.*)\s*", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z0-9.:][^<>\n]*>|\{\\\\?[^}]*\}")
_WORDS_OF_A_NAME = 4  # more if all begin with a capital, except short ones such as "de la"
_MAX_WORDS = 8
_PARTICLE = 3  # characters at most
_SHARE_NAMED = 1 / 3  # share of the cues with a colon (sounds excluded) from which colons are taken for names


@dataclass(frozen=True, slots=True)
class Cue:
    """An interval and its text with line ends; ``line``: the line of its times."""

    line: lines.Line
    start: Decimal
    end: Decimal
    text: str


def split_blocks(text: str, source: str, *, blanks_separate: bool = True) -> list[list[lines.Line]]:
    """Blocks of lines separated by empty lines or, with ``blanks_separate``, by lines of blanks, too."""
    rows = text.split("\n")
    found: list[list[lines.Line]] = []
    last = 0
    for line in lines.number_lines(text, source):
        between = rows[last : line.number - 1]
        if not found or any(blanks_separate or row in ("", "\r") for row in between):
            found.append([])
        found[-1].append(line)
        last = line.number
    return found


def split_cues(block: Sequence[lines.Line]) -> list[list[lines.Line]]:
    """The lines of each cue of a block, because many files lack blank lines between cues.

    A line of times begins a cue, or the number above it; above the first times may be any name.
    """
    times_at = [i for i, line in enumerate(block) if _is_timing(line)]
    cuts = [i - block[i - 1].text.strip().isdigit() for i in times_at[1:]]
    return [list(block[start:end]) for start, end in pairwise([0, *cuts, len(block)])]


def cues_below(header: Sequence[lines.Line]) -> list[lines.Line]:
    """The lines from the first cue on of a block that begins with something else."""
    first = next((i for i, line in enumerate(header) if i and _is_timing(line)), len(header))
    named = 1 < first < len(header) and header[first - 1].text.strip().isdigit()
    return list(header[first - named :])


def _is_timing(line: lines.Line) -> bool:
    before, arrow, after = line.text.partition("-->")
    ends = (before.strip(), (after.split() or [""])[0])
    return bool(arrow) and all(times.parse_clock(end) is not None for end in ends)


def parse_cue(block: Sequence[lines.Line]) -> Cue:
    """The cue in a block. Its times are in the first line or, below a number or a name, in the second."""
    timing = next((i for i, line in enumerate(block[:2]) if "-->" in line.text), None)
    if timing is None:
        raise block[0].error("a block without times; a cue has a line such as 00:01.000 --> 00:02.000")
    start, end = _times(block[timing])
    return Cue(block[timing], start, end, "\n".join(line.text for line in block[timing + 1 :]))


def _times(line: lines.Line) -> tuple[Decimal, Decimal]:
    before, _, after = line.text.partition("-->")
    read = [times.parse_clock(part) for part in (before.strip(), (after.split() or [""])[0])]
    if read[0] is None or read[1] is None:
        raise line.error(f"{line.text[:60]!r} are not times; write them as 00:01:02.345 --> 00:01:03.000")
    return line.parse_number(times.seconds(read[0]), "the start"), line.parse_number(
        times.seconds(read[1]), "the end"
    )


def plain_text(text: str) -> str:
    """The text of a cue on one line without tags and styles."""
    return lines.one_line(_TAG.sub("", text))


def attribute_speakers(cues: Sequence[Cue]) -> list[tuple[Cue, str | None, str]]:
    """Cue, speaker and plain text; names are before a colon or in brackets, the speaker is None without
    names. A line with a name begins a new text. A cue without a name continues the speaker before it. Colons
    are taken for the end of a name when a third of the cues begins that way. Sounds such as ``[music]`` have
    no speaker.
    """
    parts = [(cue, list(_parts(cue.text))) for cue in cues]
    spoken = [found for cue, found in parts if not _SOUND.fullmatch(plain_text(cue.text))]
    named = sum(found[0][0] is not None for found in spoken if found)
    if named == 0 or named < _SHARE_NAMED * len(spoken):
        return [(cue, None, text) for cue in cues if (text := plain_text(cue.text))]
    rows: list[tuple[Cue, str | None, str]] = []
    last = UNKNOWN
    for cue, found in parts:
        for name, text in found:
            sound = name is None and _SOUND.fullmatch(text)
            last = last if name is None else name
            rows.append((cue, None if sound else last, text))
    return rows


def _parts(text: str) -> Iterator[tuple[str | None, str]]:
    """Name and text of each line that begins with a name, with the lines below it."""
    who: str | None = None
    said: list[str] = []
    for line in text.split("\n"):
        name, rest = _split_name(_TAG.sub("", line))
        if name is not None:
            if said:
                yield who, lines.one_line(" ".join(said))
            who, said = name, []
        if rest.strip():
            said.append(rest)
    if said or who is not None:
        yield who, lines.one_line(" ".join(said))


def _split_name(line: str) -> tuple[str | None, str]:
    match = _NAME.match(line)
    if match is None:
        return None, line
    bracketed, name = match[1] or match[2], match[3]
    if bracketed is not None and (match[2] or match[0].rstrip().endswith(":") or line[match.end() :].strip()):
        return bracketed.strip(), line[match.end() :]
    if name and _is_name(name):
        return name.strip(), line[match.end() :]
    return None, line


def _is_name(text: str) -> bool:
    words = text.split()
    proper = all(word.lstrip("(")[:1].isupper() or len(word) <= _PARTICLE for word in words)
    short = len(words) <= (_MAX_WORDS if proper else _WORDS_OF_A_NAME)
    return short and bool(re.search(r"[^\W\d_]", text))


def cues_to_turns(rows: Sequence[tuple[Cue, str | None, str]]) -> list[Turn | None]:
    """A turn for every text with a speaker."""
    return [cue.line.turn(cue.start, cue.end, who, text=text) for cue, who, text in rows if who]
