"""Fields in JSON of recognisers: checked where they are read, and grouped anew where they are written."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from diarize.errors import FormatError
from diarize.formats import times
from diarize.transcripts.values import Segment, Word
from diarize.transcripts.words import parse_seconds, segments_of_words

__all__ = [
    "Dialect",
    "Span",
    "is_glued",
    "list_rows",
    "mark_cut",
    "mean_confidence",
    "read_first_alternative",
    "read_label",
    "read_object",
    "read_span",
    "read_string",
    "read_time",
    "refuse_channels",
    "regroup",
    "round_seconds",
    "sentences_of",
    "word_of",
    "words_of",
]

Span = tuple[float | None, float | None]

PER_SECOND: Final = {"seconds": 1, "milliseconds": 1_000, "ticks of 100 ns": 10_000_000}
"""Units of time in JSON of recognisers."""
LARGEST: Final = 1e18  # of any unit
TOLERANCE: Final = 0.0005  # seconds


@dataclass(frozen=True, slots=True)
class Dialect:
    """The JSON of one recogniser, or of several with the same structure.

    ``title``: for messages; ``recognises``: whether a JSON value is of it; ``read``: segments from a value,
    raises FormatError; ``write``: segments with speakers, and the value that was read → the value to write.
    """

    title: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any], list[Segment]]
    write: Callable[[Sequence[Segment], Any], Any]


# Reading


def list_rows(value: Any, place: str) -> list[dict[str, Any]]:
    """A list of objects. Raises FormatError for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise FormatError(f"{place} is not a list of objects; give the file as the recogniser wrote it")
    return value


def read_object(value: Any, place: str) -> dict[str, Any]:
    """An object. Raises FormatError for anything else."""
    if not isinstance(value, dict):
        raise FormatError(f"{place} is not an object; give the file as the recogniser wrote it")
    return value


def read_string(row: Mapping[str, Any], name: str, place: str) -> str:
    """A text. Raises FormatError for anything else."""
    value = row.get(name)
    if not isinstance(value, str):
        raise FormatError(f"{place}: {name!r} is {value!r:.40}, not a text; check the file")
    return value


def read_first_alternative(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The likeliest of the ``alternatives``. Raises FormatError where there is none."""
    found = list_rows(row.get("alternatives"), f"{place}.alternatives")
    if not found:
        raise FormatError(f"{place}: no alternatives; give the file as the service wrote it")
    return found[0]


def read_time(row: Mapping[str, Any], name: str, place: str, unit: str = "seconds") -> float | None:
    """Seconds from a number, or its text, in a unit of ``PER_SECOND``; None where it is missing or null.

    Raises FormatError for other values, and for parts of milliseconds, which would be seconds.
    """
    value = row.get(name)
    if value is None:
        return None
    number = value
    if isinstance(value, str):
        exact = times.decimal(value)
        number = None if exact is None else float(exact)
    sane = isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) < LARGEST
    known = parse_seconds(number / PER_SECOND[unit]) if sane and number is not None else None
    if known is None:
        raise FormatError(f"{place}: {name!r} is {value!r:.40}, not a number of {unit}; check the file")
    if unit != "seconds" and number != int(number):
        raise FormatError(f"{place}: {name!r} is {value!r:.40}, not a whole number of {unit}; check the file")
    return known


def read_span(row: Mapping[str, Any], names: Sequence[str], place: str, unit: str = "seconds") -> Span:
    """Start and end in seconds from two fields, as ``read_time`` reads each."""
    start, end = (read_time(row, name, place, unit) for name in names)
    return start, end


def read_label(value: Any) -> str | None:
    """The name or number of a speaker as a text; None where there is none."""
    return None if value in (None, "") or isinstance(value, (dict, list)) else str(value)


def word_of(text: str, span: Span, given: Mapping[str, Any], speaker: str | None = None) -> Word:
    """A word without blanks around it."""
    text = " ".join(text.split())
    return Word(text, *span, speaker=speaker, before="" if text and is_glued(text) else " ", given=given)


def is_glued(spelt: str) -> bool:
    """Whether a word without a leading blank continues the text before it, as in Chinese."""
    return "\u3040" <= spelt[0] <= "\u9fff" or "\uf900" <= spelt[0] <= "\uff1f"


def sentences_of(words: Sequence[Word]) -> list[Segment]:
    """Sentences of the words that are not empty, numbered."""
    found = segments_of_words([word for word in words if word.text])
    return [replace(each, source=i) for i, each in enumerate(found)]


def refuse_channels(n: int) -> None:
    """Raise FormatError for words of several channels, which may be spoken at the same time."""
    if n > 1:
        raise FormatError(
            f"words of {n} channels; let the service recognise one channel, or a mix of all, and label that"
        )


# Writing


def words_of(segments: Sequence[Segment]) -> list[Word]:
    """All words in order."""
    return [word for segment in segments for word in segment.words]


def regroup(
    words: Sequence[Word], rows: Sequence[Mapping[str, Any]], starts: Sequence[float]
) -> Iterator[tuple[Mapping[str, Any], list[Word], int | None]]:
    """Runs of words of one speaker, cut also where the given rows begin.

    ``starts``: seconds of the rows, ascending. Each run comes with its row, {} without rows, and with the
    number of runs before it that have the same row, None if it has that row alone.
    """
    homes = [max(0, bisect_right(starts, (word.start or 0.0) + TOLERANCE) - 1) for word in words]
    pairs = groupby(zip(homes, words, strict=True), key=lambda pair: (pair[0], pair[1].speaker))
    runs = [(home, [word for _, word in run]) for (home, _), run in pairs]
    total, before = Counter(home for home, _ in runs), Counter[int]()
    for home, run in runs:
        yield (rows[home] if rows else {}), run, before[home] if total[home] > 1 else None
        before[home] += 1


def mean_confidence(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """``confidence``: the mean of that of the rows; {} if one has none."""
    known = [row.get("confidence") for row in rows]
    numbers = [float(each) for each in known if isinstance(each, (int, float)) and not isinstance(each, bool)]
    return {"confidence": round(sum(numbers) / len(numbers), 4)} if len(numbers) == len(known) > 0 else {}


def mark_cut(segments: Sequence[Segment]) -> list[tuple[Segment, bool]]:
    """Each segment, and whether it is one of several that were one."""
    counts: dict[int, int] = {}
    for each in segments:
        counts[each.source] = counts.get(each.source, 0) + 1
    return [(each, counts[each.source] > 1) for each in segments]


def round_seconds(value: float | None) -> float | None:
    """To tenths of milliseconds."""
    return None if value is None else round(value, 4)
