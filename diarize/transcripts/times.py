"""Times of words: missing or impossible times are estimated, with a note."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diarize.transcripts.values import Segment, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["estimate_times", "list_known_times"]


def estimate_times(transcript: Transcript, duration: float | None = None) -> Transcript:
    """The transcript with a start and an end for every word and segment, and notes about corrections.

    Words without times share the time between their neighbours, or that of their segment, in proportion to
    their characters. Times before 0 become 0, and an end before its start becomes that start.
    ``duration``: seconds of the recording; words beyond it stay where they are.
    """
    found = [
        _time_segment(segment, *_available_time(transcript.segments, i))
        for i, segment in enumerate(transcript.segments)
    ]
    whole = replace(transcript, segments=tuple(found))
    return replace(whole, notes=(*transcript.notes, *_notes(transcript, whole, duration)))


def _available_time(segments: Sequence[Segment], i: int) -> tuple[float, float]:
    """The available time of a segment: its own times, or else the gap between known times around it."""
    if own := list_known_times(segments[i]):
        return min(own), max(own)
    before = max((t for each in segments[:i] for t in list_known_times(each)), default=0.0)
    later = (t for each in segments[i + 1 :] for t in list_known_times(each) if t >= before)
    return before, min(later, default=before)


def list_known_times(segment: Segment) -> list[float]:
    """Seconds of a segment and of its words, as far as there are any."""
    times = [segment.start, segment.end, *(t for word in segment.words for t in (word.start, word.end))]
    return [t for t in times if t is not None]


def _time_segment(segment: Segment, low: float, high: float) -> Segment:
    start = max(0.0, low if segment.start is None else segment.start)
    end = max(start, high if segment.end is None else segment.end)
    words = _time_words(segment.words, start, end)
    return replace(segment, words=tuple(words), start=start, end=end)


def _time_words(words: Sequence[Word], start: float, end: float) -> list[Word]:
    """Spread runs of words without times between words with times."""
    found: list[Word] = []
    run: list[Word] = []
    for word in words:
        if word.start is None and word.end is None:
            run.append(word)
            continue
        known = _complete(word)
        found += _spread(run, found[-1].end if found else start, known.start)
        found.append(known)
        run = []
    return found + _spread(run, found[-1].end if found else start, end)


def _complete(word: Word) -> Word:
    """The word with both times, in order and not before 0; without an end its length is 0."""
    start = word.end if word.start is None else word.start
    end = start if word.end is None else word.end
    low = max(0.0, start or 0.0)
    return replace(word, start=low, end=max(low, end or 0.0), estimated=None in (word.start, word.end))


def _spread(words: Sequence[Word], start: float | None, end: float | None) -> list[Word]:
    """Words in sequence between two times, with lengths in proportion to their characters."""
    low = start or 0.0
    room = max(0.0, (end or 0.0) - low)
    total = sum(len(word.text) for word in words) or 1
    found, reached = [], 0
    for word in words:
        begin, reached = reached, reached + len(word.text)
        times = (low + room * begin / total, low + room * reached / total)
        found.append(replace(word, start=times[0], end=times[1], estimated=True))
    return found


def _notes(given: Transcript, whole: Transcript, duration: float | None) -> list[str]:
    words = list(zip(given.words, whole.words, strict=True))
    by_segment = all(word.start is None for word in given.words)
    counts = {
        "without a time: estimated from their neighbours": 0 if by_segment else sum(
            old.start is None or old.end is None for old, _ in words
        ),
        "before the start of the recording": sum(
            min((t for t in (old.start, old.end) if t is not None), default=0.0) < 0 for old, _ in words
        ),
        "beyond the end of the recording: given to the nearest turn": 0 if duration is None else sum(
            (new.start or 0.0) >= duration for _, new in words
        ),
        "that end before they start": sum(
            old.start is not None and old.end is not None and old.end < old.start for old, _ in words
        ),
    }  # fmt: skip
    notes = [f"{n} word{'s' * (n > 1)} {what}" for what, n in counts.items() if n]
    if by_segment and words:
        notes.append("no times of words: estimated from those of the segments, in proportion to characters")
    return notes
