"""Praat TextGrid: one interval tier a speaker, each covering all the time without gap or overlap.

An interval with a text is a turn of the speaker that the tier is called after; an empty one is a pause. Where
a file has but one tier of intervals, its texts may be the speakers: they are when the tier is called so, or
when a few short texts come again and again. Praat's own "silences" are texts, too. Source: the Praat manual,
*TextGrid file formats* and *Sound: To TextGrid (silences)...*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats import lines, times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from diarize.types import Annotation, Turn

    _Tier = tuple[str, list[tuple[str, Turn | None]]]

__all__ = ["read", "write"]

# Praat itself reads these and nothing else: texts, free-standing numbers, flags; all other words are remarks
_TOKEN = re.compile(
    r"""(?<!\S)
    (?: "(?P<text>(?:[^"]|"")*+)"
      | (?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
      | (?P<flag><\w+>)
    )(?!\S)
    | ![^\n]*""",
    re.VERBOSE | re.ASCII,
)


_NOTHING = '""'
SILENCES = frozenset({"silent", "sounding"})  # what Praat writes that marks where there is sound
_SPEAKERS = re.compile(
    r"speakers?|spkr?s?|speaker[ _-]?(turns?|ids?|labels?)|turns|who|diari[sz]ation", re.IGNORECASE
)
_NUMBERED = re.compile(r"(speaker|spkr?|s)[ _-]?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Token:
    line: lines.Line
    kind: str
    value: str


class _Tokens:
    """The tokens of a TextGrid, taken one by one, each known by its kind."""

    def __init__(self, text: str, source: str) -> None:
        self._rest = self._found(text, source)
        self._end = lines.Line(source, text.count("\n") + 1, "")

    @staticmethod
    def _found(text: str, source: str) -> Iterator[_Token]:
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
        return token.line, token.line.number_in(token.value, what)


def read(text: str, source: str = "text.TextGrid") -> dict[str, Annotation]:
    """The annotation, under the name of the file; long and short text format.

    Point tiers are skipped; of "silences", "sounding" is a speaker and "silent" nobody. Raises FormatError
    for anything else that is not a TextGrid in text form.
    """
    tokens = _Tokens(text.removeprefix("\ufeff"), source)
    if tokens.text("the file type") != "ooTextFile" or tokens.text("the object class") != "TextGrid":
        raise FormatError(f"{source}:1: not a TextGrid; export one from Praat as a text file")
    tokens.seconds("the start"), tokens.seconds("the end")
    present = tokens.take("flag", "<exists>").value == "<exists>"
    recording = lines.stem(source)
    tiers = tokens.count("the number of tiers") if present else 0
    found = [tier for tier in (_tier(tokens) for _ in range(tiers)) if tier]
    names = dict.fromkeys(label for _, rows in found for label, _ in rows) if _is_label(found) else {}
    if not names and not all(name or not any(label for label, _ in each) for name, each in found):
        raise FormatError(f"{source}: a tier without a name; name it after its speaker")
    rows = [
        turn and (replace(turn, speaker=label) if names else turn)
        for _, each in found
        for label, turn in each
        if label and not (names.keys() <= SILENCES and label == "silent")
    ]
    return lines.collected([(recording, None), *((recording, row) for row in rows)])


def _is_label(tiers: Sequence[_Tier]) -> bool:
    """Whether texts of intervals are speakers: those of an only tier that is called so or looks so."""
    if len(tiers) != 1:
        return False
    name, rows = tiers[0]
    texts = [label for label, _ in rows if label]
    kinds = set(texts)
    if kinds <= SILENCES or _SPEAKERS.fullmatch(name.strip()) or not kinds:
        return bool(kinds)
    short = all(len(text) <= 25 and len(text.split()) <= 3 for text in kinds)
    numbered = all(_NUMBERED.fullmatch(text) for text in kinds)
    return numbered or (short and 2 <= len(kinds) <= len(texts) / 3)


def _tier(tokens: _Tokens) -> _Tier | None:
    intervals = tokens.text("the class of a tier") == "IntervalTier"
    name = tokens.text("the name of a tier")
    tokens.seconds("the start of a tier"), tokens.seconds("the end of a tier")
    count = tokens.count("the number of intervals")
    if not intervals:
        for _ in range(count):
            tokens.seconds("the time of a point"), tokens.text("the text of a point")
        return None
    return name, [_interval(tokens, name) for _ in range(count)]


def _interval(tokens: _Tokens, name: str) -> tuple[str, Turn | None]:
    """The text of an interval and, where there is one, its turn."""
    line, start = tokens.seconds("the start of an interval")
    _, end = tokens.seconds("the end of an interval")
    spoken = tokens.text("the text of an interval").strip()
    return spoken, line.turn(start, end, name or spoken) if spoken else None


def write(annotations: Sequence[Annotation], *, duration: float | None = None) -> str:
    """The long text format.

    ``duration``: seconds that the tiers cover, the end of the last turn when None or earlier. Boundaries are
    rounded to milliseconds; overlapping turns of one speaker become one, touching ones stay two; the text of
    a turn is the speaker's name.
    """
    annotation = lines.only(annotations, "TextGrid")
    rows = times.rounded(annotation)
    end = max([times.milliseconds(duration or 0), 1, *(row[1] for row in rows)])
    names = lines.labels(annotation.speakers)
    spans = {
        name: times.disjoint((start, stop) for start, stop, turn in rows if turn.speaker == name)
        for name in annotation.speakers
    }
    tiers = [_tier_text(i, names[name], spans[name], end) for i, name in enumerate(spans, 1)]
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    size = f"tiers? <exists> \nsize = {len(tiers)} \nitem []: \n"
    return f"{head}xmin = 0.000 \nxmax = {times.seconds(end)} \n{size}{''.join(tiers)}"


def _tier_text(index: int, name: str, spans: Sequence[tuple[int, int]], end: int) -> str:
    quoted, last = '"' + name.replace('"', '""') + '"', times.seconds(end)
    intervals = [
        f"        intervals [{i}]:\n            xmin = {times.seconds(start)} \n"
        f"            xmax = {times.seconds(stop)} \n            text = {quoted if spoken else _NOTHING} \n"
        for i, (start, stop, spoken) in enumerate(_covering(spans, end), 1)
    ]
    head = f'    item [{index}]:\n        class = "IntervalTier" \n        name = {quoted} \n'
    size = f"        xmin = 0.000 \n        xmax = {last} \n        intervals: size = {len(intervals)} \n"
    return f"{head}{size}{''.join(intervals)}"


def _covering(spans: Sequence[tuple[int, int]], end: int) -> Iterator[tuple[int, int, bool]]:
    reached = 0
    for start, stop in spans:
        if start > reached:
            yield reached, start, False
        yield start, stop, True
        reached = stop
    if reached < end:
        yield reached, end, False
