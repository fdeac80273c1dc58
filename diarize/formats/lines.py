"""Lines of a text format: numbered, split into fields, and converted to turns or to one clear error."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from diarize.annotation import Annotation, Turn
from diarize.annotation.names import as_field, make_distinct
from diarize.errors import FormatError
from diarize.formats import times

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from decimal import Decimal

__all__ = [
    "SILENT",
    "WORDS",
    "Line",
    "are_words",
    "group_by_recording",
    "make_labels",
    "make_tokens",
    "number_lines",
    "one_line",
    "recording_name",
    "require_one_annotation",
    "restore_decimal_points",
    "tiers_of",
    "turn_texts",
    "turns_of_texts",
]

SILENT = "…"
"""The text of a turn without words among turns that have some."""

_LONGEST = 1_000_000_000  # seconds; thirty years
_BLANKS = re.compile(r"[ \t\v\f]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``source`` and ``number`` locate it, ``text`` is its content."""

    source: str
    number: int
    text: str

    def error(self, problem: str) -> FormatError:
        """A FormatError that starts with the file name and line number."""
        return FormatError(f"{self.source}:{self.number}: {problem}")

    def fields(self) -> list[str]:
        """The text split at ASCII blanks, so that a name may hold any other character."""
        return _BLANKS.split(self.text.strip(" \t\v\f"))

    def parse_number(self, text: str, what: str) -> Decimal:
        """The number of seconds in a field; FormatError when it is none."""
        value = times.decimal(text)
        if value is None or abs(value) > _LONGEST:
            raise self.error(f"{what} is {text[:40]!r}; a number of seconds such as 12.345 is needed")
        return value

    def turn(
        self,
        start: Decimal,
        end: Decimal,
        speaker: str,
        confidence: float | None = None,
        text: str | None = None,
    ) -> Turn | None:
        """A turn; None when it has no length; FormatError when it runs backwards or starts before 0."""
        if start < 0 or end < start:
            raise self.error(f"a turn from {start} to {end} s; 0 ≤ start < end is needed, correct the times")
        if not speaker:
            raise self.error("a turn without a speaker name; give it one")
        low, high = float(start), float(end)
        return Turn(low, high, speaker, confidence, text=text or None) if high > low else None


def restore_decimal_points(line: Line, cells: Sequence[str], seen: dict[str, int]) -> list[str]:
    """Replace decimal commas, which some programs write in some countries, by points.

    ``seen``: the first lines with a comma and with a point in this file, updated by the call. A file or a
    number with both is ambiguous (thousands separators): FormatError with the line.
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


def number_lines(text: str, source: str, comments: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of a text that are not blank and do not start with one of ``comments``."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(comments):
            yield Line(source, number, line.removesuffix("\r"))


def group_by_recording(turns: Sequence[tuple[str, Turn | None]]) -> dict[str, Annotation]:
    """Group (recording, turn) pairs into annotations by recording, in order of appearance, without None."""
    rows: dict[str, list[Turn]] = {}
    for recording, turn in turns:
        rows.setdefault(recording, []).extend([turn] if turn else [])
    return {recording: Annotation(recording, tuple(each)) for recording, each in rows.items()}


def turns_of_texts(turns: Sequence[Turn | None]) -> list[Turn | None]:
    """Turns of a format whose text is either what was said or the speaker's name.

    If every text is the name of its speaker, there are no words; ``SILENT`` is not a word either.
    """
    found = [turn for turn in turns if turn]
    bare = all(turn.text in (None, one_line(turn.speaker)) for turn in found)
    return [turn and (replace(turn, text=None) if bare or turn.text == SILENT else turn) for turn in turns]


def turn_texts(turns: Sequence[Turn], names: Mapping[str, str]) -> list[str]:
    """The reverse: a non-empty text on one line for each turn.

    It is what was said or, where no turn has words, the speaker's name in ``names``.
    """
    if not any(turn.text for turn in turns):
        return [names[turn.speaker] for turn in turns]
    return [one_line(turn.text or "") or SILENT for turn in turns]


WORDS = " - words"
"""What follows a speaker's name in the name of a tier of words; Montreal Forced Aligner writes it so."""


def are_words(tier: str, names: Collection[str]) -> bool:
    """Whether a tier holds the words of a speaker who has a tier of turns among ``names``."""
    return tier.endswith(WORDS) and tier.removesuffix(WORDS) in names


def tiers_of(annotation: Annotation, words: Annotation | None) -> list[tuple[str, list[times.Span]]]:
    """Name and spans of the tiers of an annotation: the turns of each speaker and, below, the words."""
    names = make_labels(annotation.speakers)
    rows = times.round_turns(annotation)
    shown = turn_texts([turn for *_, turn in rows], names)
    spans = [(turn.speaker, (start, end, text)) for (start, end, turn), text in zip(rows, shown, strict=True)]
    tiers = []
    for speaker in annotation.speakers:
        tiers.append((names[speaker], times.merge_overlapping(span for who, span in spans if who == speaker)))
        if words is not None:
            said = [
                (start, end, one_line(turn.text or "") or SILENT)
                for start, end, turn in times.round_turns(words)
                if turn.speaker == speaker
            ]
            tiers.append((names[speaker] + WORDS, times.merge_overlapping(said)))
    return tiers


def one_line(text: str) -> str:
    """The text without control characters, line ends and repeated blanks."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def recording_name(source: str) -> str:
    """The name of the recording of a file: the file name without folder and extension."""
    return PurePath(source).stem or "recording"


def require_one_annotation(annotations: Sequence[Annotation], name: str) -> Annotation:
    """The only annotation, for formats with one recording per file; FormatError for none or several."""
    if len(annotations) != 1:
        raise FormatError(
            f"{name} holds one recording in a file, got {len(annotations)}; write a file for each"
        )
    return annotations[0]


def make_tokens(names: Sequence[str]) -> dict[str, str]:
    """Names as single fields: every run of blanks and control characters becomes ``_``.

    Names that become equal get ``_2``, ``_3`` … in the given order.
    """
    return make_distinct(names, {name: as_field(name) for name in names})


def make_labels(names: Sequence[str]) -> dict[str, str]:
    """Names on one line: control characters, line ends and what XML forbids become spaces, ends are trimmed.

    Names that become equal are made distinct as in ``make_tokens``.
    """
    return make_distinct(names, {name: _UNPRINTABLE.sub(" ", name).strip() for name in names})
