"""Praat TextGrid: one interval tier per speaker, each covering the whole time without gap or overlap.

An interval with a text (what was said, or the speaker's name) is a turn of the speaker named by the tier; an
empty interval is a pause. A tier ``NAME - words`` holds the words of NAME, as written by forced aligners. In
a file with a single interval tier the texts may be the speakers: if the name of the tier says so, or if a few
short texts repeat. Praat's own "silences" are texts, too. Source: the Praat manual, *TextGrid file formats*
and *Sound: To TextGrid (silences)...*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times
from diarize.formats.single_tier import PAUSES, SILENCES, name_by_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from diarize.annotation import Annotation, Turn

__all__ = ["read", "read_tiers", "write"]

# Tokens that Praat reads: texts, separate numbers, flags; it ignores all other words
_TOKEN = re.compile(
    r"""(?<!\S)
    (?: "(?P<text>(?:[^"]|"")*+)"
      | (?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
      | (?P<flag><\w+>)
    )(?!\S)
    | ![^\n]*""",
    re.VERBOSE | re.ASCII,
)


_SILENCES_TIER = "silences"


@dataclass(frozen=True, slots=True)
class _Token:
    line: lines.Line
    kind: str
    value: str


class _Tokens:
    """The tokens of a TextGrid, taken one by one, each with an expected kind."""

    def __init__(self, text: str, source: str) -> None:
        self._rest = self._scan(text, source)
        self._end = lines.Line(source, text.count("\n") + 1, "")

    @staticmethod
    def _scan(text: str, source: str) -> Iterator[_Token]:
        number, seen = 1, 0
        for match in _TOKEN.finditer(text):
            number, seen = number + text.count("\n", seen, match.start()), match.start()
            if match.lastgroup:
                yield _Token(lines.Line(source, number, ""), match.lastgroup, match[match.lastgroup])

    def take(self, kind: str, what: str) -> _Token:
        token = next(self._rest, None)
        if token is None:
            raise self._end.error(f"ends where {what} should be; the file is cut off, export it again")
        if token.kind != kind:
            raise token.line.error(f"{token.value[:40]!r} where {what} should be; is this a TextGrid?")
        return token

    def text(self, what: str) -> str:
        return self.take("text", what).value.replace('""', '"')

    def count(self, what: str) -> int:
        token = self.take("number", what)
        if not token.value.isdigit() or int(token.value[:9]) > 10_000_000:
            raise token.line.error(f"{token.value[:40]} is not {what}; give a whole number")
        return int(token.value)

    def seconds(self, what: str) -> tuple[lines.Line, Decimal]:
        token = self.take("number", what)
        return token.line, token.line.parse_number(token.value, what)


def read(text: str, source: str = "text.TextGrid") -> dict[str, Annotation]:
    """The annotation, under the name of the file; long and short text format.

    Point tiers are skipped, and the tier of words of a speaker who has a tier of turns. Labels of pauses
    (``PAUSES``) are no turns. For "silences", "sounding" is a speaker and "silent" nobody; that tier is
    skipped beside others. Raises FormatError for anything else that is not a TextGrid in text form.
    """
    found = _without_silences(read_tiers(text, source), source)
    names = {name for name, _ in found}
    rows: Sequence[Turn | None] | None = name_by_texts(found)
    if rows is None:
        rows = lines.turns_of_texts(
            [turn for name, turns in found if not lines.are_words(name, names) for turn in turns]
        )
    recording = lines.recording_name(source)
    return lines.group_by_recording([(recording, None), *((recording, row) for row in rows)])


def _without_silences(
    found: Sequence[tuple[str, list[Turn]]], source: str
) -> Sequence[tuple[str, list[Turn]]]:
    """The tiers without Praat's "silences", if there are others; that of another language is refused."""
    others = [tier for tier in found if tier[0] != _SILENCES_TIER]
    if others:
        return others
    kinds = sorted({turn.text or "" for _, turns in found for turn in turns})
    if len(kinds) > 1 and not SILENCES.issuperset(kinds):
        raise FormatError(
            f"{source}: a tier 'silences' with the texts {', '.join(map(repr, kinds))[:80]}; "
            "write 'silent' and 'sounding' for them, or name the tier after the speaker"
        )
    return found


