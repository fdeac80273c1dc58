"""The values of a transcript: words with times, in segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from diarize.annotation import Annotation, Turn

__all__ = ["SHORTEST", "Segment", "Transcript", "Word"]

SHORTEST: Final = 0.001
"""Seconds: the least length of what is written, so that what has none is not lost."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its punctuation and its time.

    ``start``, ``end``: seconds, None where unknown; ``estimated``: whether the times were estimated from the
    segment or from other words; ``speaker``; ``confidence``: the speaker's share of the speech in the word, 0
    to 1, None without speech; ``given``: the fields in the file; ``before``: text between the word before and
    this one, "" in languages without blanks.
    """

    text: str
    start: float | None = None
    end: float | None = None
    estimated: bool = False
    speaker: str | None = None
    confidence: float | None = None
    before: str = " "
    given: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive words of a file: a sentence, a cue, an utterance.

    ``start``, ``end``, ``given``, ``speaker`` as for a word; ``estimated``: whether the segment was cut from
    a longer one at estimated times; ``text``: as written, "" for the words joined by blanks; ``source``:
    index of the original segment.
    """

    words: tuple[Word, ...]
    start: float | None = None
    end: float | None = None
    estimated: bool = False
    speaker: str | None = None
    text: str = ""
    source: int = 0
    given: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def said(self) -> str:
        """The text on one line."""
        return " ".join((self.text or "".join(word.before + word.text for word in self.words)).split())


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of a recording: ``segments`` in the order of the file; ``dialect``: the format that it
    was read from; ``whole``: the rest of that file; ``notes``: remarks.
    """

    recording: str
    segments: tuple[Segment, ...]
    dialect: str
    notes: tuple[str, ...] = ()
    whole: Any = field(default=None, compare=False, repr=False)

    @property
    def words(self) -> tuple[Word, ...]:
        """All words in order."""
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def annotation(self) -> Annotation:
        """The segments as turns with a text; those without a time or a speaker are left out."""
        return Annotation(self.recording, tuple(turn for turn, _ in self.turns))

    @property
    def turns(self) -> list[tuple[Turn, Segment]]:
        """The same turns in the same order, each with its segment."""
        found = [
            (Turn(*span, each.speaker, _mean_confidence(each), text=each.said or None), each)
            for each in self.segments
            if (span := _span(each.start, each.end)) and each.speaker
        ]
        return sorted(found, key=lambda pair: (pair[0].start, pair[0].end, pair[0].speaker))

    @property
    def spoken(self) -> Annotation:
        """The words as turns with a text, in the same way."""
        turns = [
            Turn(*span, word.speaker, word.confidence, text=word.text)
            for word in self.words
            if (span := _span(word.start, word.end)) and word.speaker
        ]
        return Annotation(self.recording, tuple(turns))


def _span(start: float | None, end: float | None) -> tuple[float, float] | None:
    """An interval for writing: not before 0 and not empty."""
    if start is None or end is None:
        return None
    low = max(0.0, start)
    return low, max(end, low + SHORTEST)


def _mean_confidence(segment: Segment) -> float | None:
    """Mean confidence of the words that have one."""
    known = [word.confidence for word in segment.words if word.confidence is not None]
    return sum(known) / len(known) if known else None
