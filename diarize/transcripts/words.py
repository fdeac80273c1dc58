"""Words from text, and segments from words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from diarize.transcripts.values import Segment, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["parse_seconds", "segment_of_text", "segments_of_words", "split_text"]

APART: Final = 1.0  # seconds without a word that end a segment where the file has none
LONGEST: Final = 1e9  # seconds
# In scripts without blanks, every character is a word.
_WORD = re.compile(
    r"(\s*)([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][\u3001\u3002\uff01-\uff1f]*|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)"
)
_ENDS = (".", "?", "!", "。", "？", "！")


def parse_seconds(value: Any) -> float | None:
    """Seconds from a JSON field; None for anything but a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < LONGEST else None


def split_text(text: str) -> tuple[Word, ...]:
    """The words of a text, without times."""
    return tuple(Word(word, before=" " if blank else "") for blank, word in _WORD.findall(f" {text}"))


def segment_of_text(text: str, start: float, end: float, speaker: str | None) -> Segment:
    """A segment without times of words."""
    return Segment(split_text(text), start, end, speaker=speaker, text=text)


def segments_of_words(words: Sequence[Word]) -> Iterator[Segment]:
    """Group words into sentences, which end at punctuation, at a change of speaker, and at pauses."""
    run: list[Word] = []
    for word in words:
        if run and _is_break(run[-1], word):
            yield _segment(run)
            run = []
        run.append(word)
    if run:
        yield _segment(run)


def _is_break(one: Word, other: Word) -> bool:
    pause = one.end is not None and other.start is not None and other.start - one.end >= APART
    return pause or one.speaker != other.speaker or one.text.rstrip("\"'”’»)").endswith(_ENDS)


def _segment(words: Sequence[Word]) -> Segment:
    return Segment(tuple(words), words[0].start, words[-1].end, speaker=words[0].speaker)