def read_tiers(text: str, source: str = "text.TextGrid") -> list[tuple[str, list[Turn]]]:
    """The interval tiers by name, in order: a turn for every interval with a text. Errors as of ``read``."""
    tokens = _Tokens(text.removeprefix("\ufeff"), source)
    if tokens.text("the file type") != "ooTextFile" or tokens.text("the object class") != "TextGrid":
        raise FormatError(f"{source}:1: not a TextGrid; export one from Praat as a text file")
    tokens.seconds("the start"), tokens.seconds("the end")
    present = tokens.take("flag", "<exists>").value == "<exists>"
    count = tokens.count("the number of tiers") if present else 0
    found = [tier for tier in (_tier(tokens) for _ in range(count)) if tier]
    if len(found) > 1 and any(turns and not name for name, turns in found):
        raise FormatError(f"{source}: a tier without a name; name it after its speaker")
    return found


def _tier(tokens: _Tokens) -> tuple[str, list[Turn]] | None:
    """A tier of intervals; None for one of points."""
    intervals = tokens.text("the class of a tier") == "IntervalTier"
    name = tokens.text("the name of a tier")
    tokens.seconds("the start of a tier"), tokens.seconds("the end of a tier")
    count = tokens.count("the number of intervals")
    if not intervals:
        for _ in range(count):
            tokens.seconds("the time of a point"), tokens.text("the text of a point")
        return None
    return name, [turn for _ in range(count) if (turn := _interval(tokens, name))]


def _interval(tokens: _Tokens, name: str) -> Turn | None:
    line, start = tokens.seconds("the start of an interval")
    _, end = tokens.seconds("the end of an interval")
    spoken = lines.one_line(tokens.text("the text of an interval"))
    if spoken in PAUSES and spoken != name:
        return None
    return line.turn(start, end, name or spoken, text=spoken) if spoken else None


def write(
    annotations: Sequence[Annotation], *, duration: float | None = None, words: Annotation | None = None
) -> str:
    """The long text format.

    ``duration``: seconds that the tiers cover, at least to the end of the last turn; ``words``: each with its
    time, in a separate tier below the speaker's. Boundaries are rounded to milliseconds. Overlapping turns of
    one speaker are merged, touching turns stay separate. The text of an interval is what was said or, without
    words, the speaker's name.
    """
    annotation = lines.require_one_annotation(annotations, "TextGrid")
    rows = times.round_turns(annotation)
    end = max([times.milliseconds(duration or 0), 1, *(row[1] for row in rows)])
    texts = [_tier_text(i, *tier, end) for i, tier in enumerate(lines.tiers_of(annotation, words), 1)]
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    size = f"tiers? <exists> \nsize = {len(texts)} \nitem []: \n"
    return f"{head}xmin = 0.000 \nxmax = {times.seconds(end)} \n{size}{''.join(texts)}"


def _tier_text(index: int, name: str, spans: Sequence[times.Span], end: int) -> str:
    last = times.seconds(end)
    intervals = [
        f"        intervals [{i}]:\n            xmin = {times.seconds(start)} \n"
        f"            xmax = {times.seconds(stop)} \n            text = {_quote(text)} \n"
        for i, (start, stop, text) in enumerate(_fill_gaps(spans, end), 1)
    ]
    head = f'    item [{index}]:\n        class = "IntervalTier" \n        name = {_quote(name)} \n'
    size = f"        xmin = 0.000 \n        xmax = {last} \n        intervals: size = {len(intervals)} \n"
    return f"{head}{size}{''.join(intervals)}"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _fill_gaps(spans: Sequence[times.Span], end: int) -> Iterator[times.Span]:
    """The spans, with the gaps between them as empty spans."""
    reached = 0
    for start, stop, text in spans:
        if start > reached:
            yield reached, start, ""
        yield start, stop, text
        reached = stop
    if reached < end:
        yield reached, end, ""
