"""Lines of a text format: numbered, split into fields, and turned into turns or into one clear error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from diarize.errors import FormatError
from diarize.formats.times import decimal
from diarize.spelling import apart, as_field
from diarize.types import Annotation, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

__all__ = ["Line", "collected", "labels", "numbered", "only", "stem", "tokens", "with_points"]

_LONGEST = 1_000_000_000  # seconds; thirty years
_BLANKS = re.compile(r"[ \t\v\f]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``source`` and ``number`` say where it stands, ``text`` what it holds."""

    source: str
    number: int
    text: str

    def error(self, problem: str) -> FormatError:
        """A FormatError that starts with the file name and line number."""
        return FormatError(f"{self.source}:{self.number}: {problem}")

    def fields(self) -> list[str]:
        """The text split at ASCII blanks, so that a name may hold any other character."""
        return _BLANKS.split(self.text.strip(" \t\v\f"))

    def number_in(self, text: str, what: str) -> Decimal:
        """The number of seconds in a field; FormatError when it is none."""
        value = decimal(text)
        if value is None or abs(value) > _LONGEST:
            raise self.error(f"{what} is {text[:40]!r}; a number of seconds such as 12.345 is needed")
        return value

    def turn(
        self, start: Decimal, end: Decimal, speaker: str, confidence: float | None = None
    ) -> Turn | None:
        """A turn; None when it has no length; FormatError when it runs backwards or starts before 0."""
        if start < 0 or end < start:
            raise self.error(f"a turn from {start} to {end} s; 0 ≤ start < end is needed, correct the times")
        if not speaker:
            raise self.error("a turn without a speaker name; give it one")
        low, high = float(start), float(end)
        return Turn(low, high, speaker, confidence) if high > low else None


def with_points(line: Line, cells: Sequence[str], seen: dict[str, int]) -> list[str]:
    """Numbers with decimal points, of which some programs make commas after the custom of a country.

    ``seen``: lines on which one and the other was first seen in this file, which this call adds to. A file
    with both, or a number with both, could mean thousands by either: FormatError with the line.
    """
    for cell in cells:
        for mark in {",", "."} & set(cell):
            seen.setdefault(mark, line.number)
        if len(seen) > 1:
            raise line.error(
                f"{cell[:40]!r} in a file with both decimal points and commas (line {min(seen.values())}); "
                "write all numbers one way"
            )
    return [cell.replace(",", ".") for cell in cells]


def numbered(text: str, source: str, comments: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of a text that are not blank and do not start with one of ``comments``."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(comments):
            yield Line(source, number, line.removesuffix("\r"))


def collected(turns: Sequence[tuple[str, Turn | None]]) -> dict[str, Annotation]:
    """Annotations by recording, in order of appearance, from (recording, turn) pairs; None is no turn."""
    rows: dict[str, list[Turn]] = {}
    for recording, turn in turns:
        rows.setdefault(recording, []).extend([turn] if turn else [])
    return {recording: Annotation(recording, tuple(each)) for recording, each in rows.items()}


def stem(source: str) -> str:
    """The recording that a file stands for: its name without folder and extension."""
    return PurePath(source).stem or "recording"


def only(annotations: Sequence[Annotation], name: str) -> Annotation:
    """The one annotation of a format that holds one recording a file; FormatError for none or several."""
    if len(annotations) != 1:
        raise FormatError(f"{name} holds one recording a file, got {len(annotations)}; write one file each")
    return annotations[0]


def tokens(names: Sequence[str]) -> dict[str, str]:
    """Names as single fields: every run of blanks and control characters becomes ``_``.

    Two names that become the same are kept apart by ``_2``, ``_3`` … in the given order.
    """
    return apart(names, {name: as_field(name) for name in names})


def labels(names: Sequence[str]) -> dict[str, str]:
    """Names on one line: control characters, line ends and what XML forbids become spaces, ends are trimmed.

    Two names that become the same are kept apart as in ``tokens``.
    """
    return apart(names, {name: _UNPRINTABLE.sub(" ", name).strip() for name in names})
